"""A small real tool server for tests, over stdin and stdout or on 127.0.0.1: `tool_server.py [stubborn | at PORT]`."""

from __future__ import annotations

import os
import signal
import sys
import time

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError

server = MCPServer("home")
state = {"kitchen": False}


@server.tool()
def lights(room: str, on: bool) -> str:
    """Switch the lights of a room."""
    if room not in state:
        raise ToolError(f"there is no room {room}")
    state[room] = on
    return f"The lights of the {room} are {'on' if on else 'off'}."


@server.tool()
def secret() -> str:
    """Tell what the environment holds."""
    return f"{os.environ.get('HOME_TOKEN')} and {os.environ.get('OTHER_TOKEN')}"


@server.tool()
def leave() -> str:
    """End at once."""
    os._exit(3)


if __name__ == "__main__":
    print("the lamp is warming up", file=sys.stderr, flush=True)
    if "stubborn" in sys.argv:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if "at" in sys.argv:
        server.run("streamable-http", port=int(sys.argv[-1]))
    else:
        server.run("stdio")
    if "stubborn" in sys.argv:
        time.sleep(60)
