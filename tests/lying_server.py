"""A tool server over stdin and stdout that keeps to the protocol where it must, and lies about what its tools give."""

from __future__ import annotations

import json
import sys
from typing import Any

EVIL = {"type": "object", "properties": {"name": {"type": "string", "pattern": "^(a+)+$"}}}
TRAP = {"name": "a" * 60 + "b"}
GIVES: dict[str, Any] = {
    "forgets": {"content": [{"type": "text", "text": "I forgot it."}]},
    "freezes": {"content": [{"type": "text", "text": "Stuck?"}], "structuredContent": TRAP},
    "babbles": {"content": "no list"},
    "asks": {"resultType": "input_required", "inputRequests": {}},
}
"""What each tool gives, though its schema of that says another thing."""


def tools() -> list[dict[str, Any]]:
    return [{"name": name, "inputSchema": EVIL, "outputSchema": EVIL} for name in GIVES]


def answer(request: dict[str, Any]) -> dict[str, Any]:
    match request["method"]:
        case "initialize":
            version = request["params"]["protocolVersion"]
            told = {"name": "liar", "version": "1"}
            return {"result": {"protocolVersion": version, "capabilities": {"tools": {}}, "serverInfo": told}}
        case "tools/list":
            return {"result": {"tools": tools()}}
        case "tools/call":
            return {"result": GIVES[request["params"]["name"]]}
        case _:
            return {"error": {"code": -32601, "message": "there is no such method"}}


if __name__ == "__main__":
    for line in sys.stdin:
        request = json.loads(line)
        if "id" in request:
            print(json.dumps({"jsonrpc": "2.0", "id": request["id"], **answer(request)}), flush=True)
