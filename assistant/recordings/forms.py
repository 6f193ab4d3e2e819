"""What a recording may say, line by line: whatever else stands in one goes no further than its reading."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal, NoReturn, NotRequired

from pydantic import AfterValidator, Field, JsonValue, TypeAdapter, ValidationError
from typing_extensions import TypedDict  # that of `typing` tells pydantic too little before Python 3.12

from assistant.recordings.values import NEVER, adapter, from_kept
from pipelines.backends import Kind
from pipelines.tools import Tool
from pipelines.types import Notice, Recovered, Trouble
from pipelines.wording import one_line

FORMAT = 1
"""What a recording of another number is not read as."""
DEEPEST = 100
"""Values within values that a line may have."""
NEWS: dict[str, type] = {"trouble": Trouble, "recovered": Recovered, "notice": Notice}
"""What a tool server tells of itself, by the type of the event."""
RICHER = {("captioner", "looker"), ("chat", "tool chat"), ("voice", "timed voice"), ("voice", "adjustable voice")}
"""Kinds, and what a model of that kind may be besides."""
NEEDED = {"spotter": "labels", "detector": "window", "wake": "phrase", "voice": "rate"}
"""From kind to what a model of that kind must say of itself."""


def _given(value: Any) -> Any:
    """What a model gave, if it can be made again."""
    from_kept(value)
    return value


def _event(event: dict[str, Any]) -> dict[str, Any]:
    kind = event.get("type")
    if not isinstance(kind, str):
        raise ValueError("an event has no type")
    if kind in NEWS:
        adapter(NEWS[kind]).validate_python({name: one for name, one in event.items() if name != "type"})
    return event


def _tool(value: Any) -> Any:
    adapter(Tool).validate_python(value)
    return value


def _model(told: dict[str, Any], kind: str) -> None:
    if told["role"] != kind and (kind, told["role"]) not in RICHER:
        raise ValueError(f"a {kind} is no {told['role']!r}")
    if kind in NEEDED and NEEDED[kind] not in told["state"]:
        raise ValueError(f"the {kind} does not tell its {NEEDED[kind]}")


def _models(models: dict[str, Any]) -> dict[str, Any]:
    for kind, told in models.items():
        _model(told, kind)
    return models


def _local(value: str) -> str:
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None or not 1970 < moment.year < 9000:
        raise ValueError("is no time of any session")
    return value


Moment = Annotated[float, Field(ge=0, le=1e10)]
"""Seconds on the session's clock."""
Seconds = Annotated[float, Field(ge=0, le=NEVER)]
Matter = Literal["camera_dark", "camera_covered", "camera_frozen"]
"""What may be the matter with a camera."""
Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0, le=2**40)]
Samples = Annotated[int, Field(ge=0, le=2**31)]
Rate = Annotated[int, Field(ge=1000, le=768_000)]
Name = Annotated[str, Field(max_length=1000)]
File = Annotated[str, Field(pattern=r"^[0-9]{1,12}\.(png|flac)$")]
Given = Annotated[Any, AfterValidator(_given)]
Event = Annotated[dict[str, JsonValue], AfterValidator(_event)]


class State(TypedDict, total=False):
    """What a model says of itself."""

    window: Annotated[int, Field(ge=32, le=16_000)]
    phrase: Name
    rate: Rate
    partials: bool
    calls_tools: bool
    facts: Given
    trouble: str
    labels: Annotated[list[Name], Field(max_length=100_000)]


class Model(TypedDict):
    role: str
    name: str
    notice: str
    state: State


class Camera(TypedDict):
    name: Name
    live: bool
    endless: bool


class Microphone(TypedDict):
    live: bool
    endless: bool


class Speaker(TypedDict):
    live: bool


class Absent(TypedDict):
    part: Literal["microphone", "speaker"]
    why: str
    at: Moment


class Header(TypedDict):
    """What the session is, before anything happens in it."""

    began: Moment
    local: NotRequired[Annotated[str, AfterValidator(_local)]]
    config: dict[str, JsonValue]
    cameras: list[Camera]
    microphone: Microphone | None
    speaker: Speaker | None
    echo_free: bool
    absent: list[Absent]
    models: Annotated[dict[Kind, Model], AfterValidator(_models)]


class Motion(TypedDict):
    share: Share
    where: Literal["left", "centre", "right", "camera"] | None
    since: Moment | None
    differs: Share
    settled: NotRequired[bool]


_Asked = {"kind": Name, "method": Name, "at": Moment, "digest": Name, "asked": NotRequired[str]}
_Result = {"took": NotRequired[Seconds], "error": NotRequired[str | None], "state": NotRequired[State | None]}

LINES: dict[str, Any] = {
    "asks": {"typed": bool, "hold": bool},
    "ask": {"at": Moment, "text": str, "together": NotRequired[bool]},
    "event": {"event": Event},
    "chunk": {"at": Moment, "from": Moment, "n": Annotated[int, Field(ge=0, le=2**24)], "lost": Count},
    "picture": {"camera": Name, "taken": Moment, "file": File},
    "frame": {"at": Moment, "camera": Name, "taken": Moment, "wanted": bool, "still": bool,
              "motion": NotRequired[Motion]},
    "guard": {"at": Moment, "camera": Name, "taken": Moment, "kind": Matter, "began": bool, "since": Moment},
    "light": {"at": Moment, "camera": Name, "taken": Moment, "step": Literal["darker", "brighter"] | None,
              "steps": bool, "blind": bool},
    "opening": {"stored": str | None, "introduction": str, "asked": bool},
    "call": {**_Asked, **_Result, "gave": NotRequired[Given], "sound": NotRequired[File]},
    "stream": {**_Asked, "id": Count},
    "piece": {"of": Count, "took": Seconds, "gave": Given},
    "end": {"of": Count, **_Result},
    "play": {
        "at": Moment, "ended": Moment, "began": Moment | None, "total": Samples, "played": Samples, "rate": Rate,
        "cut": bool, "cut_at": NotRequired[Moment], "error": NotRequired[str],
    },
    "tools": {"at": Moment, "server": Name, "tools": list[Annotated[dict[str, JsonValue], AfterValidator(_tool)]]},
    "stall": {"at": Moment, "lasted": Annotated[float, Field(ge=0, le=3600)]},
    "ended": {"at": Moment, "device": Name, "error": NotRequired[str]},
    "over": {"at": Moment, "how": Literal["ended", "cancelled"]},
}  # fmt: skip
"""From what a line is to what else stands in it."""

_HEADER: TypeAdapter[Any] = TypeAdapter(Header)


def _form(what: str) -> TypeAdapter[Any]:
    form: Any = TypedDict
    return TypeAdapter(form(what, {"is": str, **LINES[what]}))


_LINES = {what: _form(what) for what in LINES}


class OtherVersion(ValueError):
    """A recording of another format."""


def header(text: str) -> dict[str, Any]:
    """The header. Raises ValueError: it is none, in one line."""
    value = _json(text)
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise OtherVersion
    return _checked(_HEADER.validate_python, value)


def line(text: str) -> dict[str, Any]:
    """One line of the journal. Raises ValueError: it is none, in one line."""
    value = _json(text)
    what = value.get("is") if isinstance(value, dict) else None
    if not isinstance(what, str) or what not in _LINES:
        raise ValueError("is nothing that happens in a session")
    return _checked(_LINES[what].validate_python, value)


def _checked(validate: Callable[..., Any], value: Any) -> dict[str, Any]:
    try:
        found: dict[str, Any] = validate(value, strict=True)
    except ValidationError as error:
        raise ValueError(first_mistake(error)) from error
    except RecursionError as error:
        raise ValueError("its values stand too deep within each other") from error
    return found


def first_mistake(error: ValidationError) -> str:
    """The first one with its place, in one line."""
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(one) for one in first["loc"])
    return one_line(f"{place}: {first['msg'].removeprefix('Value error, ')}")[:300]


def _json(text: str) -> Any:
    """Raises ValueError, also for numbers that are none and for what is nested too deep."""
    # Whoever compares values goes into each; most lines have no more brackets than that at all.
    if text.count("[") + text.count("{") > DEEPEST and _depth(text) > DEEPEST:
        raise ValueError("its values stand too deep within each other")
    return json.loads(text, parse_constant=_no_number)


def _depth(text: str) -> int:
    """How deep brackets stand in each other; those in words count too, which harms none that was recorded."""
    depth = deepest = 0
    for letter in text:
        depth += (letter in "[{") - (letter in "]}")
        deepest = max(depth, deepest)
    return deepest


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")
