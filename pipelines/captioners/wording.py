"""Facts as one or two plain sentences that a person reads and a language model understands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pipelines.types import Facts
from pipelines.wording import listed, one_line, quoted, where

MANY_LINES = 12
"""Lines of text that are quoted; the rest is counted."""


def sentences(facts: Facts, reads: bool = True) -> str:
    """What there is to say: people, text, codes, light and colours, what changed. `reads`: text was looked for."""
    parts = (_people(facts, reads), _text(facts), _codes(facts.codes), _look(facts), _changes(facts.changes))
    return one_line(" ".join(sentence for part in parts for sentence in part))


def _people(facts: Facts, reads: bool) -> Iterator[str]:
    if facts.people:
        number = "1 person" if facts.people == 1 else f"{facts.people} people"
        spots = listed([where(place) for place in dict.fromkeys(facts.places)]) if facts.places else ""
        yield f"At least {number}{', ' + spots if spots else ''}."
    elif facts.maybe_people:
        yield "Possibly a person."
    elif facts.people == 0:
        yield "No person and no readable text found." if reads and not facts.text else "No person found."


def _text(facts: Facts) -> Iterator[str]:
    if facts.text:
        lines = quoted(" / ".join(facts.text[:MANY_LINES]), "“”")
        rest = len(facts.text) - MANY_LINES
        yield f"It reads: {lines}" + (f" and {rest} more lines." if rest > 0 else ".")


def _codes(codes: Sequence[str]) -> Iterator[str]:
    yield from (f"A code says {quoted(code, '“”')}." for code in codes)


def _look(facts: Facts) -> Iterator[str]:
    light = {"dark": "It is dark", "dim": "The light is dim", "bright": "It is bright"}.get(facts.light or "")
    mostly = f"ostly {listed(facts.colours)}" if facts.colours and facts.light != "dark" else ""
    if light or mostly:
        yield f"{light}; m{mostly}." if light and mostly else f"{light}." if light else f"M{mostly}."
    if facts.blurred:
        yield "The picture is blurred."


def _changes(changes: Sequence[str]) -> Iterator[str]:
    if changes:
        yield f"Since the last picture: {', '.join(changes)}."
