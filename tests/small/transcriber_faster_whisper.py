"""A Whisper of a hundredth of the size that knows a few dozen sentences."""

from pathlib import Path
from typing import Any

from tests.standins import stand_in


def make(folder: Path) -> dict[str, Any]:
    return {"weights": str(stand_in("whisper-fixture")), "threads": 1, "beam": 1}
