"""Tool servers: a real one over stdin and stdout, what is offered of it, and how it fails."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from assistant import app, check, mcp_tools
from assistant.config import ConfigError, parse
from assistant.feed import Feed
from assistant.mcp_tools import McpOptions, ToolServer
from assistant.parts import Outside
from devices.lines import Lossless
from pipelines.toolbox import Toolbox, ToolsOptions
from pipelines.tools import ToolCall
from pipelines.types import Event, Notice, Perception, Recovered, Reply, Trouble
from tests.servers import DONE, ChatServer, Exchange, says, sends

LIAR = str(Path(__file__).with_name("lying_server.py"))
SERVER = str(Path(__file__).with_name("tool_server.py"))
CHAT = {"chat": {"backend": "grounded"}}


@dataclass
class Run:
    """A tool server that runs, and what it told."""

    server: ToolServer
    events: list[Event] = field(default_factory=list)

    async def ready(self) -> None:
        while not self.server.abilities():  # noqa: ASYNC110  a server that is ready tells nobody
            await asyncio.sleep(0.01)

    async def troubled(self) -> Trouble:
        while True:
            if found := [event for event in self.events if isinstance(event, Trouble)]:
                return found[0]
            await asyncio.sleep(0.01)

    def names(self) -> list[str]:
        return [ability.tool.name for ability in self.server.abilities()]

    async def call(self, name: str, /, **arguments: Any) -> str:
        toolbox = Toolbox(ToolsOptions(), [self.server.abilities])
        (step,) = await toolbox.steps([ToolCall(name, arguments)], 0.0)
        return step.result


@asynccontextmanager
async def running(*more: str, **options: Any) -> AsyncIterator[Run]:
    events: list[Event] = []
    given = {"command": (sys.executable, SERVER, *more)} | options
    run = Run(ToolServer(McpOptions(name="home", **given), events.append), events)
    task = asyncio.create_task(run.server.run(Lossless[Perception](4)))
    try:
        async with asyncio.timeout(20):
            yield run
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.mark.real_time
async def test_a_servers_tools_bear_its_name_and_do_what_they_say(capfd: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("mcp")
    async with running() as run:
        await run.ready()
        assert run.names() == ["home_lights", "home_secret", "home_leave"]
        assert await run.call("home_lights", room="kitchen", on=True) == "The lights of the kitchen are on."
        assert "there is no room attic" in await run.call("home_lights", room="attic", on=True)
        assert await run.call("home_lights", room="kitchen") == "Error: 'on' is a required property"
    assert run.server.abilities() == ()
    assert capfd.readouterr().err == ""


@pytest.mark.real_time
async def test_only_the_allowed_tools_are_offered_and_only_the_named_secrets_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("mcp")
    monkeypatch.setenv("HOME_TOKEN", "mine")
    monkeypatch.setenv("OTHER_TOKEN", "private")
    async with running(tools=("secret", "heating"), environment=("HOME_TOKEN",)) as run:
        await run.ready()
        assert run.names() == ["home_secret"]
        assert await run.call("home_secret") == "mine and None"
        (notice,) = [event for event in run.events if isinstance(event, Notice)]
        assert notice.text == "it has no heating; its tools are lights, secret, leave"


@pytest.mark.real_time
async def test_a_server_that_ends_is_told_of_with_its_last_words_and_started_anew() -> None:
    pytest.importorskip("mcp")
    async with running() as run:
        await run.ready()
        assert (await run.call("home_leave")).startswith("Error: ")
        trouble = await run.troubled()
        assert trouble.part == "mcp home"
        assert trouble.why == "the connection was lost: the lamp is warming up"
        await run.ready()
        assert [event for event in run.events if isinstance(event, Recovered)]


@pytest.mark.real_time
async def test_a_server_that_lies_ends_nothing() -> None:
    pytest.importorskip("mcp")
    async with running(command=(sys.executable, LIAR)) as run:
        await run.ready()
        trap = "a" * 60 + "b"  # what the server's own pattern never ends with
        assert await run.call("home_forgets", name=trap) == "I forgot it."
        assert await run.call("home_freezes", name=trap) == "Stuck?"
        for tool in ("babbles", "asks"):
            said = await run.call(f"home_{tool}")
            assert said.startswith("Error: home gives what is no result: ")
            assert "\n" not in said
        assert await run.call("home_forgets", name=3) == "Error: name: 3 is not of type 'string'"


@pytest.mark.real_time
async def test_whatever_breaks_down_in_a_call_is_a_failure_of_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("mcp")

    async def broken(*given: Any) -> None:
        raise RuntimeError("the package\ndoes not know this")

    async with running(command=(sys.executable, LIAR)) as run:
        await run.ready()
        known = run.server.abilities()
        with monkeypatch.context() as patched:
            patched.setattr(mcp_tools, "_called", broken)
            told = await run.call("home_forgets")
        assert told == "Error: home gives what is no result: RuntimeError: the package"
        assert await run.call("home_forgets") == "I forgot it."
    gone = await Toolbox(ToolsOptions(), [lambda: known]).steps([ToolCall("home_forgets", {})], 0.0)
    assert gone[0].result.startswith("Error: ")


@pytest.mark.real_time
async def test_a_server_at_an_address_is_used_alike() -> None:
    pytest.importorskip("mcp")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = await asyncio.create_subprocess_exec(sys.executable, SERVER, "at", str(port), stderr=subprocess.DEVNULL)
    try:
        async with asyncio.timeout(15):
            while True:
                with contextlib.suppress(OSError):
                    (await asyncio.open_connection("127.0.0.1", port))[1].close()
                    break
                await asyncio.sleep(0.02)
        async with running(command=(), url=f"http://127.0.0.1:{port}/mcp") as run:
            await run.ready()
            assert await run.call("home_lights", room="kitchen", on=False) == "The lights of the kitchen are off."
            began = time.monotonic()
        assert time.monotonic() - began < 1.0
    finally:
        program.kill()
        await program.wait()


@pytest.mark.real_time
async def test_a_server_that_will_not_end_does_not_keep_anybody_from_leaving() -> None:
    pytest.importorskip("mcp")
    async with running("stubborn") as run:
        await run.ready()
        began = time.monotonic()
    assert time.monotonic() - began < 1.0


@pytest.mark.real_time
@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"command": ("no-such-program",)}, "there is no program 'no-such-program'"),
        ({"command": (sys.executable, "-c", "raise SystemExit('it is cold')")}, "it is cold"),
        (
            {"command": (sys.executable, "-c", "import time; time.sleep(9)"), "start": 0.5},
            "did not tell its tools within 0.5 s",
        ),
        ({"environment": ("NO_SUCH_TOKEN",)}, "the environment has no NO_SUCH_TOKEN: export NO_SUCH_TOKEN=…"),
        ({"command": (), "url": "http://127.0.0.1:9/mcp"}, "http://127.0.0.1:9/mcp is not reached: is it running?"),
    ],
)
async def test_what_fails_is_told_in_one_line(options: dict[str, Any], why: str) -> None:
    pytest.importorskip("mcp")
    async with running(**options) as run:
        trouble = await run.troubled()
        assert why in trouble.why
        assert "\n" not in trouble.why


@pytest.mark.parametrize(
    ("section", "mistake"),
    [
        ({"name": "home"}, "name one way to it"),
        ({"name": "home", "command": ["a"], "url": "http://b"}, "name one way to it"),
        ({"name": "Home!", "command": ["a"]}, "mcp.0.name"),
        ({"name": "home", "url": "http://user:word@host"}, "no address of a server"),
        ({"name": "home", "url": "http://far.example", "key": "TOKEN"}, "not sent unencrypted"),
        ({"name": "home", "command": ["a"], "environment": ["TOKEN=abc"]}, "names of environment variables"),
    ],
)
def test_a_wrong_section_is_named(section: dict[str, Any], mistake: str) -> None:
    with pytest.raises(ConfigError, match=mistake):
        parse({**CHAT, "mcp": [section]}, "x.toml")


def test_check_names_the_package_that_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "a.toml"
    file.write_text('[chat]\nbackend = "grounded"\n[[mcp]]\nname = "home"\ncommand = ["lights"]\n')
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "mcp" else found(name))
    assert check.run([str(file)]) == 2
    assert capsys.readouterr().err == f"omni: {file}: mcp needs mcp: pip install 'omni-assistant[mcp]'\n"


def test_two_servers_need_two_names() -> None:
    one = {"name": "home", "command": ["a"]}
    with pytest.raises(ConfigError, match="name of its own, not home, home"):
        parse({**CHAT, "mcp": [one, one]}, "x.toml")
    with pytest.raises(ConfigError, match=r"write \[\[mcp\]\]"):
        parse({**CHAT, "mcp": one}, "x.toml")


def test_this_machine_is_the_only_one_a_key_goes_to_in_the_open() -> None:
    options = McpOptions(name="home", url="http://127.0.0.1:8000/mcp", key="TOKEN")
    assert options.local
    assert "TOKEN" not in os.environ


def switches_on(exchange: Exchange) -> None:
    """A model that says hello until it may switch the lights, then does it, and says what came of it."""
    offered = [tool["function"]["name"] for tool in exchange.body.get("tools", [])]
    last = exchange.body["messages"][-1]
    call = {"index": 0, "id": "c1", "function": {"name": "home_lights", "arguments": '{"room": "kitchen", "on": true}'}}
    if last["role"] == "tool":
        says(last["content"])(exchange)
    elif "home_lights" in offered:
        delta = {"choices": [{"delta": {"tool_calls": [call]}, "finish_reason": "tool_calls"}]}
        sends(b"data: " + json.dumps(delta).encode() + b"\n\n", DONE)(exchange)
    else:
        says("Hello.")(exchange)


@pytest.mark.real_time
async def test_a_model_on_a_server_switches_the_lights_of_a_tool_server() -> None:
    pytest.importorskip("mcp")
    pytest.importorskip("httpx")
    feed = Feed()
    news, heard = feed.subscribe(), [""]

    async def asks() -> AsyncIterator[str]:
        while "The lights of the kitchen are on." not in heard:
            yield "Switch on the kitchen lights."
            while not isinstance(event := await news.get(), Reply):
                pass
            heard.append(event.text)

    with ChatServer(switches_on) as server:
        config = parse(
            {
                "chat": {"backend": "openai", "url": server.url, "model": "m", "tools": True},
                "mcp": [{"name": "home", "command": [sys.executable, SERVER], "tools": ["lights"]}],
            },
            "x.toml",
        )
        async with asyncio.timeout(20):
            await app.run(config, feed, Outside(asks, hold=True))
    assert heard[-1] == "The lights of the kitchen are on."
