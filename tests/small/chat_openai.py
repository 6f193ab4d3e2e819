"""A server of one sentence."""

from pathlib import Path
from typing import Any

from tests.servers import ChatServer, says


def make(folder: Path) -> dict[str, Any]:
    return {"url": ChatServer(says("Hello, ", "I am ", "here.")).start().url, "model": "small"}
