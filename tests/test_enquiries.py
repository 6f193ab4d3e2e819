"""What programs ask is answered in writing: beside the conversation, after it, and never into it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pytest

from pipelines.backends import Prompt
from pipelines.chats.requests import Request, recognise
from pipelines.enquiries import LONGEST, MOST, Enquiry
from pipelines.news import Answer
from pipelines.phrases import PHRASES
from pipelines.talking import ConversationOptions
from pipelines.types import Caption, Facts, Looked, Reply, Seen, Trouble, TurnTrace
from tests.fakes import FakeCamera, FakeChat
from tests.lookers import ScriptedLooker
from tests.playing import Thinker, anything, playing
from tests.stage import Stage

SIX = "one two three four five six"


def ask(question: str = "tell me", camera: str = "", transaction: str = "") -> Enquiry:
    return Enquiry("ask", question, camera, "mqtt", transaction)


def seen(prompt: Prompt) -> str:
    """What a chat says that repeats what it was shown, of which camera and when."""
    return "; ".join(f"{caption.camera}: {caption.text}" for caption in prompt.scene) or "nothing"


def cameras(*names: str, seconds: float = 600.0) -> list[FakeCamera]:
    """Each shows a shade of its own."""
    return [FakeCamera([10 * number] * round(seconds * 2), name, 0.5) for number, name in enumerate(names, 1)]


async def test_the_answer_is_written_and_the_conversation_knows_nothing_of_it() -> None:
    stage = Stage(cameras=cameras("desk", seconds=5), chat=FakeChat({"what now": seen}))
    async with playing(stage) as played:
        now = asyncio.get_running_loop().time()
        answer = await played.controls.enquiries.ask(ask("what now", transaction="17"))
        assert stage.conversation.history == []
    assert answer == Answer(
        "ask", "what now", "desk: shade 10", now, now, source="mqtt", transaction="17", captured_at=answer.captured_at
    )
    assert answer.captured_at is not None
    assert answer.captured_at <= now
    assert stage.told(Answer) == [answer]
    assert stage.told(Reply) == stage.told(TurnTrace) == []
    assert stage.speaker is not None
    assert stage.speaker.plays == []


async def test_a_spoken_question_goes_first_and_the_enquiry_is_begun_anew() -> None:
    chat = Thinker({"tell me": SIX, "hello": "Hello there."})
    stage = Stage(chat=chat)
    async with playing(stage) as played:
        began = asyncio.get_running_loop().time()
        asked = asyncio.create_task(played.controls.enquiries.ask(ask()))
        await asyncio.sleep(1.2)
        await played.hears("hello")
        answer = await asked
    assert [prompt.question for prompt in chat.prompts] == ["tell me", "hello", "tell me"]
    assert chat.closed == 3
    (reply,) = stage.told(Reply)
    assert reply.text == "Hello there."
    assert reply.answered_at - began < 1.2 + 0.5 + 1.0 + 0.1, "at most one word of the enquiry is waited for"
    assert answer.text == SIX
    assert answer.answered_at - began > 1.2 + 1.0 + 3.0


async def test_while_somebody_is_answered_an_enquiry_waits() -> None:
    chat = Thinker({"tell me": "yes", "hello": "One two. Three four."})
    stage = Stage(chat=chat, speaker=None)
    async with playing(stage) as played:
        await played.hears("hello")
        await asyncio.sleep(0.1)
        answer = await played.controls.enquiries.ask(ask())
    assert [prompt.question for prompt in chat.prompts] == ["hello", "tell me"]
    (reply,) = stage.told(Reply)
    assert answer.answered_at == pytest.approx(reply.ended_at + 0.5)


async def test_captions_wait_for_a_programs_look_as_they_do_for_a_persons() -> None:
    looker = ScriptedLooker(seconds=2.0, captioning=0.4)
    shades = FakeCamera([number % 200 for number in range(100)], "desk", 0.3)
    stage = Stage(cameras=[shades], captioner=looker, chat=FakeChat(anything("A cup.")))
    async with playing(stage, after=1.4) as played:
        await played.controls.enquiries.ask(ask("what is this"))
        await asyncio.sleep(2)
    (looked,) = stage.told(Looked)
    (answer,) = stage.told(Answer)
    assert answer.captured_at == looked.captured_at
    captioned = [caption.captured_at + caption.took for caption in stage.told(Caption)]
    assert not [at for at in captioned if answer.asked_at < at < answer.answered_at]
    assert [at for at in captioned if at > answer.answered_at]
    assert looker.closed == 1, "the one in progress was ended"


async def test_a_spoken_question_ends_a_programs_look() -> None:
    looker = ScriptedLooker(seconds=4.0)
    stage = Stage(cameras=cameras("desk"), captioner=looker, chat=FakeChat(anything("A cup.")), speaker=None)
    async with playing(stage) as played:
        asked = asyncio.create_task(played.controls.enquiries.ask(ask("what is this")))
        await asyncio.sleep(1.0)
        await played.hears("tell me a joke")
        answer = await asked
    (reply,) = stage.told(Reply)
    assert reply.answered_at < answer.asked_at + 3.5
    assert len(looker.looked) == 2
    assert answer.text == "A cup."


async def test_programs_are_served_in_the_order_in_which_they_ask() -> None:
    chat = Thinker({f"question {number}": "yes" for number in range(5)})
    stage = Stage(chat=chat)
    async with playing(stage) as played:
        questions = [ask(f"question {number}") for number in range(5)]
        await asyncio.gather(*(played.controls.enquiries.ask(one) for one in questions))
    assert [prompt.question for prompt in chat.prompts] == [one.question for one in questions]
    answered = [answer.answered_at for answer in stage.told(Answer)]
    assert [round(after - before, 3) for before, after in pairwise(answered)] == [0.5] * 4


async def test_more_questions_than_can_wait_are_refused() -> None:
    stage = Stage(chat=Thinker(anything("yes")))
    async with playing(stage) as played:
        answers = await asyncio.gather(*(played.controls.enquiries.ask(ask()) for _ in range(MOST + 4)))
    refused = [answer for answer in answers if not answer.text]
    assert len(refused) == 3
    assert {answer.why for answer in refused} == {f"too many questions at once: {MOST} wait already"}
    assert all(answer.answered_at == answer.asked_at for answer in refused)
    assert all(not answer.why for answer in answers if answer.text)


async def test_an_answer_that_takes_too_long_is_given_up_and_the_next_one_is_made() -> None:
    chat = Thinker({"tell me": " ".join(["word"] * 200), "and now": "yes"})
    stage = Stage(chat=chat)
    async with playing(stage) as played:
        long = await played.controls.enquiries.ask(ask())
        short = await played.controls.enquiries.ask(ask("and now"))
    assert (long.text, long.why) == ("", f"it was not answered within {LONGEST:g} s")
    assert long.answered_at - long.asked_at == pytest.approx(LONGEST)
    assert short.text == "yes"


async def test_a_question_about_one_camera_knows_no_other() -> None:
    chat = FakeChat(anything(seen))
    looker = ScriptedLooker(lambda look: f"{look.frame.camera} at {look.frame.pixels[0, 0, 0]}")
    stage = Stage(cameras=cameras("desk", "door"), captioner=looker, chat=chat)
    async with playing(stage) as played:
        one = await played.controls.enquiries.ask(ask("what is this at the desk", "door"))
        await asyncio.sleep(2)
        both = await played.controls.enquiries.ask(ask("tell me"))
    assert (one.text, one.camera) == ("door: shade 20", "door")
    assert [(look.frame.camera, look.question) for look in looker.looked] == [("door", "what is this at the desk")]
    assert chat.prompts[0].looked is not None
    assert chat.prompts[0].looked.text == "door at 20"
    assert {caption.camera for caption in chat.prompts[0].record} == {"door"}
    assert both.text == "desk: shade 10; door: shade 20"


async def test_a_camera_that_is_not_there_is_told_with_those_that_are() -> None:
    stage = Stage(cameras=cameras("desk", "door", seconds=5))
    async with playing(stage) as played:
        answer = await played.controls.enquiries.ask(Enquiry("describe", camera="roof"))
    assert (answer.text, answer.why) == ("", 'there is no camera "roof": there is desk and door')


async def test_what_fails_is_told_as_the_reason_and_never_as_the_answer() -> None:
    stage = Stage(cameras=cameras("desk", seconds=5), chat=FakeChat({}))
    async with playing(stage) as played:
        answer = await played.controls.enquiries.ask(ask("what now"))
    assert (answer.text, answer.why, answer.captured_at) == ("", "chat: nothing to say to 'what now'", None)
    assert [trouble.part for trouble in stage.told(Trouble)] == ["chat"]


async def test_half_an_answer_is_none() -> None:
    class Breaking(FakeChat):
        def reply(self, prompt: Prompt) -> Any:
            yield "The first sentence. And "
            raise RuntimeError("the line broke")

    stage = Stage(chat=Breaking({}))
    async with playing(stage) as played:
        answer = await played.controls.enquiries.ask(ask())
    assert (answer.text, answer.why) == ("", "chat: RuntimeError: the line broke")


async def test_what_the_look_found_is_an_answer_where_the_chat_fails() -> None:
    stage = Stage(cameras=cameras("desk"), captioner=ScriptedLooker(seconds=3.0), chat=FakeChat({}))
    async with playing(stage) as played:
        answer = await played.controls.enquiries.ask(ask("what is this"))
    assert (answer.text, answer.why) == ("A red cup.", "")


@dataclass
class Counting:
    """States what it sees."""

    def caption(self, frame: Any) -> Seen:
        people = int(frame.pixels[0, 0, 0]) // 10
        return Seen(f"I see {people} people.", Facts(people=people, text=("EXIT",)))


@dataclass
class Mindless(Stage):
    """There is no chat."""

    def _models(self) -> Any:
        models = super()._models()
        del models.loaded["chat"]
        return models


async def test_without_a_chat_rules_answer_what_was_seen() -> None:
    stage = Mindless(cameras=cameras("desk", "door"), captioner=Counting())
    async with playing(stage) as played:
        commands = ("describe", "count", "read")
        told = [await played.controls.enquiries.ask(Enquiry(command, camera="door")) for command in commands]
        other = await played.controls.enquiries.ask(ask("tell me a joke"))
    assert [answer.text for answer in told] == ["I see 2 people.", "I see at least 2 people.", 'I read "EXIT".']
    assert [answer.question for answer in told] == [PHRASES["en"].describe, PHRASES["en"].count, PHRASES["en"].read]
    assert other.text == ""
    assert "[chat]" in other.why


async def test_without_a_chat_the_model_that_looks_answers() -> None:
    stage = Mindless(cameras=cameras("desk"), captioner=ScriptedLooker("Two mugs.", seconds=3.0))
    async with playing(stage) as played:
        answer = await played.controls.enquiries.ask(ask("what is this"))
    assert answer.text == "Two mugs."


async def test_nothing_is_told_of_a_picture_that_nobody_has_seen() -> None:
    stage = Stage(chat=FakeChat(anything("I see a garden.")))
    async with playing(stage) as played:
        assert (await played.controls.enquiries.ask(Enquiry("describe"))).why == "there is no camera"
    stage = Stage(cameras=[FakeCamera([], "desk", endless=True)], chat=FakeChat(anything("I see a garden.")))
    async with playing(stage) as played:
        answer = await played.controls.enquiries.ask(Enquiry("describe"))
    assert (answer.text, answer.why) == ("", "nothing has been seen yet")


async def test_cameras_that_are_off_are_not_described() -> None:
    stage = Stage(cameras=cameras("desk"), chat=FakeChat(anything(seen)))
    async with playing(stage) as played:
        played.controls.switches.privacy(True)
        off = await played.controls.enquiries.ask(Enquiry("count"))
        played.controls.switches.privacy(False)
        on = await played.controls.enquiries.ask(Enquiry("count"))
    assert (off.text, off.why) == ("", "the cameras are switched off")
    assert on.text == "desk: shade 10"


async def test_while_cameras_are_off_nothing_that_they_saw_is_told() -> None:
    stage = Stage(cameras=cameras("desk"), chat=Thinker(anything(seen)))
    async with playing(stage) as played:
        asked = asyncio.create_task(played.controls.enquiries.ask(ask()))
        await asyncio.sleep(0.1)
        played.controls.switches.privacy(True)
        meanwhile, later = await asked, await played.controls.enquiries.ask(ask())
        played.controls.switches.privacy(False)
    assert (meanwhile.text, meanwhile.why) == ("", "the cameras were switched off meanwhile")
    assert (later.text, later.captured_at) == ("nothing", None)


@pytest.mark.parametrize(
    "question",
    ["what do you see?", "is anybody there?", "what am I holding?", "when did you last see my keys?", "你看到什么？"],
)
@pytest.mark.parametrize("kind", [Stage, Mindless])
async def test_while_cameras_are_off_a_question_about_what_they_see_says_so(question: str, kind: type[Stage]) -> None:
    stage = kind(cameras=cameras("desk"), chat=FakeChat(anything("I see a garden.")))
    async with playing(stage) as played:
        played.controls.switches.privacy(True)
        off, other = [await played.controls.enquiries.ask(ask(text)) for text in (question, "what time is it?")]
        played.controls.switches.privacy(False)
    assert (off.text, off.why) == ("", "the cameras are switched off")
    assert other.text, "what has nothing to do with them is answered"


async def test_an_empty_question_is_none() -> None:
    stage = Stage()
    async with playing(stage) as played:
        assert (await played.controls.enquiries.ask(ask(" \n"))).why == "there is no question"


async def test_it_asks_in_the_language_of_the_conversation() -> None:
    chat = FakeChat(anything("两个人。"))
    stage = Stage(cameras=cameras("desk"), chat=chat, options=ConversationOptions(language="zh"))
    async with playing(stage) as played:
        answer = await played.controls.enquiries.ask(Enquiry("count"))
    assert (answer.question, answer.text) == ("有几个人？", "两个人。")
    assert chat.prompts[0].system == PHRASES["zh"].system


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_questions_are_such_as_rules_know(language: Any) -> None:
    own = PHRASES[language]
    asked = [recognise(question) for question in (own.describe, own.read, own.count)]
    assert asked == [Request.DESCRIBE, Request.READ, Request.COUNT]


async def test_what_programs_ask_sets_no_timer_and_calls_no_tool() -> None:
    class Caller(FakeChat):
        calls_tools = True

    chat = Caller(anything("Done."))
    stage = Stage(chat=chat)
    async with playing(stage) as played:
        await played.controls.enquiries.ask(ask("set a timer for one minute"))
        await asyncio.sleep(120)
    assert chat.prompts[0].tools == ()
    assert stage.said() == []
