"""Names that Home Assistant takes: of the device and of what it consists of, the same ones at every start."""

from __future__ import annotations

import hashlib
import re

from pipelines.wording import LONGEST_SLUG, slug

_PLAIN = re.compile(r"[a-z0-9_]+(/[a-z0-9_]+)*")
"""What needs no digest to be unlike all others."""


def identity(name: str) -> str:
    """The slug, and where another name could have the same one, a digest of the name: no two names share it.

    It rests on nothing but the name, so that it stays when cameras are added, removed or sorted.
    """
    if _PLAIN.fullmatch(name) and len(name) <= LONGEST_SLUG:
        return name.replace("/", "-")
    return f"{slug(name)}_{hashlib.sha256(name.encode()).hexdigest()[:8]}"
