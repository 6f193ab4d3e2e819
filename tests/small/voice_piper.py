"""A voice of Piper's form that strings recorded sounds together."""

from pathlib import Path
from typing import Any

from tests.standins import stand_in


def make(folder: Path) -> dict[str, Any]:
    return {"weights": str(stand_in("piper-unitvoice")), "threads": 1}
