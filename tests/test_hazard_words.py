"""What is told of hazards, motion, light and things: words of both languages, and names as they are said."""

from __future__ import annotations

import re

import pytest

from pipelines.eventwords import WORDS as EVENTS
from pipelines.narration.labels import counted, measure, plural, spoken
from pipelines.narration.newswords import news
from pipelines.narration.options import NarrationOptions
from pipelines.narration.things import Change, Kind, Told
from pipelines.narration.words import WORDS
from pipelines.spotters.names import said
from tests.listening import box

CHINESE = "\u4e00", "\u9fff"


def change(kind: Kind, label: str, third: int, doubtful: bool = False, before: Told | None = None) -> Change:
    told = Told(label, third, box(0.2 + 0.3 * third), "still", doubtful)
    return Change(kind, 1, told, before)


@pytest.mark.parametrize(
    ("label", "place", "doubtful", "english", "chinese"),
    [
        ("car", "ahead", False, "Car approaching, ahead!", "小心，ahead有汽车靠近！"),
        ("bus", "", False, "Bus approaching!", "小心，有公交车靠近！"),
        ("car", "", True, "Possibly a car approaching!", "小心，可能有汽车靠近！"),
        ("", "on your left", True, "Something approaching, on your left!", "小心，on your left有东西靠近！"),
    ],
)
def test_hazards_are_short(label: str, place: str, doubtful: bool, english: str, chinese: str) -> None:
    assert WORDS["en"].danger(label, place, doubtful) == english
    assert WORDS["zh"].danger(label, place, doubtful) == chinese


def test_each_trouble_has_words_for_its_end() -> None:
    for language in ("en", "zh"):
        assert WORDS[language].well.keys() == EVENTS[language].sentences.keys()


@pytest.mark.parametrize("label", NarrationOptions().hazards)
def test_each_hazard_has_a_chinese_name(label: str) -> None:
    assert all(CHINESE[0] <= letter <= CHINESE[1] for letter in spoken(label, "zh"))


@pytest.mark.parametrize(
    ("label", "one", "two", "chinese"),
    [
        ("person", "a person", "2 people", "两个人"),
        ("umbrella", "an umbrella", "2 umbrellas", "两把雨伞"),
        ("bus", "a bus", "2 buses", "两辆公交车"),
        ("knife", "a knife", "2 knives", "两把刀"),
        ("wine glass", "a wine glass", "2 wine glasses", "两个酒杯"),
        ("scissors", "a pair of scissors", "2 pairs of scissors", "两把剪刀"),
        ("tvmonitor", "a TV", "2 TVs", "两台电视"),
        ("teddy bear", "a teddy bear", "2 teddy bears", "两个玩具熊"),
        ("gizmo", "a gizmo", "2 gizmos", "两个gizmo"),
    ],
)
def test_counting(label: str, one: str, two: str, chinese: str) -> None:
    assert (counted(label, 1, "en"), counted(label, 2, "en")) == (one, two)
    assert counted(label, 2, "zh") == chinese


def test_plurals() -> None:
    assert [plural(name) for name in ("bench", "toothbrush", "sheep", "baby")] == [
        "benches",
        "toothbrushes",
        "sheep",
        "babies",
    ]


@pytest.mark.parametrize(
    ("changes", "before", "english", "chinese"),
    [
        (
            [change("new", "cup", 0), change("new", "cup", 2, doubtful=True)],
            {},
            "A cup on your left and possibly one on your right.",
            "你左边有一个杯子，你右边可能有一个杯子。",
        ),
        (
            [change("new", "cup", 0), change("gone", "cup", 2)],
            {"cup": 1},
            "A cup on your left. The cup on your right is gone: now 1.",
            "你左边有一个杯子。你右边的杯子不见了。",
        ),
        (
            [change("gone", "cup", 1, doubtful=True)],
            {"cup": 1},
            "What may have been a cup ahead is gone.",
            "前方可能是杯子的东西不见了。",
        ),
        ([change("moved", "person", 2)], {"person": 1}, "The person is on your right now.", "那个人现在在你右边。"),
        (
            [change("moved", "person", 2)],
            {"person": 3},
            "A person is on your right now.",
            "有一个人现在在你右边。",
        ),
        (
            [change("new", "cup", number % 3) for number in range(4)],
            {},
            "2 cups on your left, one ahead and one on your right.",
            "你左边有两个杯子，前方有一个杯子，你右边有一个杯子。",
        ),
    ],
)
def test_what_is_new(changes: list[Change], before: dict[str, int], english: str, chinese: str) -> None:
    assert news(changes, before, "side", "en") == english
    assert news(changes, before, "side", "zh") == chinese


def test_nobody_is_told_of_everything_at_once() -> None:
    labels = ["cup", "dog", "cat", "car", "bus", "bed", "tie", "book", "kite"]
    assert news([change("new", label, 1) for label in labels], {}, "side", "en").endswith("and 3 more things.")


OF_LISTS = """person bicycle car motorbike motorcycle aeroplane airplane bus train truck boat traffic_light fire_hydrant
stop_sign parking_meter bench bird cat dog horse sheep cow elephant bear zebra giraffe backpack umbrella handbag tie
suitcase frisbee skis snowboard sports_ball kite baseball_bat baseball_glove skateboard surfboard tennis_racket bottle
wine_glass cup fork knife spoon bowl banana apple sandwich orange broccoli carrot hot_dog pizza donut cake chair sofa
couch pottedplant potted_plant bed diningtable dining_table toilet tvmonitor tv laptop mouse remote keyboard cellphone
cell_phone microwave oven toaster sink refrigerator book clock vase scissors teddy_bear hair_drier toothbrush"""


@pytest.mark.parametrize("name", OF_LISTS.split())
def test_every_name_of_widely_used_lists_is_said_in_chinese_too(name: str) -> None:
    label = said(name)
    assert not re.search("[A-Za-z]", counted(label, 2, "zh") + spoken(label, "zh"))
    assert measure(label)


def test_the_same_thing_has_one_name_whatever_list_it_comes_from() -> None:
    assert said("motorcycle") == said("motorbike") in NarrationOptions().hazards
    assert said("tvmonitor") == said("TV")
    assert said("diningtable") == said("dining_table")
