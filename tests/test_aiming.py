"""Who cannot see the picture is told where to move the camera, and hears how good it is by now."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.narration.aiming import HELD, LONGEST, PAUSE, Aiming, aim, beyond
from pipelines.narration.textwords import WORDS
from pipelines.phrases import Language
from pipelines.remarks import Priority, Remark
from pipelines.spots import TEXT, Box, Spot, Spots


def box(x: float, y: float, width: float = 0.3, height: float = 0.08) -> Box:
    return Box(max(0.0, x - width / 2), max(0.0, y - height / 2), min(1.0, x + width / 2), min(1.0, y + height / 2))


@pytest.mark.parametrize(
    ("seen", "direction"),
    [
        (box(0.5, 0.5), "hold"),
        (box(0.2, 0.5), "left"), (box(0.8, 0.5), "right"), (box(0.5, 0.2), "up"), (box(0.5, 0.8), "down"),
        (box(0.0, 0.5), "left"), (box(1.0, 0.5), "right"), (box(0.5, 0.0), "up"), (box(0.5, 1.0), "down"),
        (Box(0.0, 0.4, 1.0, 0.6), "back"), (Box(0.3, 0.0, 0.6, 1.0), "back"),
        (Box(0.0, 0.4, 0.9, 0.6), "left"), (Box(0.1, 0.4, 1.0, 0.6), "right"),
        (box(0.5, 0.5, 0.1, 0.01), "closer"),
    ],
)  # fmt: skip
def test_the_camera_goes_where_the_text_is(seen: Box, direction: str) -> None:
    assert aim([seen]).direction == direction


def moved(scene: Box, camera: str, step: float) -> Box:
    """What a camera sees of a scene after it was moved: to the left, all goes to the right in its picture."""
    x, y = {"left": (step, 0.0), "right": (-step, 0.0), "up": (0.0, step), "down": (0.0, -step)}[camera]
    return Box(scene.left + x, scene.top + y, scene.right + x, scene.bottom + y)


def cut(scene: Box) -> Box:
    return Box(*(min(1.0, max(0.0, side)) for side in (scene.left, scene.top, scene.right, scene.bottom)))


@given(st.floats(-0.2, 1.2), st.floats(-0.2, 1.2))
def test_who_obeys_ends_with_the_text_in_the_middle_and_hears_the_beeps_rise(x: float, y: float) -> None:
    scene, goods = Box(x - 0.15, y - 0.05, x + 0.15, y + 0.05), list[float]()
    for _ in range(40):
        now = aim([cut(scene)] if cut(scene).area > 0.001 else [])
        goods.append(now.good)
        if now.direction in ("hold", "search"):
            break
        assert now.direction in ("left", "right", "up", "down")
        scene = moved(scene, now.direction, 0.06)
    if now.direction == "hold":
        assert now.good == max(goods)
        assert (scene.left + scene.right) / 2 == pytest.approx(0.5, abs=0.21)
        assert (scene.top + scene.bottom) / 2 == pytest.approx(0.5, abs=0.21)
    else:
        assert cut(Box(x - 0.15, y - 0.05, x + 0.15, y + 0.05)).area <= 0.001


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(0.01, 1), st.floats(0.01, 1)), max_size=5))
def test_how_good_it_is_lies_between_nothing_and_all(boxes: list[tuple[float, float, float, float]]) -> None:
    assert 0 <= aim([box(*one) for one in boxes]).good <= 1


def test_nothing_is_worth_nothing_and_what_is_right_is_best() -> None:
    assert aim([]).good == 0
    assert aim([box(0.5, 0.5)]).good == 1
    assert 0 < aim([box(0.0, 0.5)]).good < aim([box(0.25, 0.5)]).good < aim([box(0.4, 0.5)]).good < 1


def test_all_lines_count_together() -> None:
    assert aim([box(0.5, 0.2), box(0.5, 0.8)]).direction == "hold"
    assert aim([box(0.5, 0.2), box(0.05, 0.8)]).direction == "left"


def test_what_ends_at_two_sides_goes_on_at_both() -> None:
    assert beyond(Box(0.0, 0.0, 0.5, 0.5)) == ("left", "up")
    assert beyond(Box(0.01, 0.01, 0.99, 0.99)) == ()


# Guided


class Guided:
    """Somebody who looks for text five times a second."""

    def __init__(self, language: Language = "en", label: str = TEXT) -> None:
        self.beeps: list[float] = []
        self.aiming, self.at, self.label = Aiming("desk", language, self.beeps.append), 100.0, label
        self.said: list[tuple[float, Remark]] = []

    def begin(self) -> Guided:
        self.aiming.begin(self.at, self.label)
        return self

    def sees(self, *boxes: Box, seconds: float = 0.2, text: str = "EXIT") -> list[str]:
        sought = "text" if self.label == TEXT else "objects"
        found = tuple(Spot(self.label, one, 0.9, text if sought == "text" else "") for one in boxes)
        said = []
        for _ in range(round(seconds * 5)):
            remarks = self.aiming.look(Spots("desk", self.at, sought, found))  # type: ignore[arg-type]
            said += [remark.text for remark in remarks]
            self.said += [(self.at, remark) for remark in remarks]
            self.at += 0.2
        return said


def test_nothing_is_said_unless_somebody_wants_it() -> None:
    guided = Guided()
    assert guided.sees(box(0.1, 0.5), seconds=10) == []
    assert guided.beeps == []
    assert not guided.aiming.active


def test_a_direction_is_said_once_until_it_is_another_and_not_too_often() -> None:
    guided = Guided().begin()
    assert guided.sees(box(0.2, 0.5), seconds=5) == ["Move the camera left."]
    said = guided.sees(box(0.8, 0.5)) + guided.sees(box(0.5, 0.8)) + guided.sees(box(0.2, 0.5), seconds=3)
    assert said == ["Move the camera right.", "Move the camera left."]
    times = [at for at, _ in guided.said]
    assert all(later - earlier >= PAUSE - 1e-6 for earlier, later in pairwise(times))


def test_a_direction_that_nobody_heard_is_told_again() -> None:
    guided = Guided().begin()
    guided.sees(box(0.2, 0.5))
    guided.aiming.settled(Remark("A cup.", Priority.CAPTION, guided.at, key="desk caption"), "")
    assert guided.sees(box(0.2, 0.5), seconds=4) == []
    guided.aiming.settled(guided.said[0][1], "")
    assert guided.sees(box(0.2, 0.5), seconds=4) == ["Move the camera left."]


def test_guidance_is_an_answer_that_is_wrong_a_moment_later() -> None:
    guided = Guided().begin()
    guided.sees(box(0.2, 0.5))
    ((at, remark),) = guided.said
    assert (remark.priority, remark.asked, remark.key) == (Priority.ANSWER, True, "desk aim")
    assert remark.expires_at == at + PAUSE


def test_it_ends_with_the_text_read_once_it_was_there_in_several_looks() -> None:
    guided = Guided().begin()
    guided.sees(box(0.2, 0.5), seconds=2)
    assert guided.sees(box(0.5, 0.5)) == ["Hold still."]
    assert guided.sees(box(0.5, 0.5), seconds=2) == ["It says: EXIT."]
    assert guided.said[-1][1].expires_at is None
    assert not guided.aiming.active
    assert guided.beeps[0] < guided.beeps[-1] == 1
    assert len(guided.beeps) == 10 + HELD


def test_what_is_read_differently_each_time_is_not_read_yet() -> None:
    guided = Guided().begin()
    for word in ("EXLT", "EX1T", "EXIT"):
        guided.sees(box(0.5, 0.5), text=word)
        assert guided.aiming.active
    assert guided.sees(box(0.5, 0.5), text="EXIT") == ["It says: EXIT."]


def test_it_searches_and_says_so_now_and_then() -> None:
    guided = Guided().begin()
    said = guided.sees(seconds=10)
    assert said == ["Nothing yet. Move slowly."] * 2
    assert set(guided.beeps) == {0.0}


def test_it_ends_by_itself() -> None:
    guided = Guided().begin()
    said = guided.sees(box(0.2, 0.5), seconds=LONGEST + 5)
    assert said[-1] == "I stop guiding you: it did not come into view."
    assert guided.said[-1][0] - 100.0 == pytest.approx(LONGEST)
    assert not guided.aiming.active


def test_a_thing_can_be_aimed_at_as_well() -> None:
    guided = Guided(label="cup").begin()
    other = Spot("dog", box(0.9, 0.5), 0.9)
    guided.aiming.look(Spots("desk", guided.at, "objects", (other,)))
    assert guided.sees(box(0.8, 0.5, 0.2, 0.3), seconds=4) == ["Move the camera right."]
    assert guided.sees(box(0.5, 0.5, 0.2, 0.3), seconds=1) == ["Hold still.", "It is in the middle of the picture."]


def test_who_has_enough_of_it_ends_it() -> None:
    guided = Guided().begin()
    guided.aiming.end()
    assert guided.sees(box(0.2, 0.5), seconds=3) == []


def test_looks_for_other_things_do_not_count() -> None:
    guided = Guided().begin()
    spots: Sequence[Spot] = (Spot("cup", box(0.2, 0.5), 0.9),)
    assert guided.aiming.look(Spots("desk", 100.0, "objects", tuple(spots))) == []
    assert guided.beeps == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_direction_has_its_words(language: Language) -> None:
    moves = WORDS[language].move
    assert set(moves) == set(WORDS["en"].move)
    assert len(set(moves.values())) == len(moves)
