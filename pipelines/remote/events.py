"""The answer of an OpenAI-compatible server: server-sent events, of which each brings a piece of text."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from pipelines.backends import BackendError
from pipelines.remote.calls import Calls
from pipelines.remote.secrets import without
from pipelines.wording import one_line, printable

LARGEST = 4 << 20
"""Bytes of a whole answer with all that is around its words."""
LONGEST_LINE = 64 << 10
"""Bytes of one line."""
QUOTED = 200
"""Letters that an error quotes of what the server says."""


class Failure(BackendError):
    """A request that brought no answer."""

    def __init__(
        self, what: str, quoted: str = "", again: bool = False, wait: float | None = None, status: int = 200
    ) -> None:
        super().__init__(what)
        self._quoted, self.status = quoted, status
        self.again = again
        """Whether the same request may fare better a little later."""
        self.wait = wait
        """Seconds after which the server wants to be asked again, where it says so."""

    def line(self, secret: str = "") -> str:
        """What went wrong and the server's own words, without the secret: hidden before anything is cut off."""
        words = without(secret, one_line(self._quoted))[:QUOTED]
        return f"{self}: {words}" if words else str(self)


def lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The lines of a body, without their ends. Raises Failure when it is too large to be an answer."""
    taken, rest = 0, b""
    for chunk in chunks:
        taken += len(chunk)
        *whole, rest = (rest + chunk).split(b"\n")
        if taken > LARGEST or len(rest) > LONGEST_LINE:
            raise Failure("sends more than any answer is long")
        yield from whole
    yield rest


def pieces(lines: Iterable[bytes], calls: Calls | None = None) -> Iterator[str]:
    """The pieces of text; empty ones for events without any. Lines that do not begin with `data:` are passed over.

    Calls of tools are put on `calls`; without it they are passed over.

    The answer is whole at `data: [DONE]`, or when the body ends after an event with a `finish_reason`: not all servers
    send the first. Raises Failure.
    """
    reason, said, calls = "", False, Calls() if calls is None else calls
    for line in lines:
        data = line.removeprefix(b"data:").strip() if line.startswith(b"data:") else b""
        if data == b"[DONE]":
            break
        if data:
            piece, ended = _delta(data, calls)
            reason, said = ended or reason, said or bool(piece)
            yield piece
    else:
        if not reason:
            raise Failure("broke off in the middle of its answer", again=True)
    if not said and not calls:
        _explain(reason)


def _delta(data: bytes, calls: Calls) -> tuple[str, str]:
    """An event's piece of text, and why the answer ends with it, if it does."""
    try:
        event: Any = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Failure("sends an event that is no JSON", _text(data)) from error
    match event:
        case {"choices": [{"delta": {"tool_calls": [*parts]}}, *_]}:
            calls.add(parts)
    match event:
        case {"error": error} if error:
            raise Failure("says", told(event))
        case {"choices": []}:  # an account of the tokens, or a sign of life
            return "", ""
        case {"choices": [{"delta": {"content": str(text)}, **rest}, *_]}:
            return printable(text, keep="\n"), str(rest.get("finish_reason") or "")
        case {"choices": [{"delta": {**delta}, **rest}, *_]} if delta.get("content") is None:
            return "", str(rest.get("finish_reason") or "")
        case {"choices": [{"finish_reason": str(reason), **rest}, *_]} if not rest.get("delta"):
            return "", reason
    raise Failure("sends an event that is no part of a chat completion", _text(data))


def _explain(reason: str) -> None:
    """Why there is no text, where the server says it."""
    if reason == "content_filter":
        raise Failure("withholds its answer (content filter)")
    if reason == "length":
        raise Failure("used up the longest answer without a word of it (thinking?): allow more tokens")


def told(body: object) -> str:
    """What the server says about its error, as it stands; empty where it says nothing readable."""
    match body:
        case {"error": {"message": str(text)}} | {"error": str(text)} | {"detail": str(text)} | {"message": str(text)}:
            return text
    try:
        return json.dumps(body, ensure_ascii=False) if body else ""
    except RecursionError:
        return ""


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
