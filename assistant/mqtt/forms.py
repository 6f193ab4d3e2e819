"""What an order may look like: plain text, as Home Assistant sends it, or a JSON object; nothing else is obeyed."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, ValidationError

from devices.media import Options
from pipelines.mistakes import first_mistake
from pipelines.news import Verbosity
from pipelines.wording import one_line

LARGEST = 8192
"""Bytes of a payload."""
LONGEST = 500
"""Characters of a question, or of what is to be said."""
STALE = timedelta(seconds=60)
"""An order is for now: one that is older, or of a time to come, is refused."""
PRESS = "PRESS"
"""What a button sends."""
_NUMBER = re.compile(r"\d{1,6}(\.\d{1,6})?")


class Refused(ValueError):
    """An order that is not obeyed; the message is one line that says why."""


def _harmless(text: str) -> str:
    """Raises ValueError for what a terminal might obey; line breaks and tabs are spaces."""
    if any(unicodedata.category(letter) in ("Cc", "Cs") and letter not in "\t\n\r" for letter in text):
        raise ValueError("has control characters")
    return one_line(text)


def _told(text: str) -> str:
    if not (harmless := _harmless(text)):
        raise ValueError("is empty")
    return harmless


Text = Annotated[str, Field(max_length=LONGEST), AfterValidator(_told)]
Name = Annotated[str, Field(max_length=128), AfterValidator(_harmless)]


class Order(Options):
    """What every one of them may say beside what it wants."""

    plain: ClassVar[str] = ""
    """Where plain text belongs; empty: it is `PRESS`."""

    transaction: Name = ""
    """What whoever asks calls it: it comes back with the answer."""
    at: AwareDatetime | None = None
    """When it was sent, as ISO 8601 with its zone."""


class Press(Order):
    """A button."""


class Look(Order):
    """A question about what is to be seen."""

    camera: Name = ""
    """The one it is about; empty: all."""


class Ask(Look):
    """A question of one's own."""

    plain: ClassVar[str] = "question"

    question: Text


class Say(Order):
    """What the assistant is to say."""

    plain: ClassVar[str] = "text"

    text: Text


class Value(Order):
    """What something is to be from now on: of several, the last one counts."""

    plain: ClassVar[str] = "value"


class Switch(Value):
    """A switch."""

    value: Literal["ON", "OFF"]


class Choose(Value):
    """How much is asked of each picture."""

    value: Verbosity


class Turn(Value):
    """A number of seconds."""

    value: float = Field(ge=0, le=3600, allow_inf_nan=False)


FORMS: dict[str, type[Order]] = {
    "ask": Ask,
    "describe": Look,
    "read": Look,
    "count": Look,
    "say": Say,
    "repeat": Press,
    "stop": Press,
    "privacy": Switch,
    "captioning": Switch,
    "listening": Switch,
    "speaking": Switch,
    "verbosity": Choose,
    "interval": Turn,
}
"""By the name in their topic."""


class _Named(BaseModel):
    transaction: Name = ""


def parsed(name: str, payload: bytes, now: datetime) -> Order:
    """The order of a payload. Raises Refused. `now`: the time of day, with its zone."""
    if len(payload) > LARGEST:
        raise Refused(f"it has {len(payload)} bytes, and may have {LARGEST}")
    try:
        text = payload.decode()
    except UnicodeDecodeError as error:
        raise Refused("it is not UTF-8") from error
    form = FORMS[name]
    try:
        order = _json(form, text) if text.lstrip().startswith("{") else _plain(form, text)
    except ValidationError as error:
        raise Refused(one_line(first_mistake(error, form))[:200]) from error
    if order.at is not None and abs(now - order.at) > STALE:
        raise Refused(f"it is of {order.at:%Y-%m-%d %H:%M:%S}, and orders are for now")
    return order


def transaction(payload: bytes) -> str:
    """What the sender of a payload that is refused calls it; empty where that is not to be had."""
    if len(payload) > LARGEST or not payload.lstrip().startswith(b"{"):
        return ""
    try:
        return _Named.model_validate_json(payload, strict=True).transaction
    except ValidationError:
        return ""


def _json(form: type[Order], text: str) -> Order:
    return form.model_validate_json(text, strict=True)


def _plain(form: type[Order], text: str) -> Order:
    if form.plain:
        return form.model_validate({form.plain: _value(form, text)}, strict=True)
    if text.strip() != PRESS:
        raise Refused(f"send {PRESS}, or a JSON object")
    return form()


def _value(form: type[Order], text: str) -> Any:
    if form is Turn and _NUMBER.fullmatch(text.strip()):
        return float(text)
    return text
