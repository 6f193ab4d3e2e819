"""Following things as stories: what is the same thing from look to look, what it is, and where it goes."""

from __future__ import annotations

import pytest

from pipelines.narration.tracks import Track, Tracks
from pipelines.spots import Box, Spot
from tests.listening import looked, spot

LOOK = 0.2


def follow(tracks: Tracks, looks: list[list[Spot]], start: float = 0.0, every: float = LOOK) -> float:
    """Gives the time of the look that would follow."""
    for number, found in enumerate(looks):
        tracks.look(looked(round(start + number * every, 3), *found))
    return round(start + len(looks) * every, 3)


def named(tracks: Tracks) -> list[Track]:
    return [track for track in tracks.all if track.named]


def test_what_is_surely_there_is_known_at_the_first_look() -> None:
    tracks = Tracks()
    follow(tracks, [[spot("dog", 0.5, score=0.85)]])
    assert [track.label for track in named(tracks)] == ["dog"]


def test_what_is_less_sure_takes_two() -> None:
    tracks = Tracks()
    after = follow(tracks, [[spot("dog", 0.5, score=0.7)]])
    assert not named(tracks)
    follow(tracks, [[spot("dog", 0.5, score=0.7)]], after)
    assert [track.label for track in named(tracks)] == ["dog"]


def test_two_of_a_kind_keep_their_numbers() -> None:
    tracks = Tracks()
    after = follow(tracks, [[spot("cup", 0.2), spot("cup", 0.8)]])
    left, right = (track.number for track in tracks.all)
    follow(tracks, [[spot("cup", 0.8 - 0.03 * step), spot("cup", 0.2 + 0.03 * step)] for step in range(6)], after)
    assert [track.number for track in tracks.all] == [left, right]
    assert [round(track.box.x, 2) for track in tracks.all] == [0.35, 0.65]


def test_what_moves_fast_is_the_same_thing() -> None:
    tracks = Tracks()
    follow(tracks, [[spot("person", 0.1 + 0.08 * step, width=0.12, height=0.5)] for step in range(10)])
    assert [(track.number, track.course) for track in tracks.all] == [(1, "moving")]


def test_two_names_for_one_box_are_one_thing_that_nobody_is_sure_of() -> None:
    tracks = Tracks()
    follow(tracks, [[spot("bottle", 0.5, score=0.8), spot("person", 0.505, score=0.7)]] * 4)
    (track,) = tracks.all
    assert (track.label, track.rivals) == ("bottle", ("person",))


def test_another_name_for_the_same_box_makes_no_new_thing() -> None:
    tracks = Tracks()
    follow(tracks, [[spot("bottle", 0.5)]] * 5 + [[spot("vase", 0.5)]] * 2)
    (track,) = tracks.all
    assert (track.label, track.number) == ("bottle", 1)


def test_a_name_that_changes_with_every_picture_is_none() -> None:
    tracks = Tracks()
    follow(tracks, [[spot(name, 0.5)] for name in ("boat", "car", "cup", "bottle", "bus", "boat", "cell phone")])
    assert tracks.all
    assert not named(tracks)


def test_a_part_of_a_person_is_no_other_person() -> None:
    tracks = Tracks()
    whole, head = Spot("person", Box(0.4, 0.1, 0.6, 0.9), 0.8), Spot("person", Box(0.44, 0.1, 0.55, 0.35), 0.7)
    follow(tracks, [[whole, head]] * 3)
    assert len(tracks.all) == 1


def test_what_is_not_found_for_a_moment_is_not_gone() -> None:
    tracks = Tracks()
    dog = [spot("dog", 0.5)]
    follow(tracks, [dog, dog, dog, [], dog])
    assert [track.number for track in tracks.all] == [1]


def test_what_is_not_found_for_longer_is_gone() -> None:
    tracks = Tracks()
    after = follow(tracks, [[spot("dog", 0.5)]] * 6)
    follow(tracks, [[]] * 3, after)
    assert not tracks.all


def test_who_is_hard_to_find_is_given_longer() -> None:
    tracks = Tracks()
    dog: list[Spot] = [spot("dog", 0.5)]
    after = follow(tracks, [dog, dog, [], [], dog, [], [], dog, [], dog, []])
    follow(tracks, [[]] * 2, after)
    assert tracks.all


def test_what_someone_stands_before_is_not_gone() -> None:
    tracks = Tracks()
    after = follow(tracks, [[spot("cup", 0.5)]] * 4)
    person = spot("person", 0.5, width=0.3, height=0.9)
    follow(tracks, [[person]] * 20, after)
    assert "cup" in [track.label for track in tracks.all]


def test_what_grows_comes_closer_and_what_shrinks_goes_away() -> None:
    for step, course in ((1.06, "approaching"), (1 / 1.06, "leaving"), (1.0, "still")):
        tracks = Tracks()
        sizes = [0.15 * step**number for number in range(8)]
        follow(tracks, [[spot("dog", 0.5, width=size, height=size)] for size in sizes])
        assert [track.course for track in tracks.all] == [course]


def test_boxes_that_tremble_go_nowhere() -> None:
    tracks = Tracks()
    sizes = [0.2, 0.21, 0.195, 0.205, 0.2, 0.208, 0.196, 0.204, 0.2]
    follow(tracks, [[spot("dog", 0.5 + size / 20, width=size, height=size)] for size in sizes])
    assert [track.course for track in tracks.all] == ["still"]


def test_what_slides_in_over_the_edge_does_not_come_closer() -> None:
    tracks = Tracks()
    for number in range(8):
        bottom = Spot("car", Box(0.4, 1 - 0.06 * (number + 1), 0.6, 1.0), 0.9)
        tracks.look(looked(number * LOOK, bottom))
        assert abs(tracks.all[0].growth) < 1e-9


@pytest.mark.parametrize("label", ["person", "dog"])
def test_another_scene_has_other_things(label: str) -> None:
    tracks = Tracks()
    follow(tracks, [[spot(label, 0.5)]] * 4)
    tracks.clear()
    follow(tracks, [[spot(label, 0.5)]] * 2, 1.0)
    assert [track.number for track in tracks.all] == [2]
