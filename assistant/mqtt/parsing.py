"""Orders as they come in: plain text, as Home Assistant sends it, or a JSON object; nothing else is obeyed."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel, ValidationError

from assistant.mqtt.forms import FORMS, Name, NumberOrder, Order, Refused, TopicsOrder
from pipelines.mistakes import first_mistake
from pipelines.wording import one_line

LARGEST = 8192
"""Bytes of a payload."""
STALE = timedelta(seconds=60)
"""An order is for now: one that is older, or of a time to come, is refused."""
NONE = "none"
"""What stands for no topic at all: an empty text would be one that was forgotten."""
PRESS = "PRESS"
"""What a button sends."""
_NUMBER = re.compile(r"\d{1,6}(\.\d{1,6})?")


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


class _Named(BaseModel):
    transaction: Name = ""


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
    if issubclass(form, NumberOrder) and _NUMBER.fullmatch(text.strip()):
        return float(text)
    if form is TopicsOrder and text.strip():
        return () if text.strip() == NONE else tuple(text.replace(",", " ").split())
    return text
