"""A question goes before a background caption, which rests between two tokens and then goes on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

import pytest

from devices.media import Frame
from pipelines.backends import Look, Looker, Prompt
from pipelines.precedence import Precedence
from pipelines.types import Caption, Seen
from tests.fakes import FakeCamera, FakeChat
from tests.stage import Stage


async def _ticks(seconds: float, count: int, done: list[float]) -> AsyncIterator[int]:
    for number in range(count):
        await asyncio.sleep(seconds)
        done.append(asyncio.get_running_loop().time())
        yield number


async def _drain(pieces: AsyncIterator[int]) -> None:
    async for _ in pieces:
        pass


async def test_a_caption_rests_while_an_answer_is_made_and_then_goes_on() -> None:
    precedence, start = Precedence(), asyncio.get_running_loop().time()
    captioned: list[float] = []
    answered: list[float] = []
    caption = asyncio.create_task(_drain(precedence.patient(_ticks(1.0, 4, captioned))))
    await asyncio.sleep(1.5)
    await _drain(precedence.urgent(_ticks(2.0, 3, answered)))
    await caption
    assert [round(at - start, 3) for at in answered] == [3.5, 5.5, 7.5]
    assert [round(at - start, 3) for at in captioned] == [1, 2, 8.5, 9.5]


async def test_what_is_done_with_a_piece_holds_no_caption_up() -> None:
    precedence, start = Precedence(), asyncio.get_running_loop().time()
    captioned: list[float] = []
    caption = asyncio.create_task(_drain(precedence.patient(_ticks(1.0, 3, captioned))))
    async for _ in precedence.urgent(_ticks(0.25, 1, [])):
        await asyncio.sleep(100)  # it is being spoken
    await caption
    assert captioned[-1] - start < 5


async def test_an_answer_that_is_cancelled_lets_the_captions_go_on() -> None:
    precedence = Precedence()
    captioned: list[float] = []
    answer = asyncio.create_task(_drain(precedence.urgent(_ticks(50.0, 9, []))))
    caption = asyncio.create_task(_drain(precedence.patient(_ticks(1.0, 2, captioned))))
    await asyncio.sleep(10)
    assert captioned == []
    answer.cancel()
    await caption
    assert len(captioned) == 2


@dataclass
class SlowLooker:
    """A vision-language model of 20 ms a token that notes when each was made."""

    made: list[tuple[float, float]] = field(default_factory=list)

    def caption(self, frame: Frame) -> Seen:
        return Seen("".join(self.describe(frame)))

    def describe(self, frame: Frame) -> Iterator[str]:
        for word in [f"shade {frame.pixels[0, 0, 0]}", *["and more"] * 30]:
            began = time.monotonic()
            time.sleep(0.02)
            self.made.append((began, time.monotonic()))
            yield f" {word}"

    def look(self, request: Look) -> Iterator[str]:
        return self.describe(request.frame)


@dataclass
class SlowChat(FakeChat):
    """Four pieces of 50 ms."""

    made: list[tuple[float, float]] = field(default_factory=list)

    def reply(self, prompt: Prompt) -> Iterator[str]:
        for piece in ("One ", "two ", "three ", "four."):
            began = time.monotonic()
            time.sleep(0.05)
            self.made.append((began, time.monotonic()))
            yield piece


@pytest.mark.real_time
async def test_in_a_session_no_caption_token_is_begun_while_an_answer_token_is_made() -> None:
    looker, chat = SlowLooker(), SlowChat({})
    assert isinstance(looker, Looker)

    async def asks() -> AsyncIterator[str]:
        await asyncio.sleep(0.2)
        yield "tell me more"

    stage = Stage(
        cameras=[FakeCamera([10, 10, 10, 10, 10])], speaker=None, chat=chat, captioner=looker, asks=asks, asks_hold=True
    )
    await stage.run()
    assert stage.said() == ["One two three four."]
    assert stage.told(Caption)[0].text.startswith("shade 10 and more")
    assert len(looker.made) == 31
    for began, ended in chat.made[1:]:
        assert not [token for token in looker.made if began < token[0] < ended]
    assert len([token for token in looker.made if chat.made[0][0] < token[0] < chat.made[0][1]]) <= 1


@dataclass
class Mixing:
    """A vision-language model with one memory: it notices when two captions are made by turns."""

    busy: bool = False
    mixed: int = 0

    def caption(self, frame: Frame) -> Seen:
        return Seen("".join(self.describe(frame)))

    def describe(self, frame: Frame) -> Iterator[str]:
        self.mixed += self.busy
        self.busy = True
        try:
            for word in ("shade ", f"{frame.pixels[0, 0, 0]} ", f"at the {frame.camera}"):
                time.sleep(0.01)
                yield word
        finally:
            self.busy = False

    def look(self, request: Look) -> Iterator[str]:
        return self.describe(request.frame)


@pytest.mark.real_time
async def test_two_cameras_share_a_model_that_makes_one_caption_at_a_time() -> None:
    model = Mixing()
    cameras = [FakeCamera([10, 20, 30, 40], "desk", 0.04), FakeCamera([50, 60, 70, 80], "door", 0.04)]
    stage = Stage(cameras=cameras, captioner=model)
    await stage.run()
    assert model.mixed == 0
    captions = stage.told(Caption)
    assert {caption.camera for caption in captions} == {"desk", "door"}
    assert all(caption.text.endswith(f"at the {caption.camera}") for caption in captions)
