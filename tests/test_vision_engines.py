"""Compiled vision towers: as like the original as eight bits allow, kept between starts, never taken for another's."""

from __future__ import annotations

import importlib
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from devices.media import Frame
from pipelines import backends
from pipelines.backends import BackendError, Look

torch = pytest.importorskip("torch")

from pipelines.vision import choice, compiled  # noqa: E402
from pipelines.vision.choice import Wanted, vision_engine  # noqa: E402
from pipelines.vision.compiled import CompiledVision, cosine, fingerprint, scenes  # noqa: E402
from pipelines.vision.engines import TorchVision, Tower, Values, finish, quietly, values  # noqa: E402
from pipelines.vision.eva02 import Eva02, EvaShape  # noqa: E402
from pipelines.vision.vit import Vit, VitShape  # noqa: E402

SHAPE = VitShape(width=64, hidden=160, layers=6, heads=4, image=56, patch=14)
COMPILED: list[Wanted] = ["onnx", "openvino"]
LAYERS = {"openvino": 2}
"""Its quantiser takes seconds for each piece."""


def tower(layers: int = SHAPE.layers) -> Vit:
    torch.manual_seed(0)
    return Vit(replace(SHAPE, layers=layers)).eval().requires_grad_(False)


def pixels(count: int = 2) -> Values:
    return np.concatenate([values(scene) for scene in scenes(SHAPE.image, count)])


def engine(tower: Tower, wanted: Wanted, cache: Path) -> Any:
    if wanted in COMPILED:
        for name in choice.NEEDS[wanted]:
            pytest.importorskip(name)
    return vision_engine(tower, wanted, 1, cache)


def pieces(cache: Path) -> list[Path]:
    return sorted(file for file in cache.rglob("*") if file.is_file())


@pytest.mark.parametrize("wanted", ["int8", *COMPILED])
def test_an_engine_of_8_bits_sees_what_torch_sees(wanted: Wanted, tmp_path: Path) -> None:
    layers = LAYERS.get(wanted, SHAPE.layers)
    expected = finish(TorchVision(tower(layers), 1).features(pixels()))
    seen = finish(engine(tower(layers), wanted, tmp_path).features(pixels()))
    assert seen.shape == expected.shape == (2, SHAPE.grid**2, SHAPE.width)
    assert all(cosine(one, other) > 0.999 for one, other in zip(seen, expected, strict=True))
    assert cosine(seen[0], expected[1]) < 0.99, "the two pictures differ"


@pytest.mark.parametrize("wanted", ["int8", "onnx"])
@pytest.mark.parametrize("family", ["eva02", "before the last norm", "exact gelu"])
def test_the_towers_of_all_families_run_in_8_bits(family: str, wanted: Wanted, tmp_path: Path) -> None:
    torch.manual_seed(0)
    shapes = {"before the last norm": replace(SHAPE, final_norm=False), "exact gelu": replace(SHAPE, gelu="none")}
    mine: Tower = Eva02(EvaShape(64, 160, 6, 4, 56)) if family == "eva02" else Vit(shapes[family])
    expected = finish(TorchVision(mine, 1).features(pixels(1)))
    seen = finish(engine(mine, wanted, tmp_path).features(pixels(1)))
    assert seen.shape == expected.shape
    assert cosine(seen, expected) > 0.999


def test_it_pauses_between_pieces_for_what_is_more_urgent(tmp_path: Path) -> None:
    pauses = sum(1 for _ in engine(tower(), "onnx", tmp_path).features(pixels(2)))
    assert pauses == 2 * len(range(0, SHAPE.layers, compiled.BLOCKS))


@pytest.mark.parametrize("wanted", COMPILED)
def test_a_tower_is_compiled_once_and_anew_where_its_files_are_damaged(wanted: Wanted, tmp_path: Path) -> None:
    layers = LAYERS.get(wanted, SHAPE.layers)
    first = finish(engine(tower(layers), wanted, tmp_path).features(pixels(1)))
    made = {file: file.stat().st_mtime_ns for file in pieces(tmp_path)}
    again = finish(engine(tower(layers), wanted, tmp_path).features(pixels(1)))
    assert {file: file.stat().st_mtime_ns for file in pieces(tmp_path)} == made
    np.testing.assert_array_equal(again, first)

    damaged = next(file for file in made if file.suffix in (".onnx", ".xml"))
    damaged.write_bytes(damaged.read_bytes()[:-200])
    mended = finish(engine(tower(layers), wanted, tmp_path).features(pixels(1)))
    np.testing.assert_allclose(mended, first, atol=1e-5)
    assert set(pieces(tmp_path)) == set(made), "nothing half-made is left behind"


def test_other_weights_never_use_the_files_of_these(tmp_path: Path) -> None:
    mine, other = tower(), tower()
    with torch.no_grad():
        other.blocks[5].mlp.fc2.bias[3] += 0.5
    assert fingerprint(mine) == fingerprint(tower()) != fingerprint(other)
    finish(engine(mine, "onnx", tmp_path).features(pixels(1)))
    seen = finish(engine(other, "onnx", tmp_path).features(pixels(1)))
    assert cosine(seen, finish(TorchVision(other, 1).features(pixels(1)))) > 0.999
    assert len(list(tmp_path.iterdir())) == 2


def test_weights_that_8_bits_do_not_suit_are_refused_and_that_is_kept_in_mind(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(compiled, "ALIKE", 1.1)
    with pytest.raises(BackendError, match=r'lose too much .*: set vision = "torch"'):
        engine(tower(), "onnx", tmp_path)
    (mark,) = pieces(tmp_path)
    assert mark.suffix == ".refused"
    monkeypatch.setattr(compiled, "ALIKE", 0.5)
    monkeypatch.setattr(compiled, "_make", lambda *_: pytest.fail("it is compiled once more"))
    monkeypatch.setattr(choice, "LARGE", 1)
    monkeypatch.setattr(choice, "QUICK", 0.0)
    chosen = vision_engine(tower(), "auto", 1, tmp_path)
    assert isinstance(chosen, TorchVision)
    assert chosen.notice.startswith("Pictures take longer than they could: compiled for onnx these weights lose too m")
    assert "\n" not in chosen.notice


def test_auto_compiles_large_towers_that_are_slow_in_torch(tmp_path: Path, monkeypatch: Any) -> None:
    pytest.importorskip("onnx")
    monkeypatch.setattr(choice, "QUICK", 0.0)
    assert isinstance(vision_engine(tower(), "auto", 1, tmp_path), TorchVision), "it is small"
    monkeypatch.setattr(choice, "LARGE", 1)
    made = vision_engine(tower(), "auto", 1, tmp_path)
    assert isinstance(made, CompiledVision)
    assert made.notice == ""
    monkeypatch.setattr(choice, "HUGE", 2)
    assert isinstance(vision_engine(tower(), "auto", 1, tmp_path), TorchVision), "it is huge"


def test_auto_leaves_a_large_tower_in_torch_where_that_is_quick(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(choice, "LARGE", 1)
    assert 0 < choice.seconds_in_torch(tower(), 1) < choice.QUICK
    assert isinstance(vision_engine(tower(), "auto", 1, tmp_path), TorchVision)
    assert not pieces(tmp_path)


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(BackendError, match="the compiled model cannot be kept in"):
        engine(tower(), "onnx", tmp_path / "file")


def test_an_absent_runtime_is_told_with_the_install_line(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setitem(choice.NEEDS, "openvino", ("no_such_package",))
    with pytest.raises(BackendError, match=r"needs no_such_package: pip install 'omni-assistant\[openvino\]'"):
        vision_engine(tower(), "openvino", 1, tmp_path)


def test_among_pieces_of_text_work_pauses_with_empty_ones_and_ends_where_it_is_left() -> None:
    left: list[bool] = []

    def work() -> Generator[None, None, int]:
        try:
            yield
            yield
        finally:
            left.append(True)
        return 7

    assert finish(quietly(work())) == 7
    pieces = quietly(work())
    assert next(pieces) == ""
    left.clear()
    pieces.close()
    assert left == [True]


@pytest.mark.parametrize("family", ["moondream", "omnilmm", "omnivision", "ovis"])
def test_every_family_sees_with_the_engine_that_is_wanted(family: str, tmp_path: Path, monkeypatch: Any) -> None:
    for name in (*choice.NEEDS["onnx"], "transformers"):
        pytest.importorskip(name)
    monkeypatch.setenv("OMNI_HOME", str(tmp_path / "home"))
    told = importlib.import_module(f"tests.small.captioner_{family}").make(tmp_path)
    model = backends.load(backends.find("captioner", family)(**told, vision="onnx"), "captioner")
    picture = np.random.default_rng(0).integers(0, 255, (60, 80, 3), np.uint8)
    assert "" in list(model.look(Look(Frame(picture, 0.0, "desk"), "what is it")))
    assert pieces(tmp_path / "home" / "compiled")


def test_why_a_tower_was_not_compiled_is_told_at_the_start(tmp_path: Path, monkeypatch: Any) -> None:
    pytest.importorskip("transformers")
    monkeypatch.setattr(choice, "LARGE", 1)
    monkeypatch.setattr(choice, "QUICK", 0.0)
    monkeypatch.setattr(choice.weights, "compiled", lambda: tmp_path / "compiled")
    monkeypatch.setattr(compiled, "ALIKE", 1.1)
    for name in ("omnilmm", "omnivision", "ovis", "moondream"):
        (tmp_path / name).mkdir()
        given = importlib.import_module(f"tests.small.captioner_{name}").make(tmp_path / name)
        loaded = backends.loaded(backends.find("captioner", name).model_validate(given), "captioner")
        assert loaded.notice.startswith("Pictures take longer than they could: compiled for onnx these weights lose")
