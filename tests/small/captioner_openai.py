"""A server that tells every picture the same."""

from pathlib import Path
from typing import Any

from tests.servers import ChatServer, says


def make(folder: Path) -> dict[str, Any]:
    return {"url": ChatServer(says("A picture ", "full of ", "noise.")).start().url, "model": "small"}
