"""Tool servers of the Model Context Protocol: started with the session, their tools offered to the chat."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import json
import logging
import os
import re
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from assistant.last_words import LastWords
from devices.lines import Lossless
from devices.media import Options
from devices.threads import apart
from pipelines.backends import BackendError, first_line
from pipelines.chats.prompting import plain
from pipelines.remote.options import is_local
from pipelines.schemas import described
from pipelines.toolbox import Ability, flaw
from pipelines.tools import Tool
from pipelines.trouble import Patience
from pipelines.types import Emit, Notice, Perception
from pipelines.wording import one_line

if TYPE_CHECKING:
    from mcp import Client
    from mcp.types import CallToolResult

MOST_TOOLS = 64
"""Tools of one server that are offered; more would crowd out the conversation."""
LONGEST_DESCRIPTION = 600
GRACE = 0.3
"""Seconds that a server has to end by itself, and again after it was told to: Ctrl-C must be quick."""


class McpOptions(Options):
    """One tool server: a program on this machine, or an address."""

    name: str = Field(pattern=r"^[a-z][a-z0-9]{0,19}$")
    """Its tools are called `name_tool`."""
    command: tuple[str, ...] = ()
    """The program and its arguments; it is spoken to through its standard input and output."""
    url: str = ""
    """Where a server is that runs already."""
    tools: tuple[str, ...] | None = None
    """The only ones of its tools that may be called; without it: all."""
    environment: tuple[str, ...] = ()
    """Names of environment variables that the program is given beside PATH, HOME and the like."""
    key: str = ""
    """Name of the environment variable with the address's bearer token; empty: none is sent."""
    start: float = Field(default=20.0, gt=0, le=600)
    """Seconds until it must have told its tools."""

    @model_validator(mode="after")
    def _one_way(self) -> McpOptions:
        if bool(self.command) == bool(self.url):
            raise ValueError('name one way to it: command = ["program", "argument"] or url = "http://…"')
        if self.url and not _is_address(self.url):
            raise ValueError("url is no address of a server without user, password and query: http:// or https://host…")
        if any(not re.fullmatch(r"[A-Za-z_]\w*", name) for name in (*self.environment, *filter(None, [self.key]))):
            raise ValueError("environment and key are names of environment variables, not what they hold")
        if self.key and self.url.startswith("http:") and not self.local:
            raise ValueError("a key is not sent unencrypted over the network: use https://")
        return self

    @property
    def local(self) -> bool:
        """Whether the address is this machine's."""
        return is_local(urlsplit(self.url).hostname or "")


class ToolServer:
    """One of them, while the session runs. When it fails it is said once, and it is tried again later."""

    def __init__(self, options: McpOptions, emit: Emit) -> None:
        self._options, self._emit = options, emit
        self._patience = Patience(f"mcp {options.name}", emit)
        self._abilities: tuple[Ability, ...] = ()
        self._lost = asyncio.Event()

    def abilities(self) -> Sequence[Ability]:
        """Its tools; none while it is away."""
        return self._abilities

    async def run(self, perceptions: Lossless[Perception]) -> None:
        """Until cancelled."""
        while True:
            try:
                await self._serve()
            except BackendError as error:
                self._patience.failed(str(error))
            finally:
                self._abilities = ()
            await self._patience.rest()

    async def _serve(self) -> None:
        """Until the connection is lost. Raises BackendError."""
        if line := missing():
            raise BackendError(line)
        words = LastWords()
        self._lost.clear()
        try:
            async with AsyncExitStack() as stack:
                self._abilities = await self._connected(stack, words)
                self._patience.worked()
                await self._lost.wait()
            raise BackendError(f"the connection was lost{words.told()}")
        except BackendError:
            raise
        except TimeoutError as error:
            raise BackendError(f"did not tell its tools within {self._options.start:g} s{words.told()}") from error
        except Exception as error:  # what the package raises comes in groups, of many kinds
            raise BackendError(f"{self._reason(error)}{words.told()}") from error
        finally:
            words.close()

    async def _connected(self, stack: AsyncExitStack, words: LastWords) -> tuple[Ability, ...]:
        await apart("tools", _import)
        from mcp import Client
        from mcp.types import Implementation

        async with asyncio.timeout(self._options.start):
            transport = await self._transport(stack, words)
            client = Client(transport, client_info=Implementation(name="omni-assistant", version="0"))
            await stack.enter_async_context(client)
            listed = await _listed(client)
        return await self._offered(client, listed)

    async def _transport(self, stack: AsyncExitStack, words: LastWords) -> Any:
        """How the server is reached. Raises BackendError where a secret is missing."""
        options = self._options
        secrets = {name: _secret(name) for name in (*options.environment, *filter(None, [options.key]))}
        if options.command:
            from mcp.client import stdio

            program = stdio.StdioServerParameters(
                command=options.command[0], args=list(options.command[1:]), env=secrets
            )
            return stdio.stdio_client(program, errlog=words.file)
        import httpx2
        from mcp.client.streamable_http import streamable_http_client

        headers = {"Authorization": f"Bearer {secrets[options.key]}"} if options.key else {}
        http = httpx2.AsyncClient(headers=headers, timeout=options.start, trust_env=not options.local)
        await stack.enter_async_context(http)
        return streamable_http_client(options.url, http_client=http, terminate_on_close=False)

    async def _offered(self, client: Client, listed: Sequence[Any]) -> tuple[Ability, ...]:
        """Those of the listed tools that are wanted and fit; what does not is said."""
        wanted, found = self._options.tools, []
        for one in listed:
            if wanted is not None and one.name not in wanted:
                continue
            tool = self._tool(one)
            if wrong := await apart("tools", flaw, tool):
                self._tell(f"its tool {one_line(str(one.name))[:64]!r} is left out: {wrong}")
            else:
                told = replace(tool, parameters=described(tool.parameters, plain))
                found.append(self._ability(client, one.name, told))
        if absent := sorted(set(wanted or ()) - {one.name for one in listed}):
            names = ", ".join(one_line(str(one.name))[:64] for one in listed) or "none"
            self._tell(f"it has no {', '.join(absent)}; its tools are {names}")
        if len(found) > MOST_TOOLS:
            self._tell(f"of its {len(found)} tools the first {MOST_TOOLS} are offered: name those you want in tools")
        return tuple(found[:MOST_TOOLS])

    def _tool(self, listed: Any) -> Tool:
        description = plain(listed.description or listed.name)[:LONGEST_DESCRIPTION]
        return Tool(f"{self._options.name}_{listed.name}", description, listed.input_schema)

    def _ability(self, client: Client, name: str, tool: Tool) -> Ability:
        async def run(arguments: dict[str, Any], said_at: float) -> str:
            from mcp import MCPError
            from mcp.types import CONNECTION_CLOSED

            try:
                return _text(await _called(client, name, arguments))
            except BackendError:
                raise
            except MCPError as error:
                if error.code == CONNECTION_CLOSED:
                    self._lost.set()
                raise BackendError(first_line(error, named=False)) from error
            except Exception as error:  # foreign code ends here: a server's lie must not end the session
                raise BackendError(f"{self._options.name} gives what is no result: {first_line(error)}") from error

        return Ability(tool, run)

    def _reason(self, error: BaseException) -> str:
        """The first of the errors of a group, in one line."""
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        if isinstance(error, FileNotFoundError):
            return f"there is no program {error.filename!r}"
        if type(error).__name__ == "ConnectError":
            return f"{self._options.url} is not reached: is it running?"
        return first_line(error, named=type(error).__name__ != "MCPError")

    def _tell(self, text: str) -> None:
        self._emit(Notice(text, asyncio.get_running_loop().time(), f"mcp {self._options.name}"))


def missing() -> str:
    """One line with the install command where the package is absent, else an empty string."""
    return "" if importlib.util.find_spec("mcp") else "needs mcp: pip install 'omni-assistant[mcp]'"


@cache
def _import() -> None:
    """All that is imported further on, once: in a thread it does not hold up the loop."""
    for name in ("jsonschema", "mcp.client.streamable_http"):
        importlib.import_module(name)
    stdio: Any = importlib.import_module("mcp.client.stdio")
    stdio.PROCESS_TERMINATION_TIMEOUT = stdio.FORCE_KILL_TIMEOUT = GRACE
    log = logging.getLogger("mcp")
    log.propagate = False  # nothing of it belongs on the terminal
    log.addHandler(logging.NullHandler())


async def _called(client: Client, name: str, arguments: dict[str, Any]) -> CallToolResult:
    """What a call gives, not held against the server's own schema of it: a pattern there may never end."""
    from mcp.types import CallToolRequest, CallToolRequestParams, CallToolResult

    request = CallToolRequest(params=CallToolRequestParams(name=name, arguments=arguments))
    return await client.session.send_request(request, CallToolResult)


async def _listed(client: Client) -> list[Any]:
    """All tools, of all pages."""
    page = await client.list_tools()
    found = list(page.tools)
    while page.next_cursor and len(found) <= MOST_TOOLS:
        page = await client.list_tools(cursor=page.next_cursor)
        found += page.tools
    return found


def _text(result: CallToolResult) -> str:
    """What a call gave, in words. Raises BackendError with them where they tell of an error."""
    parts = [getattr(part, "text", None) or f"[{part.type}]" for part in result.content]
    if not parts and result.structured_content is not None:
        parts = [json.dumps(result.structured_content, ensure_ascii=False)]
    if result.is_error:
        raise BackendError(" ".join(parts) or "the call failed")
    return "\n".join(parts)


def _secret(name: str) -> str:
    if not (value := os.environ.get(name, "").strip()):
        raise BackendError(f"the environment has no {name}: export {name}=…")
    return value


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    plain_address = not (parts.username or parts.password or parts.query or parts.fragment)
    return parts.scheme in ("http", "https") and bool(parts.hostname) and plain_address
