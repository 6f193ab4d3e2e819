"""The narrator as stories: what is before a camera, and what a listener hears of it."""

from __future__ import annotations

import os
import random
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from devices.media import Frame
from pipelines.moving import Motion
from pipelines.narration.options import NarrationOptions
from pipelines.narration.places import WORDS
from pipelines.phrases import Language
from pipelines.remarks import Priority
from pipelines.spots import Spot, Spots
from pipelines.types import Caption
from tests.listening import Listener, box, picture, spot

BOTTLES = spot("bottle", 0.15), spot("bottle", 0.5), spot("bottle", 0.85)


def moving(since: float, where: str = "left", share: float = 0.05) -> Motion:
    return Motion(share, where, since)  # type: ignore[arg-type]


def test_a_still_scene_is_described_once_in_one_sentence_and_then_there_is_silence() -> None:
    listener = Listener()
    listener.shows(120, *BOTTLES)
    assert listener.said == ["3 bottles: on your left, ahead and on your right."]


def test_that_nothing_is_there_is_told_once_where_nobody_else_describes_the_scene() -> None:
    silent, telling = Listener(), Listener()
    silent.shows(10)
    telling.narrator.tell_of_nothing(things=False, text=False)
    telling.shows(10)
    telling.shows(10, spot("person", 0.5))
    telling.shows(10)
    assert silent.said == []
    assert telling.said == ["I see no person.", "A person ahead.", "The person ahead is gone."]


def test_where_something_is_there_nothing_else_is_missed() -> None:
    listener = Listener()
    listener.narrator.tell_of_nothing(things=False, text=False)
    listener.shows(10, spot("person", 0.5))
    listener.shows(10)
    assert listener.said == ["A person ahead.", "The person ahead is gone."]


def test_text_is_not_missed_before_it_was_looked_for() -> None:
    listener = Listener()
    listener.narrator.tell_of_nothing(things=True, text=True)
    listener.shows(10)
    assert listener.said == []


def test_people_and_things_are_told_apart_as_each_can_be_switched_off_by_itself() -> None:
    listener = Listener()
    listener.shows(10, spot("person", 0.5), spot("cup", 0.8))
    assert {(one.topic, one.text) for one in listener.offered} == {
        ("people", "A person ahead."),
        ("objects", "A cup on your right."),
    }


def test_only_what_changes_is_told() -> None:
    listener = Listener()
    listener.shows(10, *BOTTLES)
    listener.shows(10, *BOTTLES[:2], motion=moving(10.0, "right"), every=0.2)
    listener.shows(10, *BOTTLES, motion=moving(20.0, "right"), every=0.2)
    assert listener.said[1:] == [
        "A bottle on your right is gone: now 2.",
        "One more bottle on your right: now 3.",
    ]


def test_the_last_one_of_its_kind_is_told_as_the_one() -> None:
    listener = Listener()
    listener.shows(5, spot("dog", 0.1))
    listener.shows(5)
    assert listener.said == ["A dog on your left.", "The dog on your left is gone."]


def test_a_change_is_offered_before_a_second_has_passed() -> None:
    listener = Listener()
    listener.shows(10, BOTTLES[0])
    listener.shows(5, *BOTTLES[:2], motion=moving(10.0, "centre"), every=0.2)
    listener.shows(5, BOTTLES[0], motion=moving(15.0, "centre"), every=0.2)
    came, gone = listener.heard[1:]
    assert came[0] - 10.0 <= 0.4
    assert gone[0] - 15.0 <= 0.7


def test_who_walks_through_is_told_as_someone_who_comes_moves_on_and_goes() -> None:
    listener = Listener()
    listener.shows(3)
    walk = [[spot("person", -0.05 + 0.012 * step, height=0.6, width=0.12)] for step in range(90)]
    listener.films(walk, moving(3.0))
    listener.shows(3)
    assert listener.said == [
        "A person on your left.",
        "The person is ahead now.",
        "The person is on your right now.",
        "The person on your right is gone.",
    ]


def test_who_comes_closer_is_told_as_approaching() -> None:
    listener = Listener()
    listener.shows(3, spot("person", 0.5, width=0.1, height=0.25))
    sizes = [1.06**step for step in range(15)]
    listener.films([[spot("person", 0.5, width=0.1 * size, height=0.25 * size)] for size in sizes])
    assert listener.said == ["A person ahead.", "The person ahead is approaching."]


def test_what_comes_and_goes_all_the_time_is_told_ever_less_often() -> None:
    listener = Listener()
    for _ in range(30):
        listener.shows(1, spot("cup", 0.5), every=0.2)
        listener.shows(1, every=0.2)
    assert 2 <= len(listener.said) <= 8


def test_what_came_and_went_before_it_could_be_told_is_not_told() -> None:
    listener = Listener()
    listener.shows(5, spot("dog", 0.1))
    listener.deaf = True
    listener.shows(1, spot("dog", 0.1), spot("cup", 0.5), every=0.2)
    listener.shows(1.5, spot("dog", 0.1), every=0.2)
    listener.deaf = False
    listener.shows(10, spot("dog", 0.1))
    assert listener.said == ["A dog on your left."]


def test_what_nobody_heard_is_told_later_while_it_holds() -> None:
    listener = Listener(deaf=True)
    listener.shows(20, spot("dog", 0.1))
    listener.deaf = False
    listener.shows(70, spot("dog", 0.1))
    assert listener.said == ["A dog on your left."]


def test_what_nobody_heard_is_told_with_the_next_change() -> None:
    listener = Listener(deaf=True)
    listener.shows(8, spot("cup", 0.1))
    listener.deaf = False
    listener.shows(3, spot("cup", 0.1), spot("dog", 0.9), every=0.2)
    assert listener.said == ["A cup on your left and a dog on your right."]


def test_what_the_detector_loses_and_finds_again_nearby_is_not_told_again() -> None:
    listener = Listener()
    listener.shows(5, spot("dog", 0.4))
    listener.shows(0.4, every=0.2)
    listener.shows(5, spot("dog", 0.45), every=0.2)
    assert listener.said == ["A dog ahead."]


def test_a_low_score_is_told_as_possible_and_a_lower_one_not_at_all() -> None:
    listener = Listener()
    large = {"width": 0.3, "height": 0.4}
    listener.shows(10, spot("cup", 0.5, score=0.55, **large), spot("dog", 0.85, score=0.41, **large))
    assert listener.said == ["Possibly a cup ahead."]


def test_what_is_small_and_doubtful_is_left_unsaid() -> None:
    listener = Listener()
    listener.shows(10, spot("cup", 0.2, score=0.58), spot("person", 0.8, score=0.65, width=0.1, height=0.2))
    assert listener.said == []
    listener.shows(10, spot("cup", 0.2, score=0.75), spot("person", 0.5, score=0.55))
    assert listener.said == ["A cup on your left.", "Possibly a person ahead."]


def test_what_comes_near_enough_to_be_known_is_called_by_its_right_name_within_some_looks() -> None:
    listener = Listener()
    listener.shows(4, spot("bicycle", 0.5, score=0.84), every=0.2)
    listener.shows(2, spot("motorbike", 0.5, score=0.88), spot("bicycle", 0.5, score=0.45), every=0.2)
    assert listener.said == ["A bicycle ahead.", "Correction: a motorbike ahead."]
    assert listener.heard[-1][0] <= 4.8


def test_two_names_for_one_box_are_told_as_possible() -> None:
    listener = Listener()
    listener.shows(10, spot("bottle", 0.5, score=0.8), spot("person", 0.5, score=0.7))
    assert listener.said == ["Possibly a bottle ahead."]


def test_something_that_has_another_name_in_every_picture_has_none() -> None:
    listener = Listener()
    names = ["cell phone", "car", "boat", "bottle", "toilet", "bus"] * 5
    listener.films([[spot(name, 0.5, score=0.9)] for name in names], moving(0.1, "centre"))
    assert listener.said == ["Something moves ahead."]


def test_a_thing_that_turns_out_to_be_another_is_told_so() -> None:
    listener = Listener()
    listener.shows(4, spot("person", 0.2))
    listener.shows(40, spot("bottle", 0.2))
    assert listener.said == ["A person on your left.", "Correction: a bottle on your left."]


@pytest.mark.parametrize(
    ("language", "told"),
    [("en", "Correction: a motorbike approaching, ahead."), ("zh", "更正：前方是一辆摩托车，正在靠近。")],
)
def test_a_thing_that_turns_out_to_be_another_as_it_comes_closer_is_told_to_come(language: Language, told: str) -> None:
    listener = Listener(NarrationOptions(hazards=()), language)
    listener.shows(4, spot("bicycle", 0.5, width=0.1, height=0.2))
    names = ["bicycle"] * 2 + ["motorbike"] * 13
    sizes = [1.05**step for step in range(len(names))]
    coming = zip(names, sizes, strict=True)
    listener.films([[spot(name, 0.5, width=0.1 * size, height=0.2 * size)] for name, size in coming])
    assert told in listener.said


def test_of_what_had_many_names_a_few_sure_looks_are_not_believed() -> None:
    listener = Listener()
    names = ["toilet", "car", "parking meter", "bus", *["car", "cell phone"] * 3]
    listener.films([[spot(name, 0.5, 0.8)] for name in names], moving(0.0, "centre"))
    listener.films([[spot("cell phone", 0.5)]] * 6, moving(0.0, "centre"))
    assert not [text for text in listener.said if "phone" in text]
    listener.shows(30, spot("cell phone", 0.5), every=0.5)
    assert listener.said[-1] == "A mobile phone ahead."


def test_motion_that_nothing_explains_is_told_once_for_as_long_as_it_goes_on() -> None:
    listener = Listener()
    listener.shows(5)
    listener.shows(20, motion=moving(5.0, "right"), every=0.2)
    assert listener.said == ["Something moves on your right."]


def test_motion_of_someone_who_was_told_of_is_not_told() -> None:
    listener = Listener()
    listener.shows(5, spot("person", 0.15))
    listener.shows(20, spot("person", 0.15), motion=moving(5.0), every=0.2)
    assert listener.said == ["A person on your left."]


def test_what_is_not_as_it_was_afterwards_is_told() -> None:
    listener = Listener()
    listener.shows(5)
    listener.shows(2, motion=moving(5.0))
    listener.frame((), Motion(since=5.0, differs=0.1, settled=True), 1.0)
    listener.shows(3, motion=Motion(since=5.0, differs=0.1))
    assert listener.said == ["Something moves on your left.", "Something changed on your left."]


def test_what_nobody_can_name_is_told_to_be_over_when_all_is_as_it_was() -> None:
    listener = Listener()
    listener.shows(5)
    listener.shows(4, motion=moving(5.0))
    listener.shows(6, motion=Motion(since=5.0))
    assert listener.said == ["Something moves on your left.", "The motion on your left is over."]
    assert listener.heard[-1][0] == pytest.approx(10.0, abs=0.21)


@pytest.mark.parametrize("score", [0.45, 0.55])
def test_a_guess_does_not_explain_why_what_nobody_could_name_is_over(score: float) -> None:
    guess = spot("cup", 0.15, score, width=0.4, height=0.5)
    listener = Listener()
    listener.shows(5)
    listener.shows(1, motion=moving(5.0), every=0.2)
    listener.shows(4, guess, motion=moving(5.0), every=0.2)
    listener.shows(4, motion=Motion(since=5.0), every=0.2)
    assert (listener.said[0], listener.said[-1]) == (
        "Something moves on your left.",
        "The motion on your left is over.",
    )


def test_what_was_found_out_after_all_explains_why_motion_is_over() -> None:
    listener = Listener()
    listener.shows(5)
    listener.shows(1, motion=moving(5.0), every=0.2)
    listener.shows(4, spot("dog", 0.15), motion=moving(5.0), every=0.2)
    listener.shows(6, motion=Motion(since=5.0), every=0.2)
    assert listener.said == ["Something moves on your left.", "A dog on your left.", "The dog on your left is gone."]


def test_something_large_that_goes_is_no_other_scene() -> None:
    listener = Listener()
    listener.shows(5, spot("motorbike", 0.4, width=0.6, height=0.8))
    listener.frame((), moving(5.0, "camera", share=0.59), 0.2)
    listener.shows(4, motion=Motion(since=5.0, differs=0.59), every=0.2)
    assert listener.said == ["A motorbike ahead.", "The motorbike ahead is gone."]


def test_another_scene_is_told_and_described_anew() -> None:
    listener = Listener()
    listener.shows(5, spot("dog", 0.1))
    listener.frame((spot("dog", 0.1),), Motion(1.0, "camera", 5.0), 0.1)
    listener.shows(8, spot("dog", 0.1))
    assert listener.said == ["A dog on your left.", "The picture shows something else now.", "A dog on your left."]


def test_the_light_that_goes_out_takes_nothing_away() -> None:
    listener = Listener()
    listener.shows(5, spot("dog", 0.1))
    listener.light = 20
    listener.shows(4)
    listener.light = 120
    listener.shows(10, spot("dog", 0.1))
    assert listener.said == ["A dog on your left.", "It is much darker now.", "It is much brighter now."]


def test_after_darkness_it_is_told_when_the_scene_is_another_one() -> None:
    listener = Listener()
    listener.shows(5, spot("dog", 0.1))
    listener.light = 20
    listener.shows(6)
    listener.light, listener.mirrored = 120, True
    listener.shows(10, spot("cat", 0.9))
    assert listener.said[:1] == ["A dog on your left."]
    assert listener.said[-2:] == ["The picture shows something else now.", "A cat on your right."]


def test_evening_is_no_change_of_light() -> None:
    listener = Listener()
    for level in range(120, 60, -1):
        listener.light = level
        listener.shows(1, spot("dog", 0.1))
    assert listener.said == ["A dog on your left."]


def test_a_covered_camera_is_told_once_and_of_it_nothing_else_until_it_is_over() -> None:
    listener = Listener()
    listener.shows(5, spot("dog", 0.1))
    listener.narrator.began("camera_covered", listener.now)
    listener.narrator.began("camera_covered", listener.now)
    listener.shows(20, motion=moving(5.0))
    assert listener.narrator.situation.things == ()
    assert "covers the lens" in listener.narrator.situation.trouble
    listener.narrator.over("camera_covered", listener.now)
    listener.shows(10, spot("dog", 0.1), spot("cup", 0.9))
    assert listener.narrator.situation.trouble == ""
    assert listener.said == [
        "A dog on your left.",
        "Hardly anything can be made out any more: something covers the lens, or blinds it.",
        "The camera sees clearly again.",
        "A cup on your right.",
    ]


def test_trouble_that_is_over_before_it_was_told_is_not_told() -> None:
    listener = Listener(deaf=True)
    listener.narrator.began("camera_frozen", 1.0)
    listener.narrator.over("camera_frozen", 2.0)
    listener.deaf = False
    listener.shows(5)
    assert listener.said == []


def test_trouble_is_told_also_where_all_else_is_switched_off() -> None:
    listener = Listener()
    listener.policy.taste.level = "off"
    listener.shows(5, spot("dog", 0.1))
    listener.narrator.began("camera_dark", listener.now)
    listener.shows(5)
    assert len(listener.said) == 1
    assert "darkness" in listener.said[0]


def test_a_camera_that_is_lost_is_back_when_it_has_shown_something_for_some_time() -> None:
    listener = Listener()
    listener.shows(5, spot("dog", 0.1))
    listener.narrator.lost()
    listener.now += 10
    assert listener.narrator.situation.trouble
    listener.shows(10, spot("dog", 0.1))
    assert listener.said[1:] == ["The camera is lost.", "The camera is back."]


def test_a_car_that_comes_closer_is_a_hazard_once_for_each_time() -> None:
    listener = Listener()
    sizes = [1.06**step for step in range(25)]
    for _ in range(2):
        listener.shows(4, spot("car", 0.5, width=0.06, height=0.05))
        listener.films([[spot("car", 0.5, width=0.06 * size, height=0.05 * size)] for size in sizes])
        listener.shows(6)
    hazards = [one for one in listener.offered if one.priority is Priority.HAZARD]
    assert [one.text for one in hazards] == ["Car approaching, ahead!"] * 2
    assert all(one.topic is None for one in hazards)


def test_what_slides_in_over_the_edge_is_no_hazard_for_growing() -> None:
    listener = Listener()
    listener.shows(3)
    listener.films([[spot("car", 0.5, y=1 - 0.02 * step, width=0.2, height=0.04 * step)] for step in range(1, 20)])
    assert not [one for one in listener.offered if one.priority is Priority.HAZARD]


def test_one_of_several_cameras_is_named() -> None:
    listener = Listener(several=True)
    listener.shows(5, spot("dog", 0.1))
    listener.shows(5)
    assert listener.said == ["camera: A dog on your left.", "camera: The dog on your left is gone."]


def test_chinese() -> None:
    listener = Listener(language="zh")
    listener.shows(5, spot("person", 0.4), *BOTTLES[:1], BOTTLES[2])
    listener.shows(6, *BOTTLES)
    assert listener.said == [
        "前方有一个人。",
        "你左边有一个瓶子，你右边有一个瓶子。",
        "前方又多了一个瓶子：现在3个。",
        "前方的人不见了。",
    ]


def test_without_positions_none_is_said() -> None:
    listener = Listener(NarrationOptions(positions="none"))
    listener.shows(5, *BOTTLES)
    assert listener.said == ["3 bottles."]


def test_as_on_a_clock() -> None:
    listener = Listener(NarrationOptions(positions="clock"))
    listener.shows(5, spot("cup", 0.9))
    assert listener.said == ["A cup at 1 o'clock."]


def test_the_situation_is_what_is_there_from_left_to_right() -> None:
    listener = Listener()
    listener.shows(5, spot("cup", 0.9), spot("dog", 0.1), spot("cat", 0.5, score=0.41))
    situation = listener.narrator.situation
    assert [(thing.label, round(thing.box.x, 2)) for thing in situation.things] == [("dog", 0.1), ("cup", 0.9)]
    assert situation.known_at == pytest.approx(listener.now, abs=1.0)


def test_cameras_that_are_switched_off_are_forgotten() -> None:
    listener = Listener()
    listener.shows(5, spot("dog", 0.1))
    listener.narrator.cover()
    assert listener.narrator.situation.things == ()
    assert listener.narrator.situation.known_at is None
    listener.shows(5, spot("dog", 0.1))
    assert listener.said == ["A dog on your left.", "A dog on your left."]


def test_a_caption_of_the_scene_before_is_not_told() -> None:
    listener = Listener()
    listener.shows(5)
    listener.frame((), Motion(1.0, "camera", 5.0), 1.0)
    listener.narrator.captioned(Caption("A dog sleeps on a rug.", "camera", 4.0, 1.0, 1))
    listener.shows(5)
    assert listener.said == ["The picture shows something else now."]


@pytest.mark.parametrize("seed", range(30))
def test_whatever_happens_each_place_has_its_box_and_nothing_unchanged_is_told_twice(seed: int) -> None:
    """Things come and go and are taken for others, in random places, with random scores."""
    chance, listener = random.Random(seed), Listener()
    there: list[Spot] = []
    earlier: list[Spot] = []
    for _ in range(60):
        if there and chance.random() < 0.4:
            there.pop(chance.randrange(len(there)))
        if len(there) < 5 and chance.random() < 0.6:
            label = chance.choice(["person", "bottle", "cup", "dog"])
            there.append(spot(label, chance.uniform(0.06, 0.94), score=chance.uniform(0.4, 0.95)))
        before, where = len(listener.offered), chance.choice(["left", "centre", "right"])
        motion = moving(listener.now, where) if chance.random() < 0.7 else Motion()
        listener.shows(chance.uniform(0.5, 3), *there, motion=motion, every=0.2)
        earlier += there
        for remark in listener.offered[before:]:
            if remark.topic in ("people", "objects"):
                for sentence in remark.text.split(". "):
                    assert backed(sentence, earlier if "gone" in sentence else there), (sentence, there)
    facts = [one.fact for one in listener.offered]
    assert len(facts) == len(set(facts))
    for (_, first), (_, second) in pairwise(listener.heard):
        assert first != second or first.startswith("Something") or "more" in first, first


def backed(sentence: str, things: list[Spot]) -> bool:
    """Whether each place that is named is one of something that was found, or so near that it may have been there."""
    edges = (-1.0, 1 / 3, 2 / 3, 2.0)
    return all(
        words not in sentence or any(edges[place] - 0.06 <= one.box.x <= edges[place + 1] + 0.06 for one in things)
        for place, words in enumerate(WORDS["en"]["side"])
    )


def folder() -> Path:
    """Of the clips and weights."""
    found = Path(os.environ.get("OMNI_TEST_DATA", "../shared"))
    if not (found / "media/video/intel-bottle-detection.mp4").exists():
        pytest.skip("the clips are not here: set OMNI_TEST_DATA to the folder with media/ and weights/")
    return found


def replayed(clip: str) -> Listener:
    """A clip at ten frames a second, before FastestDet."""
    cv2 = pytest.importorskip("cv2")
    pytest.importorskip("onnxruntime")
    from pipelines.gate import KeyframeGate
    from pipelines.spotters.fastestdet import FastestDet

    weights = folder() / "weights/fastestdet"
    if not weights.exists():
        pytest.skip("the weights of FastestDet are not here")
    detector, gate, listener = FastestDet(weights=str(weights)).load(), KeyframeGate(), Listener()
    video = cv2.VideoCapture(str(folder() / "media/video" / clip))
    rate, number, looked_at = video.get(cv2.CAP_PROP_FPS), 0, -9.0
    while video.grab():
        at, number = number / rate, number + 1
        if at < listener.now + 0.1 - 1e-6:
            continue
        listener.now = at
        frame = Frame(np.ascontiguousarray(video.retrieve()[1][:, :, ::-1]), at, "camera")
        wanted = gate.wants(frame)
        listener.narrator.saw(frame, gate.motion, wanted)
        if wanted or at - looked_at >= (0.2 if gate.motion.share else 1.0):
            looked_at = at
            listener.narrator.spotted(Spots("camera", at, "objects", tuple(detector.spot(frame))))
        listener._speak()
    return listener


def test_bottles_that_a_hand_takes_away_and_puts_back() -> None:
    told = [(one.at, one.text) for one in replayed("intel-bottle-detection.mp4").offered]
    assert any(text.startswith("A bottle on your left") for at, text in told if at < 3)
    assert any("bottle on your left is gone" in text for at, text in told if 6.5 <= at <= 8.5)
    assert any("more bottle on your left" in text for at, text in told if 12.5 <= at <= 15)


def test_cars_from_above_that_the_detector_calls_phones_are_told_as_something() -> None:
    listener = replayed("intel-car-detection.mp4")
    assert not [one.text for one in listener.offered if "phone" in one.text or one.priority is Priority.HAZARD]
    for began, ended in ((4.7, 8.6), (14.8, 18.7), (25.6, 27.9)):
        assert any(began <= at <= ended for at, _ in listener.heard)
    over = [at for at, text in listener.heard if text.endswith("is over.")]
    assert all(any(ended <= at <= ended + 3 for at in over) for ended in (8.6, 18.7))


def test_pictures_tell_their_light() -> None:
    assert picture(20).mean() * 2 < picture(120).mean()


def test_text_is_told_and_stands_in_the_situation_until_another_scene_comes() -> None:
    listener = Listener()
    line = Spot("text", box(0.5, 0.5, 0.4, 0.1), 0.95, "Platform 4")
    for at in (1.0, 2.0, 3.0):
        listener.shows(1)
        listener.narrator.spotted(Spots("camera", at, "text", (line,)))
    listener.shows(4)
    assert [one.text for one in listener.narrator.situation.texts] == ["Platform 4"]
    assert sum("Platform 4" in text for text in listener.said) == 1
    listener.frame((), Motion(1.0, "camera", listener.now), 1.0)
    assert listener.narrator.situation.texts == ()


def test_a_guess_at_a_part_of_someone_is_not_told() -> None:
    listener = Listener()
    listener.shows(10, spot("person", 0.5, width=0.3, height=0.8), spot("cup", 0.5, score=0.55))
    assert listener.said == ["A person ahead."]


def test_a_guess_is_made_once_and_not_taken_back() -> None:
    listener = Listener()
    for _ in range(3):
        listener.shows(8, spot("book", 0.2, score=0.55, width=0.3, height=0.4))
        listener.shows(4)
    assert listener.said == ["Possibly a book on your left."]


def test_a_wheel_that_comes_closer_with_its_car_is_no_second_hazard() -> None:
    listener = Listener()
    sizes = [1.12**step for step in range(14)]
    listener.films(
        [
            [
                spot("car", 0.5, width=0.12 * size, height=0.14 * size),
                spot("donut", 0.5, width=0.08 * size, height=0.12 * size),
            ]
            for size in sizes
        ]
    )
    assert [one.text for one in listener.offered if one.priority is Priority.HAZARD] == ["Car approaching, ahead!"]


def test_after_another_scene_it_is_not_told_as_well_that_something_changed() -> None:
    listener = Listener()
    listener.shows(5, spot("dog", 0.1))
    listener.frame((), Motion(1.0, "camera", 5.0), 0.1)
    listener.shows(1, motion=moving(5.0))
    listener.frame((), Motion(since=5.0, differs=0.9, settled=True), 1.0)
    listener.shows(6, motion=Motion(since=5.0, differs=0.9))
    assert listener.said == ["A dog on your left.", "The picture shows something else now."]


def test_a_hand_before_the_lens_is_no_other_scene() -> None:
    listener = Listener()
    listener.shows(10)
    listener.narrator.saw(Frame(np.full((36, 64, 3), 90, np.uint8), 10.1, "camera"), Motion(1.0, "camera", 10.1), True)
    assert listener.offered == []
