"""`omni run` and `omni ask`: a configuration with what the command line changes in it, run and shown."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import sys
from collections.abc import AsyncIterator
from functools import partial
from json import dumps
from pathlib import Path
from typing import Any, TextIO

from assistant import app, config
from assistant.config import Config, ConfigError
from assistant.feed import Feed
from assistant.places import configs
from assistant.plain import Json, clean
from devices.lines import Latest
from pipelines.types import Caption, Event, Reply, Trouble, as_json

TERMINATED = 143


def run(arguments: argparse.Namespace) -> int:
    """Run the assistant in this terminal. Status 1 where a part had trouble."""
    return asyncio.run(_until_signal(_show(configured(arguments), arguments)))


def ask(arguments: argparse.Namespace) -> int:
    """Ask one question, print the answer. Status 1 where there is none."""
    return asyncio.run(_until_signal(_answer(configured(arguments, typed=True), arguments)))


def configured(arguments: argparse.Namespace, typed: bool = False) -> Config:
    """The configuration with the command line's changes; `typed`: deaf, and silent unless a speaker is named."""
    path = Path(arguments.file) if arguments.file else configs() / "desktop.toml"

    def change(sections: dict[str, Any]) -> None:
        if arguments.camera:
            sections["camera"] = _cameras(sections.get("camera", [{}])[0], arguments.camera)
        for camera in sections.get("camera", []):
            camera["fast"] = arguments.fast or camera.get("fast", False)
        if typed:
            sections.pop("microphone", None)
            sections.pop("speaker", None)
        elif arguments.microphone is not None:
            sections.setdefault("microphone", {})["source"] = arguments.microphone
        if arguments.speaker is not None:
            sections.setdefault("speaker", {})["sink"] = arguments.speaker

    return config.read(path, change)


def _cameras(first: dict[str, Any], sources: list[str]) -> list[dict[str, Any]]:
    """One camera a source, each with the options of the first one of the file."""
    name = first.get("name", "camera")
    return [
        {**first, "name": name + (str(number) if number > 1 else ""), "source": source}
        for number, source in enumerate(sources, 1)
    ]


async def _until_signal(main: Any) -> int:
    """Run `main`; a request to terminate cancels it as Ctrl-C does."""
    task = asyncio.ensure_future(main)
    with contextlib.suppress(NotImplementedError):  # Windows has no signal handlers on the loop
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        return int(await task)
    except asyncio.CancelledError:
        if asyncio.current_task().cancelling():  # type: ignore[union-attr]  # a coroutine runs in a task
            raise
        return TERMINATED


async def _show(chosen: Config, arguments: argparse.Namespace) -> int:
    from assistant.keyboard import typed_lines
    from assistant.terminal import choose_view

    feed = Feed()
    with _events_file(arguments.events) as file:
        view = choose_view(arguments.plain, arguments.json, sys.stdout)
        asks = partial(typed_lines, shown=view.typed) if sys.stdin.isatty() else None
        views = [view, Json(file)] if file else [view]
        shown = [asyncio.create_task(one.run(feed.subscribe())) for one in views]
        running = asyncio.create_task(app.run(chosen, feed, asks))
        try:
            await asyncio.wait([running, shown[0]], return_when=asyncio.FIRST_COMPLETED)
            if running.done():
                await running
        finally:
            running.cancel()  # nobody reads any more, or Ctrl-C
            await asyncio.wait([running])
            feed.close()
            await asyncio.gather(*shown)
    return 1 if feed.troubles else 0


def _events_file(name: str | None) -> contextlib.AbstractContextManager[TextIO | None]:
    """The file that the events are to be written to as well, or None."""
    if name is None:
        return contextlib.nullcontext()
    try:
        return open(name, "w", encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"--events {name}: cannot be written: {error.strerror or error}") from error


async def _answer(chosen: Config, arguments: argparse.Namespace) -> int:
    if chosen.chat is None:
        raise ConfigError("the configuration has no [chat], so nothing can answer")
    feed = Feed()
    looked = asyncio.Event()

    async def question() -> AsyncIterator[str]:
        await looked.wait()
        yield arguments.question

    running = asyncio.create_task(app.run(chosen, feed, question, asks_hold=True))
    reading = asyncio.create_task(_reply(feed.subscribe(), chosen, arguments.question, looked))
    try:
        await asyncio.wait([running, reading], return_when=asyncio.FIRST_COMPLETED)
        if not reading.done():
            await running
    finally:
        running.cancel()
        await asyncio.wait([running])
        feed.close()
        await asyncio.wait([reading])
    return _print(reading.result(), arguments.json)


async def _reply(events: Latest[Event], chosen: Config, question: str, looked: asyncio.Event) -> Reply | None:
    """The answer; lets the question be asked once each camera was looked through, or could not be."""
    waited = {camera.name for camera in chosen.camera} if chosen.captioner else set()
    async for event in events:
        match event:
            case Caption():
                waited.discard(event.camera)
            case Trouble():
                print(f"omni: {clean(f'{event.part}: {event.why}')}", file=sys.stderr)
                waited -= {name for name in waited if event.part in (f"camera {name}", f"captioner of {name}")}
            case Reply() if event.asked == question:
                return event
        if not waited:
            looked.set()
    return None


def _print(reply: Reply | None, json: bool) -> int:
    if reply is None or not reply.text:
        print("omni: there was no answer", file=sys.stderr)
        return 1
    print(dumps(as_json(reply)) if json else clean(reply.text))
    return 0
