"""A broker, and one worker that tells every picture the same."""

import atexit
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.mosquitto import running
from tests.workers import ScriptedLooker, working


def make(folder: Path) -> dict[str, Any]:
    stack = ExitStack()
    broker = stack.enter_context(running(folder))
    stack.enter_context(working(broker, ScriptedLooker()))
    atexit.register(stack.close)
    return {"host": broker.host, "port": broker.port}
