"""The slow tier tells what a caption adds to what was told, and as possible what sources disagree about."""

from __future__ import annotations

import pytest

from pipelines.narration.history import points
from pipelines.narration.options import NarrationOptions
from pipelines.narration.situation import Situation, Thing
from pipelines.narration.slow import FIRST, Slow
from pipelines.narration.slowwords import doubt, hedged
from pipelines.remarks import Remark
from pipelines.spots import CODE, TEXT, Box, Spot
from pipelines.types import Caption, Facts

OPTIONS = NarrationOptions()
BOX = Box(0.4, 0.2, 0.6, 0.9)
EMPTY = Situation("hall")


def people(number: int, at: float = 0.0) -> Situation:
    things = tuple(Thing(one, "person", BOX, 0.9, 0.0, at) for one in range(number))
    return Situation("hall", things, known_at=at, read_at=at)


class Ear:
    """Someone who hears all that is told of captions, one every ten seconds."""

    def __init__(self, situation: Situation = EMPTY, language: str = "en") -> None:
        self.slow = Slow("hall", OPTIONS, "zh" if language == "zh" else "en")
        self.situation, self.at, self.number = situation, 0.0, 0

    def shown(self, text: str, facts: Facts | None = None, confidence: float | None = None) -> list[Remark]:
        self.at, self.number = self.at + 10.0, self.number + 1
        caption = Caption(text, "hall", self.at, 1.0, self.number, facts, confidence=confidence)
        return self.slow.captioned(caption, self.situation)

    def hears(self, text: str, facts: Facts | None = None, confidence: float | None = None) -> str:
        remarks = self.shown(text, facts, confidence)
        for remark in remarks:
            self.slow.settled(remark, remark.text)
        return " ".join(remark.text for remark in remarks)


def test_the_first_caption_is_told_whole_and_may_come_late() -> None:
    (first,) = Ear().shown("A man is sitting at a desk. A red cup is on the desk.")
    assert first.text == "A person is sitting at a desk. A red cup is on the desk."
    assert (first.topic, first.expires_at, first.brief) == (None, 10.0 + FIRST, "A person is sitting at a desk.")


def test_another_wording_of_what_was_told_is_not_told() -> None:
    ear = Ear()
    assert ear.hears("A man is sitting on a couch with a red cup on the table.")
    assert ear.hears("The man sits on a sofa, and there is a red mug on a wooden table.") == ""
    assert ear.hears("In the image, there is a table with a red cup. A person is sitting on the sofa.") == ""


def test_only_the_sentence_that_adds_something_is_told() -> None:
    ear = Ear()
    ear.hears("A man is sitting on a couch.")
    assert ear.hears("A man is sitting on a couch. A dog is lying on the carpet.") == "A dog is lying on the carpet."
    (later,) = ear.shown("A man is sitting on a couch with a laptop.")
    assert (later.text, later.topic, later.expires_at) == ("A laptop.", "objects", None)
    assert later.at == ear.at, "late captions expire by when their picture was taken"


def test_what_is_left_out_for_more_than_three_sentences_is_not_told_again() -> None:
    ear = Ear()
    ear.hears("A dog is lying on the carpet.")
    for thing in ("lamp", "clock", "vase", "mirror", "plant"):
        assert ear.hears(f"There is a {thing}.") == f"There is a {thing}."
    assert ear.hears("There is a dog.") == ""


def test_something_elsewhere_than_before_is_news_and_a_first_place_is_none() -> None:
    ear = Ear()
    ear.hears("A cup is on the table. There is a carpet.")
    assert ear.hears("A cup is on the carpet.") == "A cup is on the carpet."
    assert ear.hears("The carpet is on the table.") == ""


def test_what_someone_does_is_told_again_when_it_is_done_again() -> None:
    ear = Ear()
    ear.hears("A person is sitting on a chair.")
    assert ear.hears("A person is standing.") == "A person is standing."
    for _ in range(4):
        assert ear.hears("A person is standing.") == ""
    assert ear.hears("A person is sitting on a chair.") == "A person is sitting on a chair."


def test_an_evening_at_a_desk_is_told_once() -> None:
    ear = Ear()
    for caption, told in EVENING:
        assert ear.hears(caption) == told


EVENING = [
    (
        "A man is sitting at a desk with a laptop and a cup of coffee.",
        "A person is sitting at a desk. A laptop and a cup of coffee.",
    ),
    (
        "A young man with short dark hair is sitting in front of a laptop computer. He is wearing a blue shirt.",
        "They are wearing a blue shirt.",
    ),
    (
        "A person in a blue shirt is using a laptop at a wooden desk. A white mug is placed next to the laptop.",
        "",
    ),
    (
        "In the image, a man is seated at a desk with a laptop in front of him. Behind him, there is a bookshelf.",
        "There is a bookshelf.",
    ),
    ("The image captures a man in a blue t-shirt. The desk has a laptop and a mug.", ""),
    ("A man is sitting at a table and using a computer.", ""),
    ("The man in the blue shirt is sitting. The background features a bookshelf.", ""),
    ("A man is standing up next to the desk. The laptop is open.", "A person is standing up. The laptop is open."),
    ("The man is standing in the room. There is a chair.", "There is a chair."),
    ("An empty desk with a laptop and a coffee mug.", ""),
    ("A brown dog is walking into the room. There is a desk with a laptop.", "A brown dog is walking into the room."),
    (
        "A man is sitting at a desk. A dog is lying on the floor.",
        "A person is sitting at a desk. A dog is lying on the floor.",
    ),
]


def test_what_boxes_tell_is_not_told_by_captions() -> None:
    ear = Ear(people(1, 10.0))
    ear.hears("A chair is by the wall.")
    ear.situation = people(1, 20.0)
    assert ear.hears("There is a person.") == ""
    ear.situation = Situation(
        "hall", (Thing(1, "tvmonitor", BOX, 0.9, 0.0, 1.0), Thing(2, "bottle", BOX, 0.9, 0.0, 1.0)), known_at=30.0
    )
    assert ear.hears("There is a bottle.") == ""


def test_what_was_read_already_is_not_told_and_what_nobody_read_is() -> None:
    sign = Situation("hall", texts=(Spot(TEXT, BOX, 0.9, "EXIT"),), read_at=20.0)
    ear = Ear(sign)
    ear.hears("There is a door with a sign.")
    assert ear.hears('There is a sign that says "EXIT".') == ""
    assert ear.hears('There is a sign that says "PUSH".') == 'There is a sign that says "PUSH".'


def test_what_was_not_heard_is_told_again() -> None:
    ear = Ear()
    ear.hears("A person is sitting on a chair.")
    (missed,) = ear.shown("There is a dog.")
    assert ear.shown("There is a dog.") == [], "it waits still"
    ear.slow.settled(missed, "")
    assert ear.hears("There is a dog.") == "There is a dog."


def test_of_a_remark_that_was_cut_only_the_heard_sentences_count() -> None:
    ear = Ear()
    ear.hears("A person is sitting on a chair.")
    (cut,) = ear.shown("A dog is there on a carpet. A cat is lying on a bed.")
    ear.slow.settled(cut, "A dog is there on a carpet.")
    assert ear.hears("A dog is there on a carpet. A cat is lying on a bed.") == "A cat is lying on a bed."


def test_a_first_description_that_nobody_heard_is_first_again() -> None:
    ear = Ear()
    (missed,) = ear.shown("There is a dog.")
    ear.slow.settled(missed, "")
    (again,) = ear.shown("There is a dog.")
    assert again.topic is None


def test_after_a_cover_nothing_is_known() -> None:
    ear = Ear()
    ear.hears("There is a dog.")
    ear.slow.clear()
    assert ear.hears("There is a dog.") == "There is a dog."


@pytest.mark.parametrize("text", ["I'm sorry, I can't help with that.", "Error: connection refused", ""])
def test_refusals_and_errors_are_no_captions(text: str) -> None:
    assert Ear().shown(text) == []


@pytest.mark.parametrize(
    ("sentence", "boxes", "confidence", "told"),
    [
        ("Two people are sitting.", 2, None, "Two people are sitting."),
        ("Two people are sitting.", 1, None, "Possibly two people are sitting."),
        ("There are two people.", 1, None, "Possibly two people."),
        ("A person is sitting.", 0, None, "Possibly a person is sitting."),
        ("A person is sitting.", 3, None, "A person is sitting."),
        ("There are no people.", 1, None, ""),
        ("There are no people.", 0, None, "There are no people."),
        ("Two people are sitting.", None, None, "Two people are sitting."),
        ("There is a dog.", 0, None, "There is a dog."),
        ("There is a dog.", 0, 0.5, "Possibly a dog."),
        ("There is a dog.", 0, 0.2, ""),
        ("There is a dog.", 0, 0.9, "There is a dog."),
    ],
)
def test_sources_that_disagree_make_it_possible_at_the_most(
    sentence: str, boxes: int | None, confidence: float | None, told: str
) -> None:
    situation = EMPTY if boxes is None else people(boxes, 10.0)
    assert Ear(situation).hears(sentence, confidence=confidence) == told


def test_boxes_older_than_the_caption_deny_nothing() -> None:
    assert doubt("Two people.", None, people(1, at=1.0), at=60.0, options=OPTIONS) == "sure"


def test_doubt_in_chinese() -> None:
    assert hedged("有两个人。", "zh") == "可能有两个人。"
    assert Ear(people(1, 10.0), "zh").hears("两个人坐在沙发上。") == "可能有两个人坐在沙发上。"


def test_chinese_captions_tell_what_they_add_too() -> None:
    ear = Ear(language="zh")
    assert ear.hears("一个男人坐在沙发上。") == "有一个人坐在沙发上。"
    assert ear.hears("沙发上坐着一个人。") == ""
    assert ear.hears("一个人坐在沙发上，桌子上有一个杯子。") == "桌子上有一个杯子。"


TWO = Facts(people=2, places=("left", "right"), text=("EXIT",), codes=("42",), light="normal")


def test_facts_are_told_where_nobody_else_looks() -> None:
    remarks = Ear().shown("At least 2 people.", TWO)
    assert [(remark.topic, remark.text) for remark in remarks] == [
        ("people", "At least 2 people, on the left and on the right."),
        ("text", "It reads: “EXIT”."),
        ("text", "A code says “42”."),
    ]


def test_facts_add_nothing_where_boxes_and_a_reader_look() -> None:
    found = Situation("hall", texts=(Spot(CODE, BOX, 1.0, "42"),), known_at=10.0, read_at=10.0)
    assert Ear(found).shown("At least 2 people.", TWO) == []
    lacks_codes = Situation("hall", known_at=10.0, read_at=10.0)
    assert [remark.text for remark in Ear(lacks_codes).shown("At least 2 people.", TWO)] == ["A code says “42”."]


def test_of_facts_only_changes_are_told_and_what_was_not_heard_again() -> None:
    ear = Ear()
    ear.hears("", TWO)
    assert ear.hears("", TWO) == ""
    assert ear.hears("", Facts(people=0, text=("EXIT",))) == "Nobody is to be seen any more."
    (someone,) = ear.shown("", Facts(people=1))
    ear.slow.settled(someone, "")
    assert ear.hears("", Facts(people=1)) == "At least one person."


def test_a_newer_count_that_takes_the_place_of_an_older_one_is_the_one_that_was_told() -> None:
    ear = Ear()
    (older,) = ear.shown("", Facts(people=1))
    (newer,) = ear.shown("", Facts(people=2))
    assert older.key == newer.key
    ear.slow.settled(older, "")
    ear.slow.settled(newer, newer.text)
    assert ear.hears("", Facts(people=2)) == ""


def test_what_a_sentence_tells_are_things_and_their_states() -> None:
    assert points("A person is sitting at a wooden table with a red cup.") == {
        ("thing", "person", ""),
        ("thing", "table", ""),
        ("thing", "cup", ""),
        ("posture", "person", "sit"),
        ("colour", "cup", "red"),
    }


def found(*things: tuple[str, Box]) -> Situation:
    numbered = tuple(Thing(number, label, box, 0.9, 0.0, 10.0) for number, (label, box) in enumerate(things))
    return Situation("hall", numbered, known_at=10.0, read_at=10.0)


LEFT, RIGHT = Box(0.1, 0.2, 0.3, 0.9), Box(0.7, 0.2, 0.9, 0.9)


@pytest.mark.parametrize(
    "caption",
    [
        "A person on the left.",
        "Someone is in the middle of the picture.",
        "The image shows a room with a person on the left.",
        "A room can be seen with someone.",
        "A motorcycle can be seen on the right.",
        "A motorcycle on the right and a man on the left.",
        "This is an indoor scene with a motorbike ahead.",
        "A tv is visible.",
        "左边有一个人。",
        "画面中可以看到一个人和一辆摩托车。",
        'A sign that says "EXIT" can be seen.',
        "有一块写着“EXIT”的牌子。",
    ],
)
def test_a_caption_of_what_boxes_and_a_reader_found_adds_nothing_even_as_the_first(caption: str) -> None:
    boxes = found(("person", LEFT), ("motorbike", RIGHT), ("tvmonitor", BOX))
    ear = Ear(Situation("hall", boxes.things, (Spot(TEXT, BOX, 0.9, "EXIT"),), 10.0, 10.0))
    assert ear.hears(caption) == ""


def test_a_caption_adds_to_what_boxes_found_what_they_cannot_know() -> None:
    assert Ear(found(("person", LEFT))).hears("A man in a red coat is on the left.") != ""


def test_a_caption_that_comes_when_its_thing_is_gone_is_not_told() -> None:
    ear = Ear(found(("cup", RIGHT)))
    ear.hears("A cup on the right.")
    ear.situation = found()
    assert ear.hears("A cup on the right.") == ""


@pytest.mark.parametrize(
    "caption",
    ["The image is dark.", "It is too dark to see.", "A dark picture.", "The lens is covered.", "A covered lens.",
     "Something blocks the lens.", "The picture is very blurry.", "画面很暗。", "镜头被遮住了。", "一片漆黑。"],
)  # fmt: skip
def test_of_the_picture_itself_frames_tell(caption: str) -> None:
    assert Ear().hears(caption) == ""


@pytest.mark.parametrize("caption", ["A dark coat is on a chair.", "A person is covered with a blanket.", "A camera."])
def test_what_is_dark_or_covered_in_it_is_told(caption: str) -> None:
    assert Ear().hears(caption) == caption


def test_of_two_captions_that_wait_the_newer_takes_the_place_of_the_older() -> None:
    ear = Ear()
    ear.hears("A chair.")
    (older,), (newer,) = ear.shown("A laptop is open."), ear.shown("There is a cup of coffee.")
    assert older.key == newer.key
