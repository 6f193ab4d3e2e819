"""Folders that hold no image-text model, or one that cannot be used: each is told in one line that says what to do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipelines import room
from pipelines.backends import BackendError
from tests import tiny, vlms
from tests.vlms import loaded

pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")


def refused(folder: Path) -> str:
    with pytest.raises(BackendError) as caught:
        loaded(folder)
    line = str(caught.value)
    assert "\n" not in line
    return line


def test_a_folder_that_is_no_checkpoint(tmp_path: Path) -> None:
    assert "holds no config.json" in refused(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "llava"}))
    assert "no *.safetensors" in refused(tmp_path)


def test_a_text_model_cannot_see(tmp_path: Path) -> None:
    line = refused(tiny.chat_checkpoint(tmp_path / "qwen2.5-0.5b"))
    assert line == "'qwen2.5-0.5b' (qwen2) is a language model and cannot see: use it as [chat]"


def test_a_truncated_file(tmp_path: Path) -> None:
    weights = vlms.llava(tmp_path / "llava") / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-5000])
    assert "is damaged or no checkpoint, pull it anew" in refused(weights.parent)


def test_weights_with_a_hole(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    weights = vlms.llava(tmp_path / "llava") / "model.safetensors"
    given = load_file(weights)
    given.pop(next(name for name in given if name.endswith("linear_1.weight")))
    save_file(given, weights, {"format": "pt"})
    assert "lack 1 tensors" in refused(weights.parent)


def test_a_processor_that_needs_what_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def lacking(*_: Any, **more: Any) -> None:
        raise ImportError("it requires torchvision")

    monkeypatch.setattr(transformers.AutoImageProcessor, "from_pretrained", lacking)
    assert "need more to read pictures: ImportError: it requires torchvision" in refused(
        vlms.qwen2_5_vl(tmp_path / "qwen")
    )


def test_a_model_that_takes_no_questions(tmp_path: Path) -> None:
    folder = vlms.llava(tmp_path / "llava")
    (folder / "chat_template.jinja").unlink()
    assert "no chat template: choose an instruct model" in refused(folder)


def test_a_model_too_large_for_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "free", lambda: room.SPARE + 1000)
    assert "of memory" in refused(vlms.llava(tmp_path / "llava"))


def test_a_template_that_refuses_the_talk(tmp_path: Path) -> None:
    folder = vlms.llava(tmp_path / "llava")
    (folder / "chat_template.jinja").write_text("{{ raise_exception('no pictures, please') }}")
    assert "own chat template does not take the prompt: TemplateError: no pictures, please" in refused(folder)
