"""Conditions: by box, by text, or by a model's yes or no; told once, and never where it is not sure."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from devices.lines import Lossless
from pipelines.backends import Look
from pipelines.moving import STILL
from pipelines.narration.options import NarrationOptions
from pipelines.narration.situation import Situation, Thing
from pipelines.remarks import Priority, Remark
from pipelines.sight import Sight
from pipelines.spots import Box, Spot
from pipelines.trouble import Patience
from pipelines.types import Event, Perception, Trouble
from pipelines.watch_for import EVERY, MOST, Means, WatchFor
from pipelines.worker import Worker
from pipelines.yes_or_no import YesOrNo, affirms
from tests.fakes import frame
from tests.lookers import ScriptedLooker

LEFT, RIGHT = Box(0.05, 0.2, 0.25, 0.8), Box(0.7, 0.2, 0.95, 0.8)


def thing(label: str, box: Box = LEFT, score: float = 0.9, rivals: tuple[str, ...] = ()) -> Thing:
    return Thing(1, label, box, score, 0.0, 0.0, "still", rivals)


@dataclass
class Scene:
    """What somebody watches, and what is told of it."""

    means: Means = field(default_factory=lambda: Means(frozenset({"person", "bottle", "dining table"}), reads=True))
    now: Situation = field(default_factory=lambda: Situation("desk"))
    told: list[Remark] = field(default_factory=list)
    looked_at: float = 0.0

    def __post_init__(self) -> None:
        self.watch = WatchFor(self.means, self._offer, lambda: (self.now,), NarrationOptions())

    def _offer(self, remark: Remark) -> bool:
        self.told.append(remark)
        return True

    def shows(self, *things: Thing, texts: Sequence[str] = (), shade: int = 0) -> list[str]:
        """That is there now; what is told because of it."""
        self.looked_at += 0.2
        spots = tuple(Spot("text", LEFT, 0.9, text) for text in texts)
        self.now = Situation("desk", things, spots, self.looked_at, self.looked_at)
        before = len(self.told)
        self.watch.saw(frame(shade, asyncio.get_running_loop().time()), STILL, True)
        return [remark.text for remark in self.told[before:]]


async def test_a_thing_is_told_once_when_it_comes_with_where_it_is() -> None:
    scene = Scene()
    assert scene.watch.begin("a person", "en") == "Watching for a person."
    assert scene.shows(thing("bottle")) == []
    assert scene.shows(thing("person")) == ["A person is there now, on your left."]
    assert scene.shows(thing("person", RIGHT)) == []
    assert scene.watch.watched == ()
    (told,) = scene.told
    assert (told.priority, told.asked) == (Priority.ANSWER, True)
    assert told.lasting, "who silences an answer still waits for it"
    assert told.camera == "desk", "nobody is told of it once the camera is off"


async def test_what_is_there_already_is_said_at_once() -> None:
    scene = Scene()
    scene.shows(thing("person", RIGHT))
    assert scene.watch.begin("someone", "en") == "A person is there already, on your right."
    scene.shows(thing("person"), thing("person", RIGHT))
    assert scene.watch.begin("people", "en") == "2 people are there already."
    assert scene.watch.watched == ()
    assert scene.told == []


async def test_what_is_not_sure_is_not_there() -> None:
    scene = Scene()
    scene.watch.begin("a bottle", "en")
    assert scene.shows(thing("bottle", score=0.5)) == []
    assert scene.shows(thing("bottle", rivals=("cup",))) == []
    assert scene.shows(thing("bottle")) == ["A bottle is there now, on your left."]


async def test_a_text_is_met_by_its_words_as_they_stand_there() -> None:
    scene = Scene()
    assert scene.watch.begin("the word exit", "en") == "Watching for the text “exit”."
    assert scene.shows(texts=["EXITED", "TAXI"]) == []
    assert scene.shows(texts=["TAXI", "FIRE EXIT"]) == ["It says “exit” now."]
    assert scene.watch.begin('"taxi"', "en") == "It says “taxi” already."
    assert scene.watch.begin("platform nine", "en") == "Watching for the text “platform nine”.", "nothing else can tell"


async def test_in_chinese() -> None:
    scene = Scene()
    assert scene.watch.begin("人", "zh") == "好，留意人。"
    assert scene.watch.begin("瓶子", "zh") == "好，留意瓶子。"
    assert scene.shows(thing("person")) == ["你左边现在有一个人。"]
    assert scene.watch.end("瓶子") == ["瓶子"]


async def test_several_at_once_up_to_a_bound_and_over_when_somebody_says_so() -> None:
    scene = Scene(Means(reads=True))
    for number in range(MOST):
        assert scene.watch.begin(f"gate {number}", "en").startswith("Watching")
    assert scene.watch.begin("gate 99", "en") == "I cannot watch for more things at once."
    assert scene.watch.begin("gate 0", "en").startswith("Watching"), "the same again is not one more"
    assert len(scene.watch.watched) == MOST
    assert scene.watch.end("gate 3") == ["gate 3"]
    assert len(scene.watch.end()) == MOST - 1
    assert scene.watch.end() == []
    assert scene.shows(texts=["gate 5"]) == []


async def test_two_conditions_are_met_by_one_picture() -> None:
    scene = Scene()
    scene.watch.begin("a person", "en")
    scene.watch.begin("a bottle", "en")
    assert len(scene.shows(thing("person"), thing("bottle", RIGHT))) == 2


async def test_what_nothing_here_can_check_is_refused() -> None:
    assert Scene(Means()).watch.begin("a person", "en") == "I cannot watch for that here."
    assert Scene().watch.begin("the door opens", "en") == "I cannot watch for that here."
    assert Scene().watch.begin("门开", "zh") != ""


@dataclass
class Asked:
    """A model that answers when it is asked, with how often it was."""

    answers: list[bool]
    questions: list[str] = field(default_factory=list)
    times: list[float] = field(default_factory=list)

    async def holds(self, picture: object, question: str) -> bool:
        self.questions.append(question)
        self.times.append(asyncio.get_running_loop().time())
        await asyncio.sleep(0.5)
        return self.answers.pop(0) if self.answers else False


async def asking(asked: Asked, pictures: int, what: str = "the door opens") -> Scene:
    """Watches while so many changes are seen, ten a second."""
    scene = Scene(Means(frozenset({"person"}), asks=asked.holds))
    running = asyncio.create_task(scene.watch.run(Lossless[Perception](4, "perceptions")))
    assert scene.watch.begin(what, "en") == f"Watching for {what}."
    for shade in range(pictures):
        scene.shows(shade=shade % 200)
        await asyncio.sleep(0.1)
    await asyncio.sleep(10)
    running.cancel()
    return scene


async def test_a_state_is_asked_of_a_model_and_told_once() -> None:
    asked = Asked([False, False, True, True])
    scene = await asking(asked, pictures=200)
    assert [remark.text for remark in scene.told] == ["Now: the door opens."]
    assert len(asked.questions) == 3
    assert "the door opens" in asked.questions[0]
    gaps = [later - earlier for earlier, later in zip(asked.times, asked.times[1:], strict=False)]
    assert min(gaps) >= EVERY, "not for each of two hundred changes"


async def test_a_state_that_is_so_already_is_told_as_that() -> None:
    scene = await asking(Asked([True]), pictures=1)
    assert [remark.text for remark in scene.told] == ["Already: the door opens."]


async def test_where_nothing_changes_no_model_is_asked_again() -> None:
    asked = Asked([])
    await asking(asked, pictures=1)
    assert len(asked.questions) == 1


async def test_a_thing_that_only_the_model_knows_is_asked_as_a_thing() -> None:
    asked = Asked([])
    await asking(asked, pictures=1, what="a ladder")
    assert asked.questions[0].startswith("Is there a ladder in the picture?")


async def test_nothing_is_told_of_what_was_seen_before_the_cameras_were_switched_off() -> None:
    asked = Asked([True])
    scene = Scene(Means(asks=asked.holds))
    running = asyncio.create_task(scene.watch.run(Lossless[Perception](4, "perceptions")))
    scene.watch.begin("the door opens", "en")
    scene.shows(shade=1)
    await asyncio.sleep(0.2)
    scene.watch.cover()
    await asyncio.sleep(10)
    assert scene.told == []
    running.cancel()


async def test_of_several_conditions_none_is_asked_of_a_picture_from_before_the_cameras_were_switched_off() -> None:
    asked = Asked([True])
    scene = Scene(Means(asks=asked.holds))
    running = asyncio.create_task(scene.watch.run(Lossless[Perception](4, "perceptions")))
    scene.watch.begin("the door opens", "en")
    scene.watch.begin("the light is on", "en")
    scene.shows(shade=1)
    await asyncio.sleep(0.2)
    scene.watch.cover()
    await asyncio.sleep(10)
    assert len(asked.questions) == 1
    assert scene.told == []
    scene.shows(shade=2)
    await asyncio.sleep(1.0)
    assert [remark.text for remark in scene.told] == ["Already: the door opens."], "it was not known before"
    running.cancel()


async def test_what_is_over_before_the_model_answers_is_not_told() -> None:
    asked = Asked([True])
    scene = Scene(Means(asks=asked.holds))
    running = asyncio.create_task(scene.watch.run(Lossless[Perception](4, "perceptions")))
    scene.watch.begin("the door opens", "en")
    scene.shows(shade=1)
    await asyncio.sleep(0.2)
    scene.watch.end()
    await asyncio.sleep(10)
    assert scene.told == []
    running.cancel()


@pytest.mark.parametrize(
    ("answer", "yes"),
    [
        ("Yes.", True),
        (" yes, it is open", True),
        ("是的", True),
        ("对", True),
        ("No.", False),
        ("Yes, maybe.", False),
        ("It is not clear", False),
        ("Yesterday", False),
        ("是否如此不清楚", False),
        ("不确定", False),
        ("", False),
    ],
)
def test_only_a_plain_yes_is_yes(answer: str, yes: bool) -> None:
    assert affirms(answer) is yes


async def test_the_model_is_asked_with_few_words_and_its_failure_is_no() -> None:
    told: list[Event] = []
    looker = ScriptedLooker(lambda request: "Yes." if "door" in request.question else "No.", fails=1)
    worker = Worker("captioner")
    ask = YesOrNo(Sight(looker, worker), Patience("look", told.append))
    assert not await ask.holds(frame(), "Is the door open?")
    assert [event.part for event in told if isinstance(event, Trouble)] == ["look"]
    assert await ask.holds(frame(), "Is the door open?")
    assert not await ask.holds(frame(), "Is the window open?")
    request: Look = looker.looked[-1]
    assert request.max_tokens is not None
    assert request.max_tokens < 20
    worker.close()
