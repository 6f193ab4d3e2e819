"""Whether a model fits is asked of the memory it will lie in."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines import room
from pipelines.backends import BackendError

torch = pytest.importorskip("torch")


def test_a_model_that_does_not_fit_is_named_with_both_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "free", lambda: 8_000_000_000)
    room.check(6_500_000_000, "moondream2")
    with pytest.raises(
        BackendError, match=r"^OmniLMM-12B needs 23\.9 GB of memory, 8\.0 GB are free: choose a smaller"
    ):
        room.check(23_200_000_000, "OmniLMM-12B")


def test_on_a_gpu_its_own_memory_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "free", lambda: 8_000_000_000)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (28_000_000_000, 30_000_000_000))
    room.check(23_200_000_000, "OmniLMM-12B", torch.device("cuda"))
    with pytest.raises(BackendError, match=r"needs 28\.8 GB of GPU memory, 28\.0 GB are free"):
        room.check(28_000_000_000, "another", torch.device("cuda"))
    with pytest.raises(BackendError, match=r"needs 23\.9 GB of memory, 8\.0 GB"):
        room.check(23_200_000_000, "OmniLMM-12B", torch.device("cpu"))


def test_what_is_free_here_is_less_than_the_machine_has() -> None:
    import psutil

    assert 0 < room.free() <= psutil.virtual_memory().total


def test_weights_count_in_the_number_format_they_are_computed_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from safetensors.torch import save_file

    from pipelines.language.loading import placement

    save_file({"one": torch.zeros(1000, 1000)}, tmp_path / "model.safetensors")
    monkeypatch.setattr(room, "free", lambda: room.SPARE + 3_000_000)
    room.check_weights("small", placement("cpu", "bfloat16", None), tmp_path)
    with pytest.raises(BackendError, match=r"small needs 0\.0 GB"):
        room.check_weights("small", placement("cpu", "float32", None), tmp_path)
    with pytest.raises(BackendError, match=r"small needs 0\.0 GB"):
        room.check_weights("small", placement("cpu", "bfloat16", None), tmp_path, tmp_path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("bfloat16", torch.bfloat16), ("torch.float16", torch.float16), ("float99", None), ("nn", None), (None, None)],
)
def test_a_number_format_is_known_by_its_name(text: object, expected: object) -> None:
    from pipelines.language.loading import dtype_named

    assert dtype_named(text) is expected


def test_half_precision_of_the_12b_fits_a_card_of_24_gigabytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (25_300_000_000, 25_757_000_000))
    room.check(23_200_000_000, "OmniLMM-12B", torch.device("cuda"))
