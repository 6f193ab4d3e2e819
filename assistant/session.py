"""`omni run` and `omni ask`: a configuration with what the command line changes in it, run and shown."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant import app, config, metrics, traces
from assistant.arguments import named_broker
from assistant.config import Config, ConfigError
from assistant.feed import Feed
from assistant.parts import REAL, Opening, Outside, Parts
from assistant.places import configs
from assistant.plain import Json
from assistant.signals import ended_by_signal
from devices.lines import Latest
from devices.media import Frame
from pipelines.keeping import keeping
from pipelines.types import Caption, Event, Reply, Trouble, as_json
from pipelines.wording import one_line

if TYPE_CHECKING:
    from assistant.asking import Typist
    from assistant.mqtt.bridge import Bridge
    from pipelines.controls import Controls

WAITING = 4096
"""Events that wait to be written into the outbox; a moment later they are safe there."""


def run(arguments: argparse.Namespace, parts: Parts = REAL) -> int:
    """Run the assistant in this terminal. Status 1 where a part had trouble."""
    return asyncio.run(until_signal(_show(configured(arguments), arguments, parts)))


def ask(arguments: argparse.Namespace) -> int:
    """Ask one question, print the answer. Status 1 where there is none, or a part had trouble."""
    if not arguments.question.strip():
        raise ConfigError("there is no question: omni ask 'what do you see?'")
    return asyncio.run(until_signal(_answer(configured(arguments, typed=True), arguments)))


def configured(arguments: argparse.Namespace, typed: bool = False) -> Config:
    """The configuration with the command line's changes; `typed`: deaf, and silent unless a speaker is named."""
    path = _file(arguments)

    def change(sections: dict[str, Any]) -> None:
        if arguments.camera:
            sections["camera"] = _cameras(sections.get("camera", [{}])[0], arguments.camera)
        for camera in sections.get("camera", []):
            camera["fast"] = arguments.fast or camera.get("fast", False)
        if typed:
            sections.pop("microphone", None)
            sections.pop("speaker", None)
            if arguments.speaker is None:
                sections.pop("voice", None)  # it may have a mouth of its own
        elif arguments.microphone is not None:
            sections.setdefault("microphone", {})["source"] = arguments.microphone
        if arguments.speaker is not None:
            sections.setdefault("speaker", {})["sink"] = arguments.speaker
        if (broker := getattr(arguments, "mqtt", None)) is not None:
            sections["mqtt"] = sections.get("mqtt", {}) | named_broker(broker)

    chosen = config.read(path, change)
    _spare_inputs(chosen, path, getattr(arguments, "events", None))
    return chosen


def _file(arguments: argparse.Namespace) -> Path:
    return Path(arguments.file) if arguments.file else configs() / "desktop.toml"


def _spare_inputs(chosen: Config, path: Path, events: str | None) -> None:
    """Raises ConfigError if what is to be written is what is to be read."""
    inputs = [path, *(camera.source for camera in chosen.camera)]
    inputs += [chosen.microphone.source] if chosen.microphone else []
    read = {_real(str(one)) for one in inputs}
    written = {"--speaker": chosen.speaker.sink if chosen.speaker else None, "--events": events}
    for option, name in written.items():
        if isinstance(name, str) and name not in ("default", "none") and _real(name) in read:
            raise ConfigError(f"{option} {name}: is read in this session: name another file to write")


def _real(name: str) -> str:
    """The file's own path; a name that no file can have stays as it is."""
    try:
        return os.path.realpath(name)
    except ValueError:
        return name


def _cameras(first: dict[str, Any], sources: list[str]) -> list[dict[str, Any]]:
    """One camera a source, each with the options of the first one of the file."""
    name = first.get("name", "camera")
    return [
        {**first, "name": name + (str(number) if number > 1 else ""), "source": source}
        for number, source in enumerate(sources, 1)
    ]


async def until_signal(main: Any) -> int:
    """Run `main`; a request to terminate, or the end of the terminal, cancels it once, as Ctrl-C does."""
    task, loop = asyncio.ensure_future(main), asyncio.get_running_loop()
    with ended_by_signal(lambda: loop.call_soon_threadsafe(task.cancel)) as caught:  # which wakes the loop up
        try:
            return int(await task)
        except asyncio.CancelledError:
            if not caught or asyncio.current_task().cancelling():  # type: ignore[union-attr]  # this is a task
                raise
            return 128 + caught[0]


async def _show(chosen: Config, arguments: argparse.Namespace, parts: Parts) -> int:
    from assistant import introduction
    from assistant.asking import Typist
    from assistant.terminal import choose_view

    feed, told = Feed(), metrics.tellers(chosen.metrics)
    recording = None if arguments.events is None else _output(arguments.events)
    bridge = await _bridge(chosen, _file(arguments), feed)
    narrates, language = chosen.narration is not None, introduction.language_of(chosen)
    view = choose_view(arguments.plain, arguments.json, sys.stdout, narrates, language)
    typist = Typist(chosen.keys, view.typed, feed.emit, language)
    outside = _introduced(chosen, arguments, parts, typist)
    shown = [asyncio.create_task(view.run(feed.subscribe(name="view")))]
    shown.append(asyncio.create_task(traces.keep(feed.subscribe(name="traces"), traces.place())))
    if told:
        shown.append(asyncio.create_task(metrics.tell(feed.subscribe(name="metrics"), told)))
    if recording is not None:
        shown.append(asyncio.create_task(_record(recording, feed.subscribe(name="file"))))
    needed = shown[:1]
    if bridge is not None:
        needed.append(asyncio.create_task(bridge.run(feed.subscribe(WAITING, name="broker"))))
        shown.append(needed[-1])
    running = asyncio.create_task(_kept(chosen, feed, outside, parts, bridge))
    leaving = asyncio.create_task(typist.left.wait())
    try:
        done, _ = await asyncio.wait([running, leaving, *needed], return_when=asyncio.FIRST_COMPLETED)
        for ended in done:
            await ended
    finally:
        leaving.cancel()
        running.cancel()  # nobody reads any more, or somebody wants it to end
        await asyncio.wait([running])
        feed.close()
        await asyncio.gather(*shown)
    return 1 if feed.troubles else 0


def _introduced(chosen: Config, arguments: argparse.Namespace, parts: Parts, typist: Typist) -> Outside:
    """What is typed, what is kept, and who says at the start what there is, where that is wanted."""
    from assistant import introduction

    kept = introduction.stored(chosen, introduction.Kept(arguments.events is not None, parts is not REAL))
    outside = Outside(typist.lines, opening=Opening(kept))
    usual = chosen.narration is not None and chosen.narration.introduction
    if not (arguments.introduction or usual):
        return outside
    text = introduction.introduction(chosen, sys.stdin.isatty(), kept)
    first = introduction.Introduction(text, arguments.introduction, introduction.marker())
    if not first.due:
        return outside
    typist.hushed = lambda: first.on
    opening = Opening("", text, arguments.introduction)
    return replace(outside, opening=opening, attach=lambda controls: first.attach(controls.conversation.agenda))


def _both(one: Callable[[Controls], None], other: Callable[[Controls], None]) -> Callable[[Controls], None]:
    def attach(controls: Controls) -> None:
        one(controls)
        other(controls)

    return attach


async def _bridge(chosen: Config, file: Path, feed: Feed) -> Bridge | None:
    """The way to the broker, where there is to be one. Raises BackendError where what waits for it cannot be kept."""
    if chosen.mqtt is None:
        return None
    from assistant.mqtt import bridge

    return await bridge.opened(chosen, file, feed.emit)


async def _kept(chosen: Config, feed: Feed, outside: Outside, parts: Parts, bridge: Bridge | None) -> None:
    """The assistant, and beside it the album and the diary of what it sees, and the broker."""
    async with keeping(chosen.memory, feed.emit) as keeper:

        def counters() -> dict[str, int]:
            return ({"changes dropped": keeper.lost} if keeper.lost else {}) | feed.counters()

        def kept(frame: Frame, caption: Caption) -> None:
            keeper.show(frame, caption)
            if bridge is not None:
                bridge.kept(frame, caption)

        outside = replace(outside, kept=kept, changed=keeper.changed, counters=counters)
        if bridge is not None:
            outside = replace(outside, attach=_both(outside.attach, bridge.attach))
        await app.run(chosen, feed, outside, parts)


def _output(name: str) -> Path:
    """A file that may be written. Raises ConfigError."""
    path = Path(name)
    try:
        if path.exists() and not path.is_file():
            raise ConfigError(f"--events {name}: is no file; --json writes the events to the standard output")
        with open(path, "a", opener=_private):
            pass
    except (OSError, ValueError) as error:  # ValueError: no file can have that name
        raise ConfigError(f"--events {name}: cannot be written: {getattr(error, 'strerror', None) or error}") from error
    return path


def _private(path: str, flags: int) -> int:
    """Open a file that, where it is new, nobody else may read: it tells what was said."""
    return os.open(path, flags, 0o600)


async def _record(path: Path, events: Latest[Event]) -> None:
    """Write the events to a file, begun with the first of them: a session that cannot start leaves the last one's."""
    if await events.filled():
        with path.open("w", encoding="utf-8") as file:
            await Json(file).run(events)


async def _answer(chosen: Config, arguments: argparse.Namespace) -> int:
    if chosen.chat is None:
        raise ConfigError("the configuration has no [chat], so nothing can answer")
    feed = Feed()
    looked = asyncio.Event()

    async def question() -> AsyncIterator[str]:
        await looked.wait()
        yield arguments.question

    running = asyncio.create_task(app.run(chosen, feed, Outside(question, hold=True)))
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
    return _print(reading.result(), arguments.json) or (1 if feed.troubles else 0)


async def _reply(events: Latest[Event], chosen: Config, question: str, looked: asyncio.Event) -> Reply | None:
    """The answer; lets the question be asked once each camera was looked through, or could not be."""
    seen = chosen.captioner is not None and chosen.attention.camera
    waited = {camera.name for camera in chosen.camera} if seen else set()
    async for event in events:
        match event:
            case Caption():
                waited.discard(event.camera)
            case Trouble():
                print(f"omni: {one_line(f'{event.part}: {event.why}')}", file=sys.stderr)
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
    print(dumps(as_json(reply)) if json else one_line(reply.text))
    return 0
