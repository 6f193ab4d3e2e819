"""Privacy, told of a whole session: after the switch nothing that was captured before it leaves, and no model is asked.

The camera shows shades below 100 before the switch and from 100 on after it, so that all words and pictures of before
are known by what they say and show.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from assistant.mqtt.message import Message
from devices.lines import Latest
from devices.media import Frame
from pipelines.backends import Prompt
from pipelines.types import CameraEvent, Caption, Reply, Seen, Transcript
from pipelines.watching import WatchOptions
from tests.bridging import FakeBroker
from tests.fakes import FakeCaptioner, FakeChat, FakeMicrophone, frame
from tests.homes import AtHome, Home, home, options
from tests.playing import Played, anything, playing

SAID = "where is my letter"
OLD = re.compile(rb"shade \d\d\b|letter")
SWITCH = "omni/home/privacy/set"


@dataclass
class Window:
    """A camera before which something happens every half a second, until nobody looks any more."""

    name: str = "desk"
    live: bool = True
    endless: bool = False
    secret: bool = True
    open: bool = True
    shown: int = 0

    def probe(self) -> None:
        """It is always there."""

    async def run(self, frames: Latest[Frame]) -> None:
        while self.open:
            self.shown += 1
            shade = 10 * (self.shown // 5 % 9) + (10 if self.secret else 110)
            frames.put(frame(shade, asyncio.get_running_loop().time(), self.name))
            await asyncio.sleep(0.1)


@dataclass
class Watchful(FakeCaptioner):
    """Notes the shades that it was asked about."""

    asked: list[int] = field(default_factory=list)

    def caption(self, frame: Frame) -> Seen:
        self.asked.append(int(frame.pixels[0, 0, 0]))
        return super().caption(frame)


@dataclass
class Flat:
    """A session at home, and the broker that it tells everything."""

    window: Window
    captioner: Watchful
    chat: FakeChat
    broker: FakeBroker
    home: Home
    played: Played

    @property
    def private(self) -> bool:
        return self.played.stage.switches.private

    async def switched(self, payload: bytes, private: bool) -> None:
        """Somebody outside throws the switch."""
        self.broker.send(Message(SWITCH, payload))
        async with asyncio.timeout(1):
            await self.played.stage.switches.until(lambda: self.private == private)

    def leaked(self, since: int) -> list[str]:
        """The topics of what left since then and was captured before the switch."""
        return [message.topic for message in self.broker.got[since:] if tells_of_before(message.payload)]


@asynccontextmanager
async def flat(folder: Path, **more: Any) -> AsyncIterator[Flat]:
    """Somebody lives here since six seconds, and asked something; a caption takes `captioner` seconds."""
    broker, window, captioner = FakeBroker(), Window(), Watchful()
    silence, chat = [(0.1, 0.0)] * 3000, FakeChat(anything("On the table."))
    async with home(options(folder, speech=True), broker.connect) as there:
        stage = AtHome(
            cameras=[window], microphone=FakeMicrophone(silence, live=True), chat=chat, captioner=captioner,
            watching=WatchOptions(), events=there.told, bridge=there.bridge, **more,
        )  # fmt: skip
        async with playing(stage, after=5.0) as played:
            try:
                await played.hears(SAID)
                await asyncio.sleep(4.7)
                yield Flat(window, captioner, chat, broker, there, played)
            finally:
                window.open = False
                silence.clear()
                stage.switches.mute(True, True)  # they end while they are on
                broker.up = True


def tells_of_before(payload: bytes) -> bool:
    if payload.startswith(b"\xff\xd8"):
        return float(cv2.imdecode(np.frombuffer(payload, np.uint8), cv2.IMREAD_COLOR).mean()) < 100
    return OLD.search(payload) is not None


def seen_in(prompt: Prompt) -> bytes:
    return repr((prompt.scene, prompt.record, prompt.looked)).encode()


def written(folder: Path) -> bytes:
    """All that stands on the disk."""
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


@pytest.mark.parametrize("takes", [0.05, 2.0])
async def test_without_privacy_all_of_it_leaves(tmp_path: Path, takes: float) -> None:
    async with flat(tmp_path, takes={"captioner": takes}) as flat_:
        left = flat_.leaked(0)
        topics = {topic.removeprefix("omni/home/") for topic in left}
        assert {"desk/caption", "desk/keyframe", "desk/event", "transcript"} <= topics
        assert any(isinstance(event, Reply) for event in flat_.home.told)
        retained = flat_.broker.retained["omni/home/desk/caption"]
        assert tells_of_before(retained)


@pytest.mark.parametrize("takes", [0.05, 2.0])
async def test_after_the_switch_nothing_of_before_leaves_and_no_model_is_asked(tmp_path: Path, takes: float) -> None:
    async with flat(tmp_path, takes={"captioner": takes}) as flat_:
        await flat_.switched(b"ON", private=True)
        left, told, shown = len(flat_.broker.got), len(flat_.home.told), flat_.window.shown
        asked = [*flat_.captioner.asked]
        await asyncio.sleep(60)
        assert flat_.leaked(left) == []
        assert flat_.captioner.asked == asked
        assert flat_.window.shown <= shown + 1, "the camera goes on taking pictures"
        assert not [event for event in flat_.home.told[told:] if isinstance(event, Caption | Transcript)]
        assert not any(tells_of_before(payload) for payload in flat_.broker.retained.values())
        assert not OLD.search(written(tmp_path))


async def test_what_waited_for_a_broker_that_was_away_is_never_told(tmp_path: Path) -> None:
    async with flat(tmp_path, takes={"captioner": 0.5}) as flat_:
        flat_.broker.go()
        await flat_.played.hears(SAID)
        await asyncio.sleep(5)
        assert OLD.search(written(tmp_path)), "it waits"
        flat_.played.stage.controls.switches.privacy(True)
        left = len(flat_.broker.got)
        await asyncio.sleep(1)
        flat_.broker.up = True
        await asyncio.sleep(60)
        assert flat_.broker.got[left:], "the broker is told of the present"
        assert flat_.leaked(left) == []
        assert not any(tells_of_before(payload) for payload in flat_.broker.retained.values())
        assert not OLD.search(written(tmp_path))


async def test_what_goes_on_is_over_without_words_of_it(tmp_path: Path) -> None:
    async with flat(tmp_path, takes={"captioner": 2.0}) as flat_:
        told = len(flat_.home.told)
        await flat_.switched(b"ON", private=True)
        await asyncio.sleep(60)
        ends = [event for event in flat_.home.told[told:] if isinstance(event, CameraEvent)]
        assert ends
        assert {event.change for event in ends} == {"end"}
        assert not any(tells_of_before(event.caption.encode()) or event.labels for event in ends)
        assert flat_.broker.retained["omni/home/desk/motion"] == b"OFF"
        assert flat_.broker.retained["omni/home/privacy"] == b"ON"


async def test_when_it_is_over_only_what_is_seen_from_then_on_is_told(tmp_path: Path) -> None:
    async with flat(tmp_path, takes={"captioner": 2.0}) as flat_:
        await flat_.switched(b"ON", private=True)
        left, asked = len(flat_.broker.got), len(flat_.captioner.asked)
        flat_.window.secret = False
        await asyncio.sleep(5)
        await flat_.switched(b"OFF", private=False)
        await asyncio.sleep(20)
        assert flat_.leaked(left) == []
        assert flat_.captioner.asked[asked:]
        assert all(shade >= 100 for shade in flat_.captioner.asked[asked:])
        assert b"shade 1" in flat_.broker.retained["omni/home/desk/caption"]


async def test_a_question_asked_in_private_rests_on_nothing_that_was_seen(tmp_path: Path) -> None:
    async with flat(tmp_path, takes={"captioner": 0.05}) as flat_:
        await flat_.switched(b"ON", private=True)
        (before,) = flat_.chat.prompts
        assert OLD.search(seen_in(before)), "what is asked aloud is answered by what was seen"
        flat_.broker.send(Message("omni/home/ask/set", b"what do you see?"))
        await asyncio.sleep(30)
        assert not any(OLD.search(seen_in(prompt)) for prompt in flat_.chat.prompts[1:])
        assert flat_.broker.on("omni/home/answer")[-1].payload
