"""What a server answers in place of an answer: statuses, web pages and redirects, each as one line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Protocol

from pipelines.remote.events import Failure, told

LONGEST = 16 << 10
"""Bytes that are read of an error's page."""

PASSING = {408, 409, 425, 429, 500, 502, 503, 504}
"""Statuses after which the same request may fare better."""

HINTS = {
    401: "wants a key, or another one: name its environment variable as `key`",
    403: "does not let this key in",
    404: "has no such address or model: check `url` (it often ends in /v1) and `model`",
    413: "finds the request too large: lower `max_side`",
    429: "has too much to do",
}


class Response(Protocol):
    """Of a response, what is looked at here; `httpx.Response` is one."""

    @property
    def status_code(self) -> int: ...

    @property
    def headers(self) -> Mapping[str, str]: ...

    def iter_raw(self) -> Iterable[bytes]: ...


def check(response: Response) -> None:
    """Raises Failure unless the response begins an answer."""
    status, kind = response.status_code, response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if 300 <= status < 400:
        raise Failure(f"sends one elsewhere (HTTP {status}), which is not followed: write the final address into `url`")
    if status != 200:
        hint, said = HINTS.get(status, "refuses" if status < 500 else "fails"), _said(response, kind)
        raise Failure(
            f"{hint} (HTTP {status})",
            said,
            again=status in PASSING,
            wait=_wait(response.headers.get("retry-after", "")),
            status=status,
        )
    # Not every server calls its events text/event-stream; these two are none for certain.
    if kind == "text/html":
        raise Failure("answers with a web page: check `url` (it often ends in /v1)")
    if kind == "application/json":
        raise Failure("answers with JSON in place of a stream", _said(response, kind) or "it is empty")


def _said(response: Response, kind: str) -> str:
    if kind not in ("application/json", "text/plain", "application/problem+json"):
        return ""
    body = b""
    for chunk in response.iter_raw():
        body += chunk
        if len(body) > LONGEST:
            break
    text = body[:LONGEST].decode("utf-8", "replace")
    try:
        return told(json.loads(text))
    except (ValueError, RecursionError):
        return text


def _wait(header: str) -> float | None:
    """Seconds out of `Retry-After`, which is a number of them or a date; None where it is neither."""
    if header.isascii() and header.isdigit():
        return float(header)
    try:
        return max(0.0, (parsedate_to_datetime(header) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):  # no date, or one without a zone
        return None
