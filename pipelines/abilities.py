"""The tools that the assistant brings itself: look, recall, read a text, and timers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from pipelines import timer_talk
from pipelines.backends import BackendError
from pipelines.captionwords import quotations, spoken_age
from pipelines.looking import Looks
from pipelines.memory import Memory
from pipelines.phrases import language_of
from pipelines.timers import LABEL, LONGEST, Refused, Timers
from pipelines.toolbox import Ability
from pipelines.tools import Tool
from pipelines.types import Caption, Looked
from pipelines.wording import quoted

MOST_RECALLED = 12
"""Changes that one recall gives at most, the newest."""
READ = "Read all text in the picture, line by line, exactly as it stands there. If there is none, say: no text."

_TEXT = {"type": "string", "maxLength": 500}
_PAST = {"type": "number", "minimum": 0}


def abilities(memory: Memory, looks: Looks | None, timers: Timers) -> Sequence[Ability]:
    """What there is; without a vision-language model nothing can look."""
    looking = [_look(looks)] if looks is not None else []
    return [*looking, _recall(memory), _read_text(memory, looks), _set_timer(timers), _timers(timers), _cancel(timers)]


def recollection(found: Sequence[Caption]) -> str:
    """The newest of what memory found, which gives them newest first: a line each, oldest first."""
    now = asyncio.get_running_loop().time()
    return "\n".join(_told(caption, now) for caption in reversed(found[:MOST_RECALLED]))


def _told(caption: Caption, now: float) -> str:
    seen = spoken_age(now - caption.captured_at)
    until = f", until {spoken_age(now - caption.known_at)}" if caption.known_at - caption.captured_at > 5 else ""
    return f"{seen}{until}, camera {caption.camera}: {caption.text}"


def _look(looks: Looks) -> Ability:
    back = looks.options.back

    async def run(arguments: dict[str, Any], said_at: float) -> str:
        looked = await looks.look(arguments["question"], said_at - arguments.get("when", 0.0))
        return _found(looked)

    return _ability(
        "look",
        "Ask a vision model one question about what the camera shows.",
        {"question": _TEXT, "when": _PAST | {"maximum": back, "description": "how many seconds ago; 0: now"}},
        run,
        required=["question"],
    )


def _found(looked: Looked | None) -> str:
    if looked is None or not looked.text:
        raise BackendError("the camera shows nothing that could be looked at, or the look failed")
    return looked.text


def _recall(memory: Memory) -> Ability:
    async def run(arguments: dict[str, Any], said_at: float) -> str:
        since = said_at - arguments["since"] if "since" in arguments else None
        found = memory.recall(arguments["query"], since)
        return recollection(found) or "Nothing of that kind was seen."

    return _ability(
        "recall",
        "Search what the camera saw before: what changed, and when. Empty query: everything.",
        {"query": _TEXT, "since": _PAST | {"description": "only of the last so many seconds"}},
        run,
        required=["query"],
    )


def _read_text(memory: Memory, looks: Looks | None) -> Ability:
    async def run(arguments: dict[str, Any], said_at: float) -> str:
        lines = [line for caption in _newest(memory) for line in _lines(caption)]
        if lines:
            return "\n".join(map(quoted, lines))
        return _found(await looks.look(READ, said_at)) if looks is not None else "No text is to be seen."

    return _ability("read_text", "Read the text that the camera shows now.", {}, run)


def _newest(memory: Memory) -> list[Caption]:
    return list({caption.camera: caption for caption in memory.scene()}.values())


def _lines(caption: Caption) -> tuple[str, ...]:
    """What was read exactly; from a caption in free words only what it quotes."""
    facts = caption.facts
    return tuple(quotations(caption.text)) if facts is None else facts.text + facts.codes


def _set_timer(timers: Timers) -> Ability:
    async def run(arguments: dict[str, Any], said_at: float) -> str:
        label = arguments.get("label", "")
        try:
            timer = timers.start(float(arguments["seconds"]), label, language_of(label))
        except Refused as error:
            raise BackendError(str(error)) from error
        return timer_talk.confirmed(timer)

    seconds = {"type": "number", "minimum": 1, "maximum": LONGEST}
    label = {"type": "string", "maxLength": LABEL, "description": "what the user is reminded of"}
    return _ability(
        "set_timer",
        "Set a timer or reminder; when it is over, the assistant says so.",
        {"seconds": seconds, "label": label},
        run,
        required=["seconds"],
    )


def _timers(timers: Timers) -> Ability:
    async def run(arguments: dict[str, Any], said_at: float) -> str:
        return timer_talk.told(timers, "en")

    return _ability("list_timers", "Tell which timers run, and how long still.", {}, run)


def _cancel(timers: Timers) -> Ability:
    async def run(arguments: dict[str, Any], said_at: float) -> str:
        return timer_talk.cancelled(arguments.get("label", ""), "en", timers)

    label = {"type": "string", "maxLength": LABEL, "description": "words of its label; without: all"}
    return _ability("cancel_timer", "Cancel a timer.", {"label": label}, run)


def _ability(
    name: str, description: str, properties: dict[str, Any], run: Any, required: Sequence[str] = ()
) -> Ability:
    schema = {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}
    return Ability(Tool(name, description, schema), run)
