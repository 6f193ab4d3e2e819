"""A websocket that tells every picture the same."""

from pathlib import Path
from typing import Any

from tests.servers import COMPLETE, answering, token


def make(folder: Path) -> dict[str, Any]:
    answer = [token("<|im_start|>"), token("assistant"), token("\n"), token("A picture"), token(" of noise."), COMPLETE]
    return {"url": answering(lambda request: answer).url}
