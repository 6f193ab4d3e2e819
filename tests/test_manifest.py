"""The manifest: what is shipped is whole and usable, and a mistake in one of one's own is named with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant import manifest, models
from pipelines import pulled
from pipelines.backends import REGISTRY, BackendError
from tests.pulls import REPOSITORY
from tests.test_models import home

__all__ = ["home"]


def test_the_shipped_manifest_brings_what_the_embedded_assistant_needs() -> None:
    shipped = manifest.load(REPOSITORY / "configs" / "models.toml")
    assert shipped.members("embedded") == ("people", "smollm2")
    assert all(shipped.models[name].licence == "Apache-2.0" for name in shipped.members("embedded"))
    assert all(one.purpose.endswith(".") for one in shipped.models.values())


def test_every_shipped_use_names_a_backend_that_takes_it() -> None:
    shipped = manifest.read()
    for name, one in shipped.models.items():
        for use in one.use:
            assert REGISTRY[use.kind][use.backend]
            assert one.memory
            assert pulled.options(use, name).model_dump()["weights"] == name


def test_the_desktop_group_brings_eyes_ears_a_chat_and_a_voice() -> None:
    shipped = manifest.read()
    for group in ("desktop", "desktop-zh"):
        kinds = {use.kind for name in shipped.members(group) for use in shipped.models[name].use}
        assert kinds == {"captioner", "turn", "transcriber", "chat", "voice"}


def test_what_belongs_together_is_pulled_together() -> None:
    assert manifest.read().members("moondream2") == ("moondream2", "starmie-v1")


@pytest.mark.parametrize(
    ("good", "bad", "complaint"),
    [
        ("licence", "license", r"models\.a\.licence: field required"),
        ("purpose", "color = 1\npurpose", r"models\.a\.color: unknown key"),
        ("size = 10", 'size = "big"', r"models\.a\.size: input should be a valid integer"),
        ("path", "pfad", r"models\.a\.file\.files\.0\.path: field required"),
        ("[models.a.file]", "[models.a.ftp]", r"models\.a\.ftp: unknown key"),
        ('sha256 = "', 'sha256 = "x', r"models\.a\.file\.files\.0\.sha256: string should match"),
        ("size = 16", 'name = "../up", size = 16', r"models\.a\.file\.files\.0\.name: string should match"),
        ("size = 16", 'name = "manifest.json", size = 16', r"models\.a: .*give them a `name`"),
        ("kept = 10", 'kept = 10\nconvert = "gguf"', r"models\.a: .*takes exactly one \.gguf file"),
        ("[models.a]", "[models.a", "Expected"),
        ("kept = 10", "kept = " + "[" * 5000, "is nested too deeply: write it flatter"),
        ("kept = 10", 'along = ["z"]', r"models\.a\.along: no model is called 'z'"),
        ("[models.a.file]", '[models.a.hub]\nrepo="x/y"\nrevision="main"', r"models\.a\.hub: .*full commit hash"),
        ('pair = ["a", "b"]', 'pair = ["a", "c"]', r"groups\.pair: no model is called 'c'"),
        ('pair = ["a", "b"]', 'a = ["b"]', r"groups\.a: is a model's name too"),
    ],
)
def test_a_mistake_in_a_manifest_of_one_s_own_is_named(home: Path, good: str, bad: str, complaint: str) -> None:
    own = home / "models.toml"
    text = own.read_text()
    assert good in text
    own.write_text(text.replace(good, bad, 1))
    with pytest.raises(models.WeightsError, match=complaint) as caught:
        models.list_models()
    assert "models.toml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_home_of_somebody_unknown_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMNI_HOME", "~nobody-of-that-name/models")
    with pytest.raises(BackendError, match=r"OMNI_HOME is .*: give the whole path"):
        models.list_models()
