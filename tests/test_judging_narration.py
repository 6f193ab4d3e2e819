"""The judge of narrations itself: good ones pass, and what repeats, comes late or is made up is found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from devices.media import Pixels
from pipelines.spots import Box, Spot, Spots
from tests.benchmarks._narration_claims import Claim, claims
from tests.benchmarks._narration_scores import Said, Score, scored
from tests.narrating import LATE, Script, Spell, State
from tests.rooms import WIDTH, room

LEFT, RIGHT = Box(0.1, 0.2, 0.3, 0.9), Box(0.7, 0.2, 0.9, 0.9)
NOBODY, ONE, TWO = State(), State({"person": (0.2,)}), State({"person": (0.2, 0.8)})
DOOR = Script(
    "door", 40, (Spell(0, 10, NOBODY), Spell(10, 20, ONE), Spell(20, 30, TWO), Spell(30, 40, NOBODY)), lambda at: room()
)
TABLE = Script("table", 40, (Spell(0, 10, State()), Spell(10, 40, State({"cup": (0.8,)}))), lambda at: room())
SIGN = Script(
    "sign",
    30,
    (Spell(0, 10, State()), Spell(10, 20, State(texts=("EXIT 12",))), Spell(20, 30, State(cropped=("EXIT 12",)))),
    lambda at: room(),
)
LENS = Script(
    "lens",
    30,
    (Spell(0, 10, State()), Spell(10, 20, State(camera="covered")), Spell(20, 30, State())),
    lambda at: room(),
)
GOOD = ((10.3, "A person on your left."), (20.3, "Two people now."), (30.3, "Nobody is there any more."))
LOOKS = [
    *(Spots("film", at / 2, "objects", (Spot("person", LEFT, 0.9),)) for at in range(20, 60)),
    *(Spots("film", at / 2, "objects", (Spot("person", RIGHT, 0.9),)) for at in range(40, 60)),
]


def judged(script: Script, *sentences: tuple[float, str], began: float = 0.4) -> Score:
    """Of pictures at those times, each begun so many seconds later."""
    return scored(script, [Said(text, at, at + began, at + began + 1) for at, text in sentences], LOOKS)


def test_who_tells_each_change_once_and_rightly_has_nothing_held_against_him() -> None:
    score = judged(DOOR, *GOOD)
    assert len(score.announced) == len(score.named) == len(DOOR.changes) == 3
    assert score.delays == pytest.approx([0.7, 0.7, 0.7])
    assert (score.repeats, score.unsupported, score.unbacked, score.late) == ([], [], [], [])


def test_who_says_the_same_in_other_words_repeats_it() -> None:
    score = judged(DOOR, *GOOD[:1], (14.0, "There is someone at the left."), (17.0, "One person."))
    assert score.repeats == ["14.4 s: There is someone at the left.", "17.4 s: One person."]


def test_what_came_true_again_is_no_repetition() -> None:
    again = Script("again", 40, (Spell(0, 10, ONE), Spell(10, 20, NOBODY), Spell(20, 40, ONE)), lambda at: room())
    score = judged(again, (0.5, "A person."), (10.5, "The person is gone."), (20.5, "A person."))
    assert score.repeats == []
    assert len(score.announced) == 2


def test_who_goes_away_is_not_gone_yet() -> None:
    score = judged(
        DOOR, (20.3, "Two people."), (26.0, "The person on your left is going away."), (30.3, "Nobody is there.")
    )
    assert score.repeats == []


def test_words_that_claim_nothing_repeat_where_they_say_the_same() -> None:
    score = judged(
        DOOR, (1.0, "It is a pleasant view."), (5.0, "It is a pleasant view."), (25.0, "It is a pleasant view.")
    )
    assert score.repeats == ["5.4 s: It is a pleasant view."]


def test_what_is_told_too_late_announces_nothing() -> None:
    late = [(at + LATE + 0.5, text) for at, text in ((10.0, GOOD[0][1]), (30.0, GOOD[2][1]))]
    assert judged(DOOR, *late).announced == {}
    assert len(judged(DOOR, *GOOD, began=LATE + 1).announced) == 0


def test_what_was_known_before_announces_no_change() -> None:
    assert [one.at for one in judged(DOOR, (10.3, "A person."), (20.3, "A person.")).announced] == [10.0]


def test_one_sentence_announces_one_change_of_a_subject() -> None:
    quick = Script(
        "quick",
        20,
        (Spell(0, 10, NOBODY), Spell(10, 11, ONE), Spell(11, 12, NOBODY), Spell(12, 20, ONE)),
        lambda at: room(),
    )
    assert len(judged(quick, (12.5, "A person.")).announced) == 1


@pytest.mark.parametrize(
    ("script", "at", "text"),
    [
        (DOOR, 5.0, "A person on your left."),
        (DOOR, 15.0, "Two people."),
        (DOOR, 15.0, "A person on your right."),
        (DOOR, 15.0, "Nobody is there."),
        (TABLE, 5.0, "A cup."),
        (TABLE, 15.0, "A cat on your left."),
        (TABLE, 25.0, "The cup is gone."),
        (SIGN, 15.0, "It reads: “EXIT 13”."),
        (SIGN, 25.0, "It reads: “EXIT 12”."),
        (SIGN, 5.0, "It reads: “EXIT 12”."),
        (SIGN, 15.0, "Partly covered text: “EXIT”."),
        (LENS, 5.0, "The lens is covered."),
    ],
)
def test_what_is_not_true_is_unsupported(script: Script, at: float, text: str) -> None:
    assert len(judged(script, (at, text)).unsupported) == 1


@pytest.mark.parametrize(
    ("script", "at", "text"),
    [
        (DOOR, 31.0, "Two people left."),
        (DOOR, 25.0, "Two people, one on your left, one on your right."),
        (TABLE, 15.0, "A cup on your right."),
        (SIGN, 15.0, "It reads: “EXIT 12”."),
        (SIGN, 25.0, "Partly covered text: “EXIT”."),
        (LENS, 15.0, "Something covers the lens."),
        (LENS, 21.0, "The picture is clear again."),
    ],
)
def test_what_is_true_is_supported(script: Script, at: float, text: str) -> None:
    assert judged(script, (at, text)).unsupported == []


def painted(*timed: tuple[float, float | None]) -> Callable[[float], Pixels]:
    """The room, in which there is a block at shares of the width, from so many seconds on."""

    def frame(at: float) -> Pixels:
        x, picture = [x for since, x in timed if since <= at][-1], room()
        if x is not None:
            picture[60:140, round((x - 0.1) * WIDTH) : round((x + 0.1) * WIDTH)] = 240
        return picture

    return frame


SEEN_DOOR = replace(DOOR, frame=painted((0, None), (10, 0.2), (20, 0.8), (30, None)))
ROAD = Script(
    "road", 30, (Spell(0, 10, State()), Spell(10, 30, State({"car": (None,)}))), painted((0, None), (10, 0.2))
)


def test_who_has_no_name_for_it_announces_it_where_the_place_is_right() -> None:
    score = judged(SEEN_DOOR, (10.5, "Something moves on your left."), (21.0, "Something changed on your left."))
    assert [one.at for one in score.announced] == [10.0]
    assert score.named == {}
    assert len(judged(SEEN_DOOR, (10.5, "Something moves."), (21.0, "Something changed on your right.")).announced) == 2


def test_where_nobody_knows_the_place_the_pictures_tell_it() -> None:
    assert len(judged(ROAD, (10.6, "Something moves on your left.")).announced) == 1
    assert judged(ROAD, (10.6, "Something moves on your right.")).announced == {}


def test_words_without_a_name_announce_one_change_and_only_in_its_time() -> None:
    both = {"car": (0.2,), "cat": (0.2,)}
    two = Script("two", 30, (Spell(0, 10, State()), Spell(10, 30, State(both))), lambda at: room())
    assert len(two.changes) == 2
    assert len(judged(two, (10.6, "Something moves on your left.")).announced) == 1
    assert judged(two, (10.0 + LATE + 0.2, "Something changed on your left.")).announced == {}


@pytest.mark.parametrize(("script", "at"), [(SIGN, 10.5), (SIGN, 20.5), (LENS, 10.5)])
def test_words_without_a_name_tell_no_text_and_no_trouble_of_the_camera(script: Script, at: float) -> None:
    assert judged(script, (at, "Something changed ahead.")).announced == {}


def test_words_without_a_name_tell_of_no_approach_and_of_no_other_scene() -> None:
    near = State({"person": (0.2,)}, course={"person": "closer"})
    script = Script("near", 30, (Spell(0, 10, ONE), Spell(10, 20, near), Spell(20, 30, State(scene=1))), DOOR.frame)
    said = [(at, text) for at in (11.0, 20.5) for text in ("Something moves.", "Something approaching!")]
    assert judged(script, *said).announced == {}


def test_another_scene_is_told_by_saying_so_or_by_describing_it() -> None:
    cut = Script("cut", 20, (Spell(0, 10, State(scene=0)), Spell(10, 20, State(scene=1))), lambda at: room())
    assert len(judged(cut, (10.2, "The picture shows something else now.")).announced) == 1
    assert len(judged(cut, (5.0, "A cat."), (10.5, "Two people at a table.")).announced) == 1
    for text in ("A cat.", "It says hello.", "The cat is gone.", "Something moves."):
        assert judged(cut, (5.0, "A cat."), (10.5, text)).announced == {}


def test_what_moves_nowhere_is_made_up_and_what_was_named_is_told_again() -> None:
    assert len(judged(SEEN_DOOR, (5.0, "Something moves on your left.")).unsupported) == 1
    score = judged(SEEN_DOOR, (10.3, "A person on your left."), (12.0, "Something changed on your left."))
    assert (score.unsupported, score.repeats) == ([], ["12.4 s: Something changed on your left."])


def test_that_the_picture_is_another_is_not_true_where_only_something_in_it_is() -> None:
    assert len(judged(DOOR, (10.5, "The picture shows something else now.")).unsupported) == 1


def test_that_a_text_is_partly_covered_now_is_news() -> None:
    score = judged(SIGN, (10.5, "It says: EXIT 12."), (20.5, "Partly covered. Move the camera right. It says: EXIT."))
    assert (len(score.announced), score.unsupported, score.repeats) == (2, [], [])


def test_a_course_can_be_told_as_long_as_it_lasts() -> None:
    near = State({"person": (0.2,)}, course={"person": "closer"})
    script = Script("near", 40, (Spell(0, 10, ONE), Spell(10, 15, near), Spell(15, 40, ONE)), lambda at: room())
    assert len(judged(script, (14.0, "The person on your left is approaching.")).announced) == 1
    assert judged(script, (15.5, "The person on your left is approaching.")).announced == {}


def test_of_what_is_on_its_way_nobody_knows_where_it_is() -> None:
    spells = (Spell(0, 8, State({"person": (0.1,)})), Spell(12, 20, State({"person": (0.9,)})))
    score = judged(Script("walk", 20, spells, lambda at: room()), (9.9, "The person is ahead now."))
    assert score.unsupported == []


def test_what_is_only_said_to_be_possible_counts_apart() -> None:
    score = judged(DOOR, (5.0, "Possibly a person on your left."))
    assert (len(score.doubted), score.unsupported) == (1, [])


def test_a_place_without_a_box_is_found_also_where_it_is_true() -> None:
    assert judged(TABLE, (15.0, "A cup on your right.")).unbacked == ["15.4 s: A cup on your right."]
    assert judged(DOOR, (25.0, "A person on your right.")).unbacked == []
    assert len(judged(DOOR, (15.0, "A person on your right.")).unbacked) == 1
    assert judged(TABLE, (15.0, "A cup.")).unbacked == []


def test_a_trouble_of_the_camera_is_judged_by_when_it_is_told_not_by_since_when_it_is() -> None:
    score = scored(LENS, [Said("The lens is covered.", 2.0, 10.5, 12.0)], [])
    assert (len(score.announced), score.unsupported) == (1, [])


def test_what_begins_after_its_time_is_late() -> None:
    said = [Said("A person.", 10.3, began, began + 1, expires_at=13.3) for began in (13.2, 13.4)]
    assert scored(DOOR, said, LOOKS).late == ["13.4 s: A person."]


def test_the_busiest_minute_counts_what_is_said_in_part_of_it() -> None:
    said = [Said("one two three", at, at, at + 2) for at in (0.0, 59.0, 61.0, 61.5)]
    assert scored(DOOR, said, []).busiest == 12
    assert scored(DOOR, [said[0], Said("one two three", 63.0, 63.0, 65.0)], []).busiest == 3


def test_who_talks_all_the_time_announces_much_by_chance() -> None:
    chatter = [(number / 2, text) for number in range(80) for text in ("Nobody is there.", "A person.", "Two people.")]
    assert judged(DOOR, *chatter).chance > 2 > 1 > judged(DOOR, *GOOD).chance


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The person on your left left.", [Claim("person", "gone", None, 0)]),
        ("On your left, a cup and a cat.", [Claim("cup", "there", 1, 0), Claim("cat", "there", 1)]),
        ("A motorbike at 12 o'clock is approaching.", [Claim("motorbike", "closer", 1, 1)]),
        ("Three bottles.", [Claim("bottle", "there", 3)]),
        ("Nothing but darkness can be seen: the light is off, or the lens is covered.", [Claim("camera", "dark")]),
        ("A dining table.", [Claim("diningtable", "there", 1)]),
        ("All is quiet.", []),
        ("It says: EXIT 12.", [Claim("text", text="EXIT 12")]),
        ("Partly covered. It says: EX", [Claim("text", text="EX", partly=True)]),
        ("Partly covered. Move the camera right. It says: EX", [Claim("text", text="EX", partly=True)]),
        ("No longer there: EXIT 12.", [Claim("text", "gone", text="EXIT 12")]),
        ("One more person on your right: now 2.", [Claim("person", "came", 1, 2), Claim("person", count=2)]),
        ("It is much darker now.", [Claim("camera", "darker")]),
        ("The picture shows something else now.", [Claim("scene", "came")]),
        ("Something moves on your left.", [Claim("motion", "there", None, 0)]),
        ("Something approaching, ahead!", [Claim("motion", "closer"), Claim("motion", "closer", None, 1)]),
    ],
)
def test_what_a_sentence_claims(text: str, found: list[Claim]) -> None:
    assert claims(text) == found
