"""Whether a session met what its scenario expects, expectation by expectation, and how soon."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from assistant.scenarios import Expect, Scenario
from assistant.scenery import Span
from pipelines.types import Event, Reply, Started, Trouble
from pipelines.wording import listed, one_line, quoted

JUST = 0.05
"""Seconds by which a second of the scenario may be missed: the camera and the microphone begin a moment apart."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One expectation, and what became of it."""

    expected: str
    passed: bool
    found: str
    """What was said instead, or in which words it was met."""
    at: float | None = None
    """Second of the scenario at which the reply began."""
    waited: float | None = None
    """Seconds from the end of the question to its first sound."""


def judge(scenario: Scenario, events: Sequence[Event], heard: Sequence[Span] = ()) -> list[Verdict]:
    """A verdict for each expectation, in their order, and one for each trouble that the session had.

    `heard`: when the voice was heard; without it, silence is judged by when replies began and ended.
    """
    start = next((event.at for event in events if isinstance(event, Started)), 0.0)
    replies = [event for event in events if isinstance(event, Reply) and event.text]
    sounds = [
        (began - start, ended - start) for began, ended in heard or [(r.answered_at, r.ended_at) for r in replies]
    ]
    verdicts = [
        _silence(expect, sounds) if expect.silent else _judged(expect, replies, start) for expect in scenario.expect
    ]
    troubles = [event for event in events if isinstance(event, Trouble)]
    return verdicts + [Verdict("no trouble", False, one_line(f"{one.part}: {one.why}")) for one in troubles]


def _silence(expect: Expect, sounds: Sequence[Span]) -> Verdict:
    heard = [one for one in sounds if one[0] < expect.before - JUST and one[1] > expect.after + JUST]
    found = listed([f"{began:.2f}–{ended:.2f} s" for began, ended in heard])
    return Verdict(_in_words(expect), not heard, f"the voice was heard at {found}" if heard else "nothing was heard")


def _judged(expect: Expect, replies: Sequence[Reply], start: float) -> Verdict:
    heard = [one for one in replies if expect.after - JUST <= one.answered_at - start <= expect.before + JUST]
    told = _in_words(expect)
    if forbidden := [one for one in heard if _any_of(expect.never, one.text)]:
        return _about(told, False, forbidden[0], start)
    if not heard and not _of_a_reply(expect):
        return Verdict(told, True, "nothing was said")
    if good := [one for one in heard if _met(expect, one, start)]:
        return _about(told, True, good[0], start)
    return _about(told, False, heard[0], start) if heard else Verdict(told, False, _nothing(replies, start))


def _of_a_reply(expect: Expect) -> bool:
    wanted = (expect.interrupted, expect.wait, expect.ends_before)
    return bool(expect.says) or any(one is not None for one in wanted)


def _met(expect: Expect, reply: Reply, start: float) -> bool:
    return (
        (not expect.says or _any_of(expect.says, reply.text))
        and expect.interrupted in (None, reply.cut)
        and (expect.wait is None or reply.answered_at - reply.asked_at <= expect.wait)
        and (expect.ends_before is None or reply.ended_at - start <= expect.ends_before + JUST)
    )


def _any_of(wanted: Sequence[str], text: str) -> bool:
    return any(_within(one, text) for one in wanted)


def _within(wanted: str, text: str) -> bool:
    """Whether it is in the text, in capitals or not; where words are written apart, as whole words."""
    pattern = re.escape(" ".join(wanted.split())).replace(r"\ ", r"\s+")
    if wanted.isascii():
        pattern = rf"(?<!\w){pattern}(?!\w)"
    return re.search(pattern, text, re.IGNORECASE) is not None


def _about(told: str, passed: bool, reply: Reply, start: float) -> Verdict:
    cut = f", cut at {reply.ended_at - start:.2f} s" if reply.cut else ""
    found = f"{quoted(one_line(reply.text))}{cut}"
    return Verdict(told, passed, found, reply.answered_at - start, reply.answered_at - reply.asked_at)


def _nothing(replies: Sequence[Reply], start: float) -> str:
    began = [f"{one.answered_at - start:.2f}" for one in replies]
    return f"nothing was said then; replies began at {listed(began)} s" if began else "nothing was said at all"


def _in_words(expect: Expect) -> str:
    wanted = [f"{expect.after:g}–{expect.before:g} s:"]
    wanted += ["silence"] if expect.silent else []
    wanted += [f"says {' or '.join(map(quoted, expect.says))}"] if expect.says else []
    wanted += [f"never {' or '.join(map(quoted, expect.never))}"] if expect.never else []
    wanted += ["interrupted" if expect.interrupted else "not interrupted"] if expect.interrupted is not None else []
    wanted += [f"within {expect.wait:g} s of the question"] if expect.wait is not None else []
    wanted += [f"silent by {expect.ends_before:g} s"] if expect.ends_before is not None else []
    return " ".join([wanted[0], ", ".join(wanted[1:])])
