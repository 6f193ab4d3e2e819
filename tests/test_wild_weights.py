"""Weights whose config.json describes what no model is: refused in one line, before any memory is taken for it."""

from __future__ import annotations

import importlib
import json
import pickle
import warnings
from pathlib import Path
from typing import Any

import pytest

from pipelines import backends, checkpoints, plausible
from pipelines.backends import BackendError
from tests import tiny

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

WILD: list[tuple[str, dict[str, Any], str]] = [
    ("hf", {"text_config": {"num_hidden_layers": 10**6}}, "num_hidden_layers is 1000000, not a number from 0 to 1000"),
    ("hf", {"text_config": {"vocab_size": 10**9}}, "vocab_size is 1000000000"),
    ("hf", {"text_config": {"num_attention_heads": 0}}, "num_attention_heads is 0, not a number from 1"),
    ("hf", {"text_config": {"hidden_size": "x"}}, "hidden_size is 'x', not a number"),
    ("hf", {"text_config": {"max_position_embeddings": -5}}, "max_position_embeddings is -5"),
    ("hf", {"vision_config": {"patch_size": 0}}, "patch_size is 0"),
    ("hf", {"text_config": {"vocab_size": 10**6}}, "describes a model of"),
    ("omnilmm", {"query_num": 9999}, "9999 rows of 128 numbers, the weights have \\(4, 128\\)"),
    ("omnilmm", {"image_size": 9999}, "image_size of 9999"),
    ("omnilmm", {"num_hidden_layers": 900, "hidden_size": 128}, "describes a model of"),
    ("omnilmm", {"vocab_size": 10**7}, "describes a model of"),
    ("omnilmm", {"dim_model_base": 0}, "dim_model_base is 0"),
    ("omnivision", {"text_config": {"vocab_size": 10**7}}, "describes a model of"),
    ("omnivision", {"vision_config": {"num_attention_heads": 0}}, "num_attention_heads is 0"),
    ("ovis", {"llm_config": {"sliding_window": -1}}, "sliding_window of -1: pull the weights anew"),
    ("ovis", {"llm_config": {"head_dim": 0}}, "head_dim is 0"),
    ("moondream", {"config": {"text": {"max_context": -5}}}, "max_context is -5"),
]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A small checkpoint of each family."""
    folders = {}
    for name in sorted({backend for backend, *_ in WILD}):
        folders[name] = tmp_path_factory.mktemp(name)
        importlib.import_module(f"tests.small.captioner_{name}").make(folders[name])
    return folders


def with_config(folder: Path, source: Path, changes: dict[str, Any]) -> Path:
    """The same checkpoint with other words in its config.json."""
    folder.mkdir(exist_ok=True)
    for file in source.iterdir():
        if file.name != "config.json" and not (folder / file.name).exists():
            (folder / file.name).symlink_to(file)
    told = json.loads((source / "config.json").read_text())
    for name, value in changes.items():
        told[name] = told.get(name, {}) | value if isinstance(value, dict) else value
    (folder / "config.json").write_text(json.dumps(told))
    return folder


def refused(backend: str, folder: Path, kind: backends.Kind = "captioner") -> str:
    with pytest.raises(BackendError) as caught:
        backends.load(backends.find(kind, backend).model_validate({"weights": str(folder), "threads": 1}), kind)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(("backend", "changes", "said"), WILD)
def test_what_no_model_is_gets_refused(
    backend: str, changes: dict[str, Any], said: str, made: dict[str, Path], tmp_path: Path
) -> None:
    line = refused(backend, with_config(tmp_path / "wild", made[backend], changes))
    with pytest.raises(BackendError, match=said):
        raise BackendError(line)
    assert "pull" in line


def test_a_type_alone_does_not_stand_for_billions_of_numbers(made: dict[str, Path], tmp_path: Path) -> None:
    folder = with_config(tmp_path / "wild", made["hf"], {})
    (folder / "config.json").write_text('{"model_type": "llava"}')
    assert "describes a model of 7062902784 numbers" in refused("hf", folder)


def test_a_chat_model_is_held_to_the_same(tmp_path: Path) -> None:
    folder = tiny.chat_checkpoint(tmp_path / "chat")
    for changes, said in (({"vocab_size": 10**6}, "describes a model of"), ({"num_attention_heads": 0}, "is 0, not a")):
        assert said in refused("transformers", with_config(tmp_path / said, folder, changes), "chat")


def test_a_gguf_file_is_held_to_the_same(tmp_path: Path) -> None:
    gguf = pytest.importorskip("gguf")
    writer = gguf.GGUFWriter(tmp_path / "words.gguf", "qwen2")
    writer.add_block_count(10**6)
    for write in (writer.write_header_to_file, writer.write_kv_data_to_file, writer.write_tensors_to_file):
        write()
    writer.close()
    with pytest.raises(BackendError, match=r"words\.gguf is damaged, pull it anew: block_count is 1000000"):
        checkpoints.parameters(tmp_path / "words.gguf")


def test_ordinary_sizes_pass_and_none_says_nothing(tmp_path: Path) -> None:
    told = {"vocab_size": 262144, "head_dim": None, "image_size": [336, 448], "depth": 0, "sections": [{"depth": 27}]}
    plausible.sane(told | {"max_position_embeddings": 10485760, "rope_theta": 10**9}, tmp_path)
    with pytest.raises(BackendError, match="depth is 2000"):
        plausible.sane({"sections": [[{"depth": 2000}]]}, tmp_path)


def test_rows_that_two_layers_share_are_held_once() -> None:
    words = tiny.tokenizer()
    model = tiny.decoder("Qwen2", words, tie_word_embeddings=True)
    held = sum(parameter.numel() for parameter in model.parameters())
    from pipelines.language.causal import as_held

    as_held(type(model), model.config, held, "it")
    with pytest.raises(BackendError, match="describes a model of"):
        as_held(type(model), model.config, held - 1_000_000 - held // 2, "it")


@pytest.mark.parametrize("deep", ['{"a":' * 50_000, "[" * 50_000, "{", "null"])
def test_a_configuration_that_cannot_be_read(deep: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(deep)
    with pytest.raises(BackendError, match="pull it anew"):
        checkpoints.config(tmp_path)


class Opener:
    """What runs something when a pickle is opened."""

    def __reduce__(self) -> Any:
        return print, ("opened",)


def test_a_file_that_holds_more_than_numbers_is_not_opened(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.save({"x": Opener()}, tmp_path / "pytorch_model.bin")
    with pytest.raises(BackendError, match=r"holds more than numbers and is not opened: pull safetensors instead$"):
        list(checkpoints.tensors(tmp_path))
    (tmp_path / "pytorch_model.bin").write_bytes(pickle.dumps(Opener()))
    with pytest.raises(BackendError, match=r"not opened|no checkpoint"):
        list(checkpoints.tensors(tmp_path))
    assert "opened" not in capsys.readouterr().out


@pytest.mark.parametrize("held", [[1], {"x": 5}])
def test_a_file_that_holds_no_tensors_by_name(held: Any, tmp_path: Path) -> None:
    torch.save(held, tmp_path / "pytorch_model.bin")
    with pytest.raises(BackendError, match="no checkpoint, pull it anew"):
        list(checkpoints.tensors(tmp_path))


def test_an_omnilmm_without_any_tokenizer_says_so(made: dict[str, Path], tmp_path: Path) -> None:
    folder = with_config(tmp_path / "mute", made["omnilmm"], {})
    (folder / "tokenizer.json").unlink()
    assert "holds no tokenizer.json and no tokenizer.model: pull it anew" in refused("omnilmm", folder)


def test_a_model_without_its_tokenizer_says_so_to_the_end(made: dict[str, Path], tmp_path: Path) -> None:
    folder = with_config(tmp_path / "mute", made["hf"], {})
    (folder / "tokenizer.json").unlink()
    assert refused("hf", folder).endswith("pull them anew: its tokenizer has no file that can be read")


def test_what_torch_warns_of_is_no_news(made: dict[str, Path], tmp_path: Path) -> None:
    folder = with_config(tmp_path / "empty", made["hf"], {"scale_factor": 0})
    with warnings.catch_warnings(action="error"):
        assert "pull them anew: ZeroDivisionError" in refused("hf", folder)
