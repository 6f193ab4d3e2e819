"""What a scenario expects, judged by what was said in its session, and when its voice was heard."""

from __future__ import annotations

import pytest

from assistant import judging
from assistant.scenarios import Expect, Scenario
from pipelines.types import Event, Reply, Started, Trouble


def reply(text: str, at: float, *, cut: bool = False, wait: float = 0.5, ended: float | None = None) -> Reply:
    """A reply at a second of the scenario, which begins at 1000 s."""
    return Reply(text, "", 1000 + at - wait, 1000 + at, 1000 + (at + 1 if ended is None else ended), cut)


def passed(expect: Expect, *replies: Event) -> bool:
    scenario = Scenario(about="x", expect=(expect,))
    (verdict,) = judging.judge(scenario, [Started(1000.0, "", {}), *replies])
    return verdict.passed


@pytest.mark.parametrize(
    ("wanted", "text", "met"),
    [
        ("one", "I see at least ONE person.", True),
        ("one", "Someone is there.", False),
        ("at least  one", "at least\none", True),
        ("2", "There are 12.", False),
        ("two", "There are 12.", False),
        ("一个人", "我看到一个人。", True),
        ("c++ (new)", "It reads C++ (new).", True),
    ],
)
def test_words_are_whole_words(wanted: str, text: str, met: bool) -> None:
    assert passed(Expect(after=1, within=2, says=("nothing like it", wanted)), reply(text, 2)) is met


def test_only_replies_that_begin_in_time_count() -> None:
    expect = Expect(after=2, within=2, says=("yes",))
    assert passed(expect, reply("yes", 3.9))
    assert not passed(expect, reply("yes", 1.5))
    assert not passed(expect, reply("yes", 4.5))
    assert not passed(expect)


def test_what_must_never_be_said() -> None:
    expect = Expect(after=2, within=2, says=("yes",), never=("no",))
    assert passed(expect, reply("yes", 3))
    assert not passed(expect, reply("yes", 3), reply("no", 3.5)), "not even in another reply"
    assert passed(expect, reply("yes", 3), reply("no", 5))
    assert passed(Expect(after=2, within=2, never=("no",))), "who says nothing says nothing wrong"


def test_how_a_reply_ends_and_how_soon_it_comes() -> None:
    interrupted = Expect(after=2, within=2, interrupted=True, ends_before=4)
    assert passed(interrupted, reply("I was", 3, cut=True, ended=3.9))
    assert not passed(interrupted, reply("I was", 3, cut=True, ended=4.2))
    assert not passed(interrupted, reply("I was not", 3, ended=3.9))
    soon = Expect(after=2, within=2, wait=1)
    assert passed(soon, reply("yes", 3, wait=0.9))
    assert not passed(soon, reply("yes", 3, wait=1.1))


def test_silence_is_judged_by_what_was_heard() -> None:
    scenario = Scenario(about="x", expect=(Expect(after=4, within=2, silent=True),))
    events = [Started(1000.0, "", {}), reply("a long story", 1, ended=9)]
    assert judging.judge(scenario, events, heard=[(1001.0, 1003.9), (1006.1, 1009.0)])[0].passed, "it was held"
    assert not judging.judge(scenario, events, heard=[(1001.0, 1004.5)])[0].passed
    assert not judging.judge(scenario, events)[0].passed


def test_a_session_with_trouble_has_failed() -> None:
    scenario = Scenario(about="x", expect=(Expect(after=4, within=2, silent=True),))
    verdicts = judging.judge(scenario, [Started(0.0, "", {}), Trouble("chat", "gone\nfor ever", 3.0)])
    assert [one.passed for one in verdicts] == [True, False]
    assert verdicts[1].found == "chat: gone for ever"
