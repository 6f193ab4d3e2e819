"""`omni look --model`: pulled weights, a backend or a folder; what is none of them is told in one line."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from assistant.cli import main
from assistant.config import ConfigError
from assistant.naming import chosen, given
from pipelines.captioners.families import backend_for
from pipelines.captioners.openai import OpenAi
from tests.commands import one_line
from tests.photos import home, photo
from tests.shelves import lay, use

__all__ = ["home", "photo"]


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("model", "complaint"),
    [
        ("eye", "did you mean eyes?"),
        ("talk", "is a chat, it cannot look at pictures"),
        ("omnivision", "the weights 'omnivision' are not here: omni models pull omnivision"),
        ("smolvlm-256m", "omni models pull smolvlm-256m"),
        ("./nowhere", "there is no file or folder ./nowhere"),
        ("no_such_module:Model", "cannot be imported"),
    ],
)
def test_a_model_that_is_not_to_be_had(
    photo: str, capsys: pytest.CaptureFixture[str], model: str, complaint: str
) -> None:
    assert complaint in one_line(capsys, main(["look", photo, "What?", "--model", model]))


def test_only_what_can_look_is_listed(home: Path, photo: str, capsys: pytest.CaptureFixture[str]) -> None:
    lay(home, "people")
    told = one_line(capsys, main(["look", photo, "What?", "--model", "nonsense"]))
    listed = told.partition("there are ")[2].split(", ")
    assert {"eyes", "hf", "smolvlm-256m"} <= set(listed)
    assert not {"people", "smollm2", "talk"} & set(listed)


@pytest.mark.usefixtures("home")
def test_a_backend_can_be_named_for_a_folder(photo: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    named = ["--model", str(tmp_path), "--backend", "tests.shelves:Watcher"]
    assert main(["look", photo, "What?", *named]) == 0
    assert f"{tmp_path} of 200" in capsys.readouterr().out
    line = one_line(capsys, main(["look", photo, "What?", "--backend", "tests.shelves:Watcher"]))
    assert "lacks weights: add --model FOLDER" in line


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("config", "complaint"),
    [
        (None, "is no checkpoint"),
        ({"model_type": "qwen2"}, "(qwen2) is a language model and cannot see: use it as [chat]"),
        ({"model_type": "mystery"}, "no captioner is known for the model type 'mystery': name its backend"),
        ({"model_type": "smolvlm"}, ""),
        ({"model_type": "ovis"}, ""),
        ({"model_type": "omnilmm"}, ""),
    ],
)
def test_a_folder_that_is_no_checkpoint_of_a_model_that_looks(
    photo: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], config: object, complaint: str
) -> None:
    pytest.importorskip("transformers", reason="the neural extra is not installed")
    (folder := tmp_path / "checkpoint").mkdir()
    if config is not None:
        (folder / "config.json").write_text(json.dumps(config))
    assert complaint in one_line(capsys, main(["look", photo, "What?", "--model", str(folder)]))


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A small checkpoint of each family, of random weights."""
    pytest.importorskip("transformers", reason="the neural extra is not installed")
    made = {}
    for name in ("hf", "moondream", "omnilmm", "omnivision", "ovis"):
        made[name] = tmp_path_factory.mktemp(name)
        importlib.import_module(f"tests.small.captioner_{name}").make(made[name])
    return made


@pytest.mark.parametrize("name", ["hf", "moondream", "omnilmm", "omnivision", "ovis"])
def test_a_folder_tells_its_own_backend(checkpoints: dict[str, Path], name: str) -> None:
    assert backend_for(checkpoints[name]) == name


@pytest.mark.usefixtures("home")
def test_a_folder_of_weights_answers(
    checkpoints: dict[str, Path], photo: str, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["look", photo, "What is it?", "--max-tokens", "6", "--json", "--model", str(checkpoints["hf"])]
    assert main(asked) == 0
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert told["model"] == checkpoints["hf"].name
    assert told["answer"]


def test_moondream_finds_the_tokenizer_that_was_pulled_beside_it(checkpoints: dict[str, Path], tmp_path: Path) -> None:
    from pipelines.captioners.moondream import MoondreamOptions

    shutil.copytree(checkpoints["moondream"], tmp_path / "moondream2")
    (tmp_path / "starmie-v1").mkdir()
    (tmp_path / "moondream2" / "tokenizer.json").rename(tmp_path / "starmie-v1" / "tokenizer.json")
    assert MoondreamOptions(weights=str(tmp_path / "moondream2"), threads=1, device="cpu").load()


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("command", ["look", "chat"])
@pytest.mark.parametrize("how", ["--model", "--backend"])
@pytest.mark.parametrize(
    ("backend", "advice"),
    [
        ("openai", "add --option url=http://127.0.0.1:11434/v1 --option model=llava"),
        ("nexa-ws", "add --option url=ws://127.0.0.1:8000/ws/process-image/"),
    ],
)
def test_a_server_is_told_by_options_and_the_advice_can_be_followed(
    photo: str, capsys: pytest.CaptureFixture[str], command: str, how: str, backend: str, advice: str
) -> None:
    line = one_line(capsys, main([command, photo, how, backend]))
    assert line.endswith(advice)
    assert chosen(backend, None, given(advice.split()[2::2])).load()


def test_a_model_on_a_server_may_be_named_as_a_model() -> None:
    options = chosen("llava", "openai", given(["url=http://127.0.0.1:9/v1"]))
    assert isinstance(options, OpenAi)
    assert options.model == "llava"


def test_a_backend_that_knows_one_model_only_takes_no_other() -> None:
    with pytest.raises(ConfigError, match="--backend embedded: takes no --model: leave one of the two"):
        chosen("llava", "embedded", {})


def test_options_are_numbers_truths_tables_or_words() -> None:
    told = given(
        ["a=1", "b=0.5", "c=true", 'd="1"', "e=qwen2.5:7b", "f=2025-06-21", "g=[1, 2]", "h=", "i=a=b", "j=1\nk=2"]
    )
    assert told == {
        "a": 1, "b": 0.5, "c": True, "d": "1", "e": "qwen2.5:7b", "f": "2025-06-21",
        "g": [1, 2], "h": "", "i": "a=b", "j": "1\nk=2",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("option", "complaint"),
    [
        ("max_side", "--option max_side: is no KEY=VALUE"),
        ("=5", "--option =5: is no KEY=VALUE"),
        ("answer=[]", "answer: unknown key; did you mean answers?"),
        ("answers=5", 'answers: should be a list, as in ["a", "b"], not 5'),
    ],
)
@pytest.mark.usefixtures("home")
def test_an_option_that_is_none(photo: str, capsys: pytest.CaptureFixture[str], option: str, complaint: str) -> None:
    assert complaint in one_line(capsys, main(["look", photo, "What?", "--model", "eyes", "-o", option]))


@pytest.mark.usefixtures("home")
def test_options_go_to_pulled_weights_and_to_what_is_chosen(
    home: Path, photo: str, capsys: pytest.CaptureFixture[str]
) -> None:
    lay(home, "other", use("captioner", "Watcher", 9))
    assert main(["look", photo, "What?", "--model", "eyes", "-o", 'answers=["hello"]']) == 0
    assert capsys.readouterr().out == "hello\n"
    assert main(["look", photo, "What?", "-o", "prefer=eyes"]) == 0
    assert capsys.readouterr().out.startswith("eyes of")


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    "asked", [["look", "~nobodyatall/a.png", "What?"], ["look", "PHOTO", "What?", "--model", "~nobodyatall/weights"]]
)
def test_a_home_of_nobody(photo: str, capsys: pytest.CaptureFixture[str], asked: list[str]) -> None:
    named = [photo if word == "PHOTO" else word for word in asked]
    assert "~nobodyatall/" in one_line(capsys, main(named))


def test_weights_in_a_home_of_nobody(
    photo: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMNI_HOME", "~nobodyatall/weights")
    line = one_line(capsys, main(["look", photo, "What?"]))
    assert line == "omni: OMNI_HOME is ~nobodyatall/weights, but nobody here is called so: give the whole path"


@pytest.mark.usefixtures("home")
def test_a_configuration_that_is_nested_beyond_reason(
    photo: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "config.json").write_text("[" * 200_000)
    line = one_line(capsys, main(["look", photo, "What?", "--model", str(tmp_path)]))
    assert "config.json cannot be read" in line


class Empty:
    """What transformers has instead of a module, where torch is too old for it."""

    def __getattr__(self, name: str) -> Any:
        raise ImportError("modeling_auto requires PyTorch\nPlease install it\n")


@pytest.mark.usefixtures("home")
def test_transformers_without_a_torch_that_it_can_use(
    photo: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    auto = pytest.importorskip("transformers.models.auto", reason="the neural extra is not installed")
    monkeypatch.setattr(auto, "modeling_auto", Empty(), raising=False)
    (tmp_path / "config.json").write_text('{"model_type": "smolvlm"}')
    line = one_line(capsys, main(["look", photo, "What?", "--model", str(tmp_path)]))
    assert line == "omni: needs torch and transformers: pip install 'omni-assistant[neural]'"


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("absent", ["torch", "transformers", "safetensors", "jinja2"])
def test_what_a_model_needs_is_looked_for_before_it_is_loaded(
    photo: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, absent: str
) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "smolvlm"}')
    there = importlib.machinery.ModuleSpec("there", None)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == absent else there)
    for named in (["--backend", "hf"], ["--model", str(tmp_path)]):
        line = one_line(capsys, main(["look", photo, "What?", *named]))
        assert line == f"omni: needs {absent}: pip install 'omni-assistant[neural]'"
