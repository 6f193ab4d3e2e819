"""What models are given and what they give, as a recording keeps it: a digest of the one, JSON of the other."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, astuple, fields, is_dataclass
from functools import cache
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from devices.media import Frame, Samples
from pipelines.backends import Look, Prompt, Spoken
from pipelines.spots import Spot
from pipelines.tools import ToolCall
from pipelines.types import Facts, Heard, Seen, Word

KEPT: dict[str, type] = {kind.__name__: kind for kind in (Seen, Heard, Facts, ToolCall, Spot)}
"""The dataclasses among the outputs of models that are JSON as they stand."""

NEVER = 1e9
"""Seconds that a call took which never ended."""
FULL_SCALE = 32767
"""What 1.0 is in 16-bit sound."""
SEVERAL: dict[str, type] = {"list": list, "tuple": tuple}
"""Where a model gives several things at once, how it does."""
FARTHEST = 1000.0
"""Widths or heights of a picture beyond which no box of anything lies."""


def digest(given: tuple[Any, ...]) -> str:
    """Eight bytes, in hexadecimal, that stand for what a model is given.

    Times, and all that is a fraction, are left out: they differ a little whenever a session runs.
    """
    told = json.dumps(_bare(given), sort_keys=True, default=repr)
    return hashlib.blake2b(told.encode(), digest_size=8).hexdigest()


def _bare(value: Any) -> Any:
    """JSON without fractions, with the digest of pictures and sound in their place."""
    match value:
        case float():
            return None
        case np.ndarray():
            return hashlib.blake2b(np.ascontiguousarray(value).tobytes(), digest_size=8).hexdigest(), value.shape
        case dict():
            return {str(key): _bare(one) for key, one in value.items()}
        case tuple() | list():
            return [_bare(one) for one in value]
        case _ if is_dataclass(value):
            bare = {one.name: _bare(getattr(value, one.name)) for one in fields(value) if one.compare}
            # So that a time that values have from now on makes no earlier recording another one.
            return {name: one for name, one in bare.items() if one is not None}
        case _:
            return value


def summary(given: tuple[Any, ...]) -> str:
    """What a model is given in words a person knows again; empty for pictures and sound."""
    match given[:1]:
        case (str() as text,) | (Prompt(question=text),) | (Look(question=text),):
            return text[:200]
        case _:
            return ""


def rounded(samples: Samples) -> Samples:
    """The sound as 16 bits hold it, so that what is kept is exactly what was heard."""
    return from_pcm(pcm(samples))


def pcm(samples: Samples) -> Any:
    """Sound in [-1, 1] as 16-bit integers."""
    return np.rint(np.clip(samples, -1, 1) * FULL_SCALE).astype(np.int16)


def from_pcm(samples: Any) -> Samples:
    """16-bit integers as sound in [-1, 1]."""
    sound: Samples = (samples / np.float32(FULL_SCALE)).astype(np.float32)
    return sound


def as_kept(value: Any) -> Any:
    """A model's output as JSON. Of sound only its words: its samples are kept in a file.

    What no model should give is kept as the name of its type.
    """
    match value:
        case None | str() | bool() | int() | float():
            return value
        case np.generic():
            return value.item()
        case Spoken():
            return {"Spoken": [asdict(word) for word in value.words]}
        case np.ndarray():
            return {"Sound": None}
        case Sequence():
            return {"tuple" if isinstance(value, tuple) else "list": [as_kept(one) for one in value]}
        case _ if type(value).__name__ in KEPT:
            return {type(value).__name__: asdict(value)}
        case _:
            return {"Odd": type(value).__name__}


def from_kept(kept: Any, sound: Samples | None = None) -> Any:
    """The output again; `sound` are the samples of its file. Raises ValueError: no model's output is kept so."""
    if not isinstance(kept, dict):
        return kept
    ((name, value),) = kept.items()
    if name == "Sound":
        return sound
    if name == "Spoken":
        words = adapter(tuple[Word, ...]).validate_python(value)
        return Spoken(sound if sound is not None else np.zeros(0, np.float32), words)
    if name in SEVERAL:
        return SEVERAL[name](from_kept(one) for one in _listed(value))
    # What no model should give is as wrong when it comes again, in the same words.
    return _placed(adapter(KEPT[name]).validate_python(value)) if name in KEPT else type(str(value), (), {})()


def _listed(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError("is no list")
    return value


def _placed(value: Any) -> Any:
    """The same. Raises ValueError for something that lies nowhere near its picture."""
    if isinstance(value, Spot) and not all(abs(side) <= FARTHEST for side in (*astuple(value.box), value.score)):
        raise ValueError("a box lies nowhere in a picture")
    return value


@cache
def adapter(kind: Any) -> TypeAdapter[Any]:
    """What checks a value of this type."""
    return TypeAdapter(kind)


def pictures(given: tuple[Any, ...]) -> list[Frame]:
    """The frames among what a model is given."""
    return [one if isinstance(one, Frame) else one.frame for one in given if isinstance(one, Frame | Look)]
