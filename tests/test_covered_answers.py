"""While cameras are switched off, no question about the picture is answered as if they were on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from pipelines.types import Reply
from tests.fakes import FakeCamera, FakeChat
from tests.stage import Stage

OFF = "The camera is off."


async def answers(*questions: str, chat: FakeChat | None = None, on_again: bool = False) -> Stage:
    """A session in which something was seen, whose cameras are off when it is asked."""

    async def asks() -> AsyncIterator[str]:
        await asyncio.sleep(3)
        stage.switches.mute(camera=False)
        await asyncio.sleep(0.5)
        if on_again:
            stage.switches.mute(camera=True)
            await asyncio.sleep(2)
        for question in questions:
            yield question
            await asyncio.sleep(3)
        stage.switches.mute(camera=True)

    camera = FakeCamera([1] * 20 + [9] * 300)
    stage = Stage(cameras=[camera], speaker=None, chat=chat or FakeChat({}), asks=asks, asks_hold=True)
    await stage.run()
    return stage


@pytest.mark.parametrize(
    "question",
    ["What do you see?", "What does it say?", "How many people are there?", "where is my cup?", "what's on my left?",
     "What am I holding?", "Is it dark?"],
)  # fmt: skip
async def test_what_is_to_be_seen_is_not_told_while_the_camera_is_off(question: str) -> None:
    stage = await answers(question)
    assert [reply.text for reply in stage.told(Reply)] == [OFF]
    assert not stage.chat.prompts


async def test_it_is_said_in_the_language_of_the_question() -> None:
    assert [reply.text for reply in (await answers("你看到了什么？")).told(Reply)] == ["摄像头已关闭。"]


async def test_whoever_asks_for_anything_else_is_answered_and_the_chat_is_told_that_it_is_off() -> None:
    stage = await answers("tell me a joke", chat=FakeChat({"tell me a joke": "Knock, knock."}))
    assert [reply.text for reply in stage.told(Reply)] == ["Knock, knock."]
    (prompt,) = stage.chat.prompts
    assert prompt.boxes == OFF


async def test_what_was_seen_before_is_still_told_to_whoever_asks_for_that() -> None:
    question = "what did you see before?"
    stage = await answers(question, chat=FakeChat({question: "A while ago, a shade."}))
    assert [reply.text for reply in stage.told(Reply)] == ["A while ago, a shade."]
    assert stage.chat.prompts[0].scene


async def test_once_it_is_on_again_it_answers() -> None:
    stage = await answers("What do you see?", chat=FakeChat({"What do you see?": "A shade."}), on_again=True)
    assert [reply.text for reply in stage.told(Reply)] == ["A shade."]
