"""Looks on demand: which questions are about the picture, which frame is looked at, and what a late look changes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from devices.media import Frame, Samples
from pipelines.agreement import disagree
from pipelines.backends import Look, Prompt
from pipelines.framering import FrameRing
from pipelines.looking import LookingOptions
from pipelines.types import Caption, Heard, Looked, Recovered, Reply, Transcript, Trouble, TurnTrace, Word
from pipelines.visible import pointed_at, remembered, visible
from tests.fakes import FakeCamera, FakeCaptioner, FakeChat, FakeMicrophone
from tests.lookers import ScriptedLooker
from tests.stage import Stage

WHAT = "What is this?"


def answers(prompt: Prompt) -> str:
    """From the look if there is one, else from the newest caption."""
    if prompt.looked is not None and prompt.looked.text:
        return f"I see it now: {prompt.looked.text}"
    return f"I have seen {prompt.scene[-1].text}." if prompt.scene else "I have seen nothing."


def typed(*lines: tuple[float, str]) -> Callable[[], AsyncIterator[str]]:
    """Asks, each after so many seconds."""

    async def asks() -> AsyncIterator[str]:
        for wait, line in lines:
            await asyncio.sleep(wait)
            yield line

    return asks


async def told(looker: Any, *lines: tuple[float, str], **stage: Any) -> Stage:
    """What a session tells whose camera shows one shade, asked these lines."""
    chat = FakeChat({line: answers for _, line in lines})
    given = {"cameras": [FakeCamera([7] * 100)], "chat": chat, "captioner": looker, "speaker": None} | stage
    played = Stage(asks=typed(*lines), asks_hold=True, **given)
    await played.run()
    return played


async def test_a_question_about_the_picture_is_put_to_the_model_itself() -> None:
    looker = ScriptedLooker()
    stage = await told(looker, (1.0, WHAT))
    assert stage.said() == ["I see it now: A red cup."]
    (looked,) = stage.told(Looked)
    assert (looked.text, looked.camera, looked.late, looked.question) == ("A red cup.", "desk", False, WHAT)
    assert looked.took == pytest.approx(0.3)
    (trace,) = stage.told(TurnTrace)
    assert trace.look_at == pytest.approx(trace.said_at)
    assert trace.looked_at == pytest.approx(trace.said_at + 0.3)
    assert trace.photon_at == pytest.approx(looked.captured_at)
    assert looker.looked[0].max_tokens == LookingOptions().max_tokens


async def test_other_questions_and_other_captioners_look_at_nothing() -> None:
    looker = ScriptedLooker()
    assert (await told(looker, (1.0, "tell me a joke"))).told(Looked) == []
    assert looker.looked == []
    stage = await told(FakeCaptioner(), (1.0, WHAT))
    assert stage.told(Looked) == []
    assert stage.said() == ["I have seen shade 7."]


@dataclass
class Pointing:
    """Hears "what is this", the last word of it 0.4 s after the start."""

    timed: bool = True

    def transcribe(self, samples: Samples) -> Heard:
        words = (Word("what", 0.1, 0.2), Word("is", 0.2, 0.3), Word("this?", 0.4, 0.5))
        return Heard(WHAT, words=words if self.timed else ())


async def spoken(looker: ScriptedLooker, timed: bool) -> Stage:
    shades = [number * 2 for number in range(60)]
    stage = Stage(
        cameras=[FakeCamera(shades, every=0.1)],
        microphone=FakeMicrophone([(1.0, 0.0), (1.6, 0.1), (3.0, 0.0)]),
        transcriber=Pointing(timed),  # type: ignore[arg-type]
        chat=FakeChat({WHAT: answers}),
        captioner=looker,
        speaker=None,
    )
    await stage.run()
    return stage


async def test_a_caption_that_still_holds_is_not_looked_for_again() -> None:
    fresh, stale = ScriptedLooker(), ScriptedLooker()
    await told(fresh, (1.0, "what do you see"))
    await told(stale, (5.0, "what do you see"), cameras=[FakeCamera([7] * 20)])
    assert (len(fresh.looked), len(stale.looked)) == (0, 1)


async def test_the_frame_is_that_of_the_moment_at_which_the_word_was_said() -> None:
    looker = ScriptedLooker(lambda look: f"Shade {look.frame.pixels[0, 0, 0]}.")
    stage = await spoken(looker, timed=True)
    (said,) = stage.told(Transcript)
    assert said.words[-1].start < said.said_at - 0.5
    moment = (said.words[-1].start + said.words[-1].end) / 2
    (looked,) = stage.told(Looked)
    assert abs(looked.captured_at - moment) <= 0.15
    assert stage.said() == [f"I see it now: {looked.text}"]


async def test_without_word_times_it_is_that_of_the_end_of_speech() -> None:
    stage = await spoken(ScriptedLooker(), timed=False)
    (said,), (looked,) = stage.told(Transcript), stage.told(Looked)
    assert abs(looked.captured_at - said.said_at) <= 0.15


async def test_a_late_look_that_agrees_says_nothing() -> None:
    stage = await told(ScriptedLooker("Shade seven? No: shade 7, plain.", seconds=3.0), (1.0, WHAT))
    assert stage.said() == ["I have seen shade 7."]
    (looked,) = stage.told(Looked)
    assert looked.late


async def test_a_late_look_that_disagrees_corrects_within_the_same_turn() -> None:
    stage = await told(ScriptedLooker("A red cup.", seconds=3.0), (1.0, WHAT))
    assert stage.said() == ["I have seen shade 7. Looking closer: A red cup."]
    (reply,), (trace,) = stage.told(Reply), stage.told(TurnTrace)
    assert reply.answered_at - reply.asked_at == pytest.approx(LookingOptions().budget)
    assert trace.looked_at == pytest.approx(trace.said_at + 3.0)


async def test_it_is_corrected_in_the_language_of_the_question() -> None:
    chinese = FakeChat({"这是什么？": "你拿着一本书。"})
    stage = await told(ScriptedLooker("一个红色的杯子。", seconds=3.0), (1.0, "这是什么？"), chat=chinese)
    assert stage.said() == ["你拿着一本书。 再仔细看一下：一个红色的杯子。"]


async def test_where_nothing_was_seen_yet_the_answer_waits_for_the_look() -> None:
    stage = await told(ScriptedLooker(seconds=3.0, captioning=8.0), (1.0, WHAT))
    assert stage.said() == ["I see it now: A red cup."]


async def test_a_look_that_fails_is_told_once_and_the_answer_is_made_from_captions() -> None:
    stage = await told(ScriptedLooker(fails=2), (1.0, WHAT), (2.0, WHAT), (2.0, WHAT))
    assert stage.said() == ["I have seen shade 7.", "I have seen shade 7.", "I see it now: A red cup."]
    assert [(trouble.part, trouble.why) for trouble in stage.told(Trouble)] == [("look", "the lens is dirty")]
    assert [well.part for well in stage.told(Recovered)] == ["look"]


async def test_a_chat_that_fails_leaves_the_word_to_the_look() -> None:
    stage = await told(ScriptedLooker(), (1.0, WHAT), (1.0, "tell me a joke"), chat=FakeChat({}))
    assert stage.said() == ["A red cup.", "Sorry, I cannot answer just now."]


async def test_a_look_that_hangs_is_given_up() -> None:
    stage = await told(ScriptedLooker(seconds=1000.0), (1.0, WHAT))
    assert stage.said() == ["I have seen shade 7."]
    (trouble,), (reply,) = stage.told(Trouble), stage.told(Reply)
    assert trouble.why == "the question was not answered within 15 s"
    assert reply.ended_at - reply.asked_at == pytest.approx(15.0)


async def test_a_caption_in_progress_makes_way_and_is_made_afterwards() -> None:
    looker = ScriptedLooker(captioning=4.0)
    camera = FakeCamera([1] * 60 + [9] * 60)
    stage = await told(looker, (7.0, WHAT), cameras=[camera])
    (looked,) = stage.told(Looked)
    assert looked.took < 1.5  # one piece of the caption, and the look
    assert (looker.begun, looker.closed) == ([1, 9, 9], 1)
    captions = stage.told(Caption)
    assert [caption.text for caption in captions] == ["shade 1", "shade 9"]
    assert captions[1].captured_at < looked.captured_at < captions[1].captured_at + captions[1].took


async def test_whoever_asks_anew_ends_the_look_before() -> None:
    looker = ScriptedLooker(seconds=8.0)
    stage = await told(looker, (1.0, WHAT), (2.0, "tell me a joke"))
    assert stage.told(Looked) == []
    assert [look.question for look in looker.looked] == [WHAT]
    assert stage.told(Reply)[0].cut


async def test_the_camera_that_is_named_is_looked_through() -> None:
    cameras = [FakeCamera([7] * 60, name="desk"), FakeCamera([7] * 30 + [9] * 30, name="door")]
    lines = ((4.0, WHAT), (1.0, "What is that on the desk?"))
    stage = await told(ScriptedLooker(), *lines, cameras=cameras)
    assert [looked.camera for looked in stage.told(Looked)] == ["door", "desk"]


@pytest.mark.parametrize(
    ("question", "camera"),
    [
        ("What is that on camera2?", "camera2"),
        ("What is that on Camera 2?", "camera 2"),
        ("What is that on the camera?", "camera"),
        ("What is this for cameramen?", "camera2"),
        ("camera这是什么？", "camera"),
    ],
)
async def test_a_camera_is_named_by_its_whole_name(question: str, camera: str) -> None:
    names = ("desk", "camera", "camera 2", "camera2")
    stage = await told(ScriptedLooker(), (1.0, question), cameras=[FakeCamera([7] * 60, name=name) for name in names])
    assert [looked.camera for looked in stage.told(Looked)] == [camera]  # unnamed: the one that showed news last


async def test_a_model_that_is_always_late_is_waited_for_only_briefly_until_it_is_quick_again() -> None:
    looker = ScriptedLooker(seconds=3.0)

    async def asks() -> AsyncIterator[str]:
        for seconds in (3.0, 3.0, 3.0, 3.0, 0.8, 0.8):
            await asyncio.sleep(10.0)
            looker.seconds = seconds
            yield WHAT

    stage = Stage(cameras=[FakeCamera([7] * 700)], chat=FakeChat({WHAT: answers}), captioner=looker, speaker=None)
    stage.asks = asks
    await stage.run()
    waited = [reply.answered_at - reply.asked_at for reply in stage.told(Reply)]
    assert waited == pytest.approx([1.2, 1.2, 1.2, 0.2, 0.2, 0.8])
    assert [looked.late for looked in stage.told(Looked)] == [True] * 5 + [False]


def shot(at: float) -> Frame:
    return Frame(np.zeros((100, 100, 3), np.uint8), at, "desk")


def test_the_ring_keeps_seconds_and_bytes_in_bounds() -> None:
    ring = FrameRing(every=0.25, seconds=2.0, megabytes=1.0)
    for number in range(1000):
        ring.put(shot(number / 30))
    assert ring.size <= 9 * 30_000
    assert ring.at(33.0).captured_at == pytest.approx(33.0, abs=0.15)  # type: ignore[union-attr]
    assert ring.at(33.3).captured_at == pytest.approx(33.3, abs=0.02)  # type: ignore[union-attr]
    small = FrameRing(every=0.0, seconds=60.0, megabytes=0.1)
    for number in range(100):
        small.put(shot(number))
    assert small.size <= 100_000


def test_a_ring_that_is_too_small_for_all_keeps_old_frames_less_densely_than_new_ones() -> None:
    ring = FrameRing(every=0.25, seconds=8.0, megabytes=8 * 0.03)
    for number in range(1000):
        ring.put(shot(number / 10))
    assert ring.size <= 8 * 30_000
    off = {ago: abs(ring.at(99.9 - ago).captured_at - (99.9 - ago)) for ago in (0.0, 0.5, 1.0, 2.0, 4.0, 6.5)}  # type: ignore[union-attr]
    assert all(far <= max(0.3, ago / 3) for ago, far in off.items()), off


def test_what_is_too_old_is_not_looked_at() -> None:
    ring = FrameRing(seconds=2.0)
    assert ring.at(0.0) is None
    ring.put(shot(10.0))
    assert ring.at(12.5) is None
    assert ring.at(11.5) is not None


VISIBLE = """
What is this? | what am I holding? | what colour is my shirt | read this | Read this to me please | What's that?
is this ripe? | how many fingers am I holding up? | which of these is bigger | does this match my shirt? | who is this
what does it say here | What do you see? | look at this, what is it? | how does this look | can you see my hand
what brand is this | is that a cat | What is on the table? | tell me what this is | where is my phone
what am I wearing | is there a cup on the desk | What is written on this box? | how many people are there
这是什么？ | 我手里拿着什么 | 我的衣服是什么颜色 | 读一下这个 | 你看到了什么 | 这里写着什么 | 我举着几个手指
那是谁 | 帮我看看
"""
NOT_VISIBLE = """
what is the capital of France? | tell me a joke | how are you | what time is it | what is this song called
is that true
set a timer for five minutes | where did you last see my cup? | what just happened? | when did someone come in?
what day is this | what is the weather this week | what does that mean | how does that work | thank you
what did I just ask | who wrote Hamlet | can you help me with this problem | read me a story | why is that so
what was I holding before | have you seen my keys | what can you do | how many people live in china | this is nice
我刚才拿着什么 | 谁来过 | 现在几点 | 这首歌叫什么 | 讲个故事 | 这是什么意思 | 你好
"""
REMEMBERED = """
where did you last see my cup? | what just happened? | when did someone come in? | have you seen my keys
what was I holding before | where is my phone | what did you see while I was away | what was on the table earlier
was there a cup on the desk | 我刚才拿着什么 | 谁来过 | 我的杯子最后在哪里
"""
NOT_REMEMBERED = """
what is this | what is the capital of France | who was Napoleon | what did I just ask | when was the war
tell me a joke | when did the second world war end | what was the weather like yesterday | did it rain
"""


def listed(text: str) -> list[str]:
    return [question.strip() for line in text.strip().splitlines() for question in line.split("|")]


@pytest.mark.parametrize(
    ("rule", "yes", "no"), [(visible, VISIBLE, NOT_VISIBLE), (remembered, REMEMBERED, NOT_REMEMBERED)]
)
def test_questions_are_known_by_their_wording(rule: Callable[[str], bool], yes: str, no: str) -> None:
    assert [question for question in listed(yes) if not rule(question)] == []
    assert [question for question in listed(no) if rule(question)] == []


def test_the_moment_is_that_of_the_last_word_that_points() -> None:
    words = tuple(Word(text, at, at + 0.2) for at, text in enumerate(["is", "this", "like", "that", "one?"]))
    assert pointed_at(Transcript("", 9.0, words=words)) == pytest.approx(3.1)
    assert pointed_at(Transcript("", 9.0, words=words[:1])) == 9.0
    chinese = (Word("我手里的", 1.0, 1.5), Word("这个", 1.5, 2.0), Word("是什么", 2.0, 2.5))
    assert pointed_at(Transcript("", 9.0, words=chinese)) == pytest.approx(1.75)


@pytest.mark.parametrize(
    ("said", "found", "apart"),
    [
        ("It is a red cup.", "A blue cup.", True),
        ("It is a red mug.", "You are holding a red cup.", False),
        ("I see two people.", "There are 3 people.", True),
        ("Two people are here.", "I count 2 people at a desk.", False),
        ("Yes, there is.", "No, there is none.", True),
        ("Yes, a cat.", "Yes.", False),
        ("I have not seen it.", "A banana.", True),
        ("I can see a banana on the table.", "A yellow banana.", False),
        ("你拿着红色的杯子。", "蓝色的杯子。", True),
        ("你拿着杯子。", "一个杯子。", False),
        ("A cup.", "", False),
    ],
)
def test_what_counts_as_disagreement(said: str, found: str, apart: bool) -> None:
    assert disagree(said, found) is apart


async def test_a_look_is_given_the_question_and_not_the_history() -> None:
    looker = ScriptedLooker()
    await told(looker, (1.0, WHAT), (2.0, WHAT))
    assert [(look.question, look.history) for look in looker.looked] == [(WHAT, ()), (WHAT, ())]
    assert isinstance(looker.looked[0], Look)
