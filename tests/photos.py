"""What the tests of `omni look` and `omni chat` share: a home with weights, a photo, a model that says what it must."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines import choosing, room
from tests.shelves import lay, use


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A weights' home with one model that looks, and one that does not."""
    home = tmp_path / "home"
    monkeypatch.setenv("OMNI_HOME", str(home))
    monkeypatch.setattr(room, "free", lambda: 8 * 10**9)
    monkeypatch.setattr(choosing, "gpu_plausible", lambda: False)
    lay(home, "eyes", use("captioner", "Watcher", 2))
    lay(home, "talk", use("chat", "Talker"))
    return home


@pytest.fixture
def photo(tmp_path: Path) -> str:
    return picture(tmp_path / "photo.png", 200)


def picture(path: Path, shade: int) -> str:
    from PIL import Image

    Image.new("RGB", (64, 48), (shade, 0, 0)).save(path)
    return str(path)


def saying(home: Path, *answers: str) -> None:
    """Makes the best model say this, one answer after the other."""
    lay(home, "parrot", use("captioner", "Watcher", 9, options={"answers": answers}))
