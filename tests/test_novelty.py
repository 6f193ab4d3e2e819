"""A scene that was shown lately is known again by its picture: no call of the model, and nothing else is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count

import cv2
import numpy as np
import pytest

from devices.lines import Latest
from devices.media import Frame, Pixels
from pipelines.backends import Look
from pipelines.budget import BudgetOptions
from pipelines.live import live
from pipelines.news import CameraEvent
from pipelines.novelty import Novelty, NoveltyOptions
from pipelines.types import Caption, Health, Seen
from pipelines.watching import WatchOptions
from tests.fakes import FakeCamera, FakeCaptioner
from tests.lookers import ScriptedLooker
from tests.stage import Stage

EMPTY, ANNA, BEN = 1, 2, 3
SIZE = (360, 640)


def scene(number: int) -> Pixels:
    """A picture like no other; its first pixel is its number."""
    blocks = np.random.default_rng(number).integers(30, 220, (9, 16, 3), np.uint8)
    picture = np.asarray(cv2.resize(blocks, SIZE[::-1], interpolation=cv2.INTER_NEAREST), np.uint8)
    picture[0, 0] = number
    return picture


def shot(picture: Pixels, at: float, gain: float = 1.0, seed: int = 0) -> Frame:
    """The picture as a camera takes it: with noise, and an exposure of its own."""
    noise = np.random.default_rng(seed).normal(0, 4, picture.shape)
    return Frame(np.clip(picture * gain + noise, 0, 255).astype(np.uint8), at, "desk")


def sign(words: str, height: int = 20) -> Pixels:
    """A plain room with a word on a sign, so many pixels high of 360."""
    picture = np.full((*SIZE, 3), 120, np.uint8)
    picture[100:180, 200:440] = 230
    cv2.putText(picture, words, (210, 150), cv2.FONT_HERSHEY_SIMPLEX, height / 22, (30, 30, 30), max(1, height // 10))
    return picture


def known(novelty: Novelty, frame: Frame, asked: str = "") -> Seen | None:
    """What is known of it."""
    return novelty.known(novelty.find(frame, asked))


def learn(novelty: Novelty, frame: Frame, seen: Seen, asked: str = "") -> None:
    """What was said of it is remembered."""
    novelty.learn(novelty.find(frame, asked), seen)


def test_a_scene_is_known_again_in_spite_of_noise_and_exposure() -> None:
    novelty = Novelty()
    learn(novelty, shot(scene(EMPTY), 0), Seen("Nobody."))
    learn(novelty, shot(scene(ANNA), 5), Seen("Anna."))
    again = known(novelty, shot(scene(EMPTY), 10, gain=0.9, seed=1))
    assert again == Seen("Nobody.")
    assert known(novelty, shot(scene(BEN), 12)) is None


def test_only_what_was_shown_lately_is_known() -> None:
    novelty = Novelty(NoveltyOptions(familiar=60))
    learn(novelty, shot(scene(EMPTY), 0), Seen("Nobody."))
    learn(novelty, shot(scene(ANNA), 50), Seen("Anna."))  # so long nobody was there
    assert known(novelty, shot(scene(EMPTY), 111)) is None  # known since its keyframe, not since it went
    assert known(novelty, shot(scene(BEN), 112)) is None
    assert known(novelty, shot(scene(ANNA), 170)) == Seen("Anna.")  # shown until 111
    assert known(novelty, shot(scene(BEN), 170)) is None
    assert known(novelty, shot(scene(ANNA), 231)) is None


def test_a_scene_that_stays_was_shown_until_now() -> None:
    novelty = Novelty(NoveltyOptions(familiar=60))
    learn(novelty, shot(scene(EMPTY), 0), Seen("Nobody."))
    assert known(novelty, shot(scene(EMPTY), 600, seed=1)) == Seen("Nobody.", unchanged=True)
    assert known(novelty, shot(scene(ANNA), 1200)) is None
    assert known(novelty, shot(scene(EMPTY), 1230)) == Seen("Nobody.")  # until Anna came, 30 s ago


def test_a_description_is_not_trusted_for_ever() -> None:
    novelty = Novelty(NoveltyOptions(familiar=60, renew=3600))
    learn(novelty, shot(scene(EMPTY), 0), Seen("Nobody."))
    assert [known(novelty, shot(scene(EMPTY), at)) is None for at in (1800, 3599, 3600)] == [False, False, True]


def test_what_was_described_shorter_is_not_known_when_more_is_asked() -> None:
    novelty = Novelty()
    learn(novelty, shot(scene(EMPTY), 0), Seen("Nobody."), "brief")
    assert known(novelty, shot(scene(EMPTY), 1), "detailed") is None
    assert known(novelty, shot(scene(EMPTY), 2), "brief") is not None


def test_as_many_scenes_are_remembered_as_the_options_say_those_shown_longest() -> None:
    novelty = Novelty(NoveltyOptions(scenes=2))
    for number, at in ((EMPTY, 0), (ANNA, 10), (BEN, 11)):
        assert known(novelty, shot(scene(number), at)) is None
        learn(novelty, shot(scene(number), at), Seen(str(number)))
    still = {number: known(novelty, shot(scene(number), 12)) is not None for number in (EMPTY, ANNA, BEN)}
    assert still == {EMPTY: True, ANNA: False, BEN: True}
    novelty.clear()
    assert known(novelty, shot(scene(BEN), 13)) is None


@pytest.mark.parametrize("height", [12, 16, 24])
def test_a_word_that_changed_is_not_swallowed(height: int) -> None:
    novelty = Novelty()
    learn(novelty, shot(sign("OPEN", height), 0), Seen("It reads: OPEN."))
    assert known(novelty, shot(sign("OPEN", height), 1, seed=1)) is not None
    assert known(novelty, shot(sign("SHUT", height), 2, seed=2)) is None


@pytest.mark.parametrize("side", [12, 16, 24])
def test_a_small_thing_that_appears_is_not_swallowed(side: int) -> None:
    novelty, room = Novelty(), sign("OPEN")
    learn(novelty, shot(room, 0), Seen("A sign."))
    with_keys = room.copy()
    with_keys[300 : 300 + side, 80 : 80 + side] = 60
    assert known(novelty, shot(with_keys, 1, gain=1.05, seed=1)) is None


@dataclass
class Theatre(FakeCamera):
    """Shows scenes, each for a second."""

    scenes: Sequence[int] = ()
    random: count[int] = field(default_factory=count)

    async def run(self, frames: Latest[Frame]) -> None:
        for number in self.scenes:
            for _ in range(10):
                picture = shot(scene(number), asyncio.get_running_loop().time(), seed=next(self.random)).pixels
                picture[0, 0] = number
                frames.put(Frame(picture, asyncio.get_running_loop().time(), self.name))
                await asyncio.sleep(self.every)


NAMES = {EMPTY: "Nobody is at the desk.", ANNA: "Anna sits at the desk.", BEN: "Ben stands at the door."}


def theatre(*scenes: int, **given: object) -> Stage:
    """A session that sees these scenes, one after the other."""
    looker = ScriptedLooker(lambda look: NAMES[int(look.frame.pixels[0, 0, 0])])
    options: dict[str, object] = {"captioner": looker, "watching": WatchOptions(), "speaker": None}
    return Stage(cameras=[Theatre([], scenes=scenes)], **(options | given))  # type: ignore[arg-type]


def asked(played: Stage) -> list[Look]:
    assert isinstance(played.captioner, ScriptedLooker)
    return played.captioner.looked


async def test_who_comes_and_goes_is_told_each_time_and_described_once() -> None:
    played = theatre(EMPTY, ANNA, EMPTY, BEN, EMPTY, ANNA)
    await played.run()
    told = [caption.text for caption in played.told(Caption)]
    assert told == [NAMES[number] for number in (EMPTY, ANNA, EMPTY, BEN, EMPTY, ANNA)]
    assert len(asked(played)) == 3
    assert played.told(Health)[-1].counters["desk calls saved"] == 3
    assert played.told(Caption)[2].took < played.told(Caption)[1].took


async def test_words_that_were_found_for_an_earlier_picture_say_so() -> None:
    played = theatre(EMPTY, ANNA, EMPTY)
    await played.run()
    first, second, again = played.told(Caption)
    assert (first.described_at, second.described_at, again.described_at) == (None, None, first.captured_at)
    assert again.captured_at > second.captured_at
    told = [event for event in played.told(CameraEvent) if event.keyframe == again.keyframe]
    assert {event.described_at for event in told} <= {first.captured_at}


async def test_a_known_scene_waits_for_no_room_in_the_budget() -> None:
    played = theatre(EMPTY, ANNA, EMPTY, ANNA, sections={"budget": BudgetOptions(calls_per_minute=4)})
    await played.run()
    assert [caption.text for caption in played.told(Caption)] == [NAMES[number] for number in (EMPTY, ANNA) * 2]
    assert max(caption.took for caption in played.told(Caption)[2:]) < 0.1
    assert played.told(Health)[-1].counters["captions put off by the budget"] == 0


def test_a_scene_is_looked_for_without_changing_what_is_known() -> None:
    novelty = Novelty(NoveltyOptions(familiar=60))
    learn(novelty, shot(scene(EMPTY), 0), Seen("Nobody."))
    assert known(novelty, shot(scene(ANNA), 1)) is None
    assert novelty.find(shot(scene(EMPTY), 500)).scene is None
    assert known(novelty, shot(scene(EMPTY), 2)) is not None


async def test_the_model_is_shown_what_was_told_last_even_where_it_was_not_asked_for_that() -> None:
    played = theatre(EMPTY, ANNA, EMPTY, BEN)
    await played.run()
    assert NAMES[EMPTY] in asked(played)[-1].question


async def test_a_careless_unchanged_is_not_what_a_scene_is_known_by() -> None:
    answers = iter([NAMES[EMPTY], "unchanged", NAMES[ANNA]])
    played = theatre(EMPTY, ANNA, EMPTY, ANNA, captioner=ScriptedLooker(lambda look: next(answers)))
    await played.run()
    assert [caption.text for caption in played.told(Caption)] == [NAMES[EMPTY], NAMES[EMPTY], NAMES[ANNA]]


async def test_what_the_cameras_showed_is_forgotten_when_they_are_covered() -> None:
    played = theatre(EMPTY, ANNA, EMPTY, ANNA)
    session = played.session()
    (eye,) = session.eyes
    assert eye.novelty is not None

    async def cover() -> None:
        await asyncio.sleep(1.9)
        session.switches.mute(camera=False)
        session.switches.mute(camera=True)

    await asyncio.gather(live(session, played.events.append), cover())
    assert NAMES[ANNA] not in asked(played)[2].question  # the anchor is gone as well
    assert len(asked(played)) >= 3


async def test_without_events_or_without_a_model_that_looks_nothing_is_known_again() -> None:
    for given in ({"watching": None}, {"captioner": FakeCaptioner()}):
        played = theatre(EMPTY, ANNA, EMPTY, **given)
        await played.run()
        assert "desk calls saved" not in played.told(Health)[-1].counters
        assert len(played.told(Caption)) == 3
    played = theatre(EMPTY, ANNA, EMPTY, watching=None, sections={"novelty": NoveltyOptions()})
    await played.run()
    assert played.told(Health)[-1].counters["desk calls saved"] == 1
