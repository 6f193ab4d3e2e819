"""Names that Home Assistant takes: of the device and of what it consists of, the same ones at every start."""

from __future__ import annotations

import hashlib
import re
import unicodedata

_PLAIN = re.compile(r"[a-z0-9_]+(/[a-z0-9_]+)*")
"""What needs no digest to be unlike all others."""
_LONGEST = 48


def slug(name: str) -> str:
    """Small letters, digits and underlines alone; different names may have the same one."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:_LONGEST].strip("_") or "x"


def identity(name: str) -> str:
    """The slug, and where another name could have the same one, a digest of the name: no two names share it.

    It rests on nothing but the name, so that it stays when cameras are added, removed or sorted.
    """
    if _PLAIN.fullmatch(name) and len(name) <= _LONGEST:
        return name.replace("/", "-")
    return f"{slug(name)}_{hashlib.sha256(name.encode()).hexdigest()[:8]}"
