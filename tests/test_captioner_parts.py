"""What the embedded captioner is made of: boxes, colours, motion, changes and words, each by itself."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.media import Pixels
from pipelines.backends import BackendError
from pipelines.captioners import light, motion, people, ssd
from pipelines.captioners.changes import changes
from pipelines.captioners.reading import is_text
from pipelines.captioners.wording import sentences
from pipelines.types import Facts

RANDOM = np.random.default_rng(3)
SHARES = st.floats(0, 1)


def box(x: float, score: float, size: float = 0.2) -> ssd.Detection:
    return ssd.Detection(x - size / 2, 0.4, x + size / 2, 0.4 + size, score)


@st.composite
def boxes(draw: st.DrawFn) -> ssd.Detection:
    (left, right), (top, bottom) = sorted((draw(SHARES), draw(SHARES))), sorted((draw(SHARES), draw(SHARES)))
    return ssd.Detection(left, top, right, bottom, draw(SHARES))


@pytest.fixture(scope="module")
def shapes() -> Pixels:
    """A picture 720p full of edges at every place: overlapping rectangles."""
    picture = np.full((720, 1280, 3), 120, np.uint8)
    for _ in range(150):
        x, y = int(RANDOM.integers(0, 1200)), int(RANDOM.integers(0, 660))
        height, width = (int(length) for length in RANDOM.integers(20, 160, 2))
        picture[y : y + height, x : x + width] = RANDOM.integers(40, 200, 3)
    return picture


# Boxes


@given(st.lists(boxes(), max_size=12), st.floats(0.1, 0.9))
def test_what_is_suppressed_overlaps_something_surer_that_is_kept(found: list[ssd.Detection], overlap: float) -> None:
    kept = ssd.suppress(found, overlap)
    assert all(ssd.iou(one, other) <= overlap for one in kept for other in kept if one is not other)
    for gone in (one for one in found if one not in kept):
        assert any(ssd.iou(gone, one) > overlap and one.score >= gone.score for one in kept)


@given(boxes(), boxes())
def test_the_overlap_is_symmetric_and_a_share(one: ssd.Detection, other: ssd.Detection) -> None:
    assert ssd.iou(one, other) == pytest.approx(ssd.iou(other, one))
    assert 0 <= ssd.iou(one, other) <= 1 + 1e-9


def test_anchors_lie_at_the_centres_of_each_strides_cells() -> None:
    face, body = ssd.anchors(people.FACES[1]), ssd.anchors(people.BODIES[1])
    assert face.shape == (48 * 48, 2)
    assert face[0] == pytest.approx([2 / 192, 2 / 192])
    assert face[-1] == pytest.approx([190 / 192, 190 / 192])
    assert body.shape == (28 * 28 * 2 + 14 * 14 * 2 + 7 * 7 * 6, 2)
    assert body[0] == pytest.approx(body[1])
    assert body[2] == pytest.approx([12 / 224, 4 / 224])


@given(boxes(), st.integers(20, 2000), st.integers(20, 2000))
def test_a_box_comes_back_from_the_letterbox_to_where_it_was(found: ssd.Detection, height: int, width: int) -> None:
    longest = max(height, width)

    def into(share: float, length: int) -> float:
        return (share - 0.5) * length / longest + 0.5

    inside = ssd.Detection(
        into(found.left, width), into(found.top, height), into(found.right, width), into(found.bottom, height), 1.0
    )
    back = ssd.unletterbox(inside, height, width)
    assert (back.left, back.top) == pytest.approx((found.left, found.top), abs=1e-6)
    assert (back.right, back.bottom) == pytest.approx((found.right, found.bottom), abs=1e-6)


def test_the_letterbox_keeps_the_shape_and_is_black_around_it() -> None:
    square = ssd.letterbox(np.full((100, 200, 3), 255, np.uint8), 64)
    assert square.shape == (64, 64, 3)
    assert square[16:48].min() == 1
    assert square[:16].max() == square[48:].max() == -1


def test_decoding_keeps_what_is_likely_and_puts_it_around_its_anchor() -> None:
    raw = np.array([[9.6, 0, 19.2, 38.4], [0, 0, 1, 1]], np.float32)
    found = ssd.decode(raw, np.array([2.0, -2.0], np.float32), np.array([[0.5, 0.5], [0, 0]], np.float32), 192, 0.6)
    assert [(round(one.x, 3), round(one.right - one.left, 3)) for one in found] == [(0.55, 0.1)]
    assert found[0].score == pytest.approx(0.881, abs=1e-3)


# People


@pytest.mark.parametrize(
    ("faces", "bodies", "places", "maybe"),
    [
        ([], [], (), False),
        ([box(0.1, 0.92)], [], ("left",), False),
        ([box(0.5, 0.7)], [], (), False),
        ([box(0.5, 0.7)], [box(0.5, 0.45)], ("centre",), False),
        ([], [box(0.9, 0.95)], ("right",), False),
        ([], [box(0.9, 0.85)], (), True),
        ([box(0.85, 0.35)], [box(0.9, 0.85)], ("right",), False),
        ([box(0.2, 0.35)], [box(0.9, 0.85)], (), True),
        ([], [box(0.9, 0.45)], (), False),
        ([box(0.9, 0.8), box(0.1, 0.7), box(0.5, 0.65)], [box(0.5, 0.8)], ("left", "centre", "right"), False),
    ],
)
def test_people_are_counted_only_when_sure_or_borne_out(
    faces: list[ssd.Detection], bodies: list[ssd.Detection], places: tuple[str, ...], maybe: bool
) -> None:
    everyone, perhaps = people.judge(faces, bodies)  # type: ignore[arg-type]
    assert (people.places(everyone), bool(perhaps)) == (places, maybe)


def test_damaged_weights_say_what_to_do(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("ai_edge_litert")
    (tmp_path / "broken.tflite").write_bytes(b"not a model")
    with pytest.raises(BackendError, match="omni models pull people"):
        ssd.SingleShot(tmp_path / "broken.tflite", people.FACES[1])
    os.write(2, b"heard\n")
    assert capfd.readouterr().err == "heard\n"  # stderr was silent meanwhile and is back


# Light, colours, blur


@pytest.mark.parametrize(
    ("rgb", "name"),
    [
        ((0, 0, 0), "black"), ((128, 128, 128), "grey"), ((255, 255, 255), "white"), ((255, 0, 0), "red"),
        ((139, 0, 0), "red"), ((255, 150, 0), "orange"), ((139, 69, 19), "brown"), ((224, 190, 150), "beige"),
        ((255, 240, 0), "yellow"), ((0, 128, 0), "green"), ((60, 200, 60), "green"), ((0, 200, 210), "cyan"),
        ((0, 0, 255), "blue"), ((135, 206, 235), "blue"), ((0, 0, 128), "blue"), ((128, 0, 128), "purple"),
        ((255, 182, 193), "pink"), ((255, 105, 180), "pink"),
    ],
)  # fmt: skip
def test_plain_colours_have_their_plain_name(rgb: tuple[int, int, int], name: str) -> None:
    assert light.colours(np.full((40, 60, 3), rgb, np.uint8)) == (name,)


def test_colours_come_in_the_order_of_their_share() -> None:
    flag = np.zeros((100, 100, 3), np.uint8)
    flag[:60], flag[60:90], flag[90:] = (0, 0, 255), (255, 0, 0), (255, 255, 255)
    assert light.colours(flag) == ("blue", "red")


@given(st.floats(0, 100), st.floats(-120, 120), st.floats(-120, 120))
def test_every_colour_has_a_name(lightness: float, a: float, b: float) -> None:
    assert light.name_of(lightness, a, b).isalpha()


@pytest.mark.parametrize(("level", "name"), [(5, "dark"), (45, "dim"), (120, "normal"), (230, "bright")])
def test_light_has_four_names(level: int, name: str) -> None:
    assert light.light(np.full((30, 40, 3), level, np.uint8)) == name


def test_blur_is_told_from_sharpness_and_from_flatness(shapes: Pixels) -> None:
    assert not light.is_blurred(shapes)
    assert light.is_blurred(np.asarray(cv2.GaussianBlur(shapes, (0, 0), 10)))
    assert not light.is_blurred(np.full((720, 1280, 3), 90, np.uint8))
    assert not light.is_blurred(np.full((1, 1, 3), 90, np.uint8))


# Motion


@pytest.mark.parametrize(("left", "place"), [(60, "left"), (600, "centre"), (1150, "right")])
def test_motion_is_located(shapes: Pixels, left: int, place: str) -> None:
    moved = shapes.copy()
    moved[300:560, left : left + 90] = (250, 30, 30)
    assert motion.motion(motion.glance(shapes), motion.glance(moved)) == place


@pytest.mark.parametrize(("down", "right"), [(0, 48), (40, 0), (-24, 80), (16, -120)])
def test_a_camera_that_turns_is_told_from_things_that_move(shapes: Pixels, down: int, right: int) -> None:
    crop = shapes[100:600, 200:1100]
    turned = shapes[100 + down : 600 + down, 200 + right : 1100 + right]
    darker = np.asarray(cv2.convertScaleAbs(turned, alpha=0.9))
    assert motion.motion(motion.glance(crop), motion.glance(darker)) == "camera"


def test_a_still_scene_has_no_motion(shapes: Pixels) -> None:
    noisy = np.clip(shapes + RANDOM.normal(0, 6, shapes.shape), 0, 255).astype(np.uint8)
    assert motion.motion(motion.glance(shapes), motion.glance(noisy)) == "none"


def test_a_glance_stays_what_it_was(shapes: Pixels) -> None:
    before, after = motion.glance(shapes), motion.glance(np.roll(shapes, 60, axis=1))
    kept = before.grey.copy()
    motion.motion(before, after)
    assert np.array_equal(kept, before.grey)


# Changes and words


@pytest.mark.parametrize(
    ("before", "after", "clauses"),
    [
        (Facts(people=1), Facts(people=1), ()),
        (Facts(people=1), Facts(people=2), ("one person more",)),
        (Facts(people=4), Facts(people=1), ("3 people fewer",)),
        (Facts(people=None), Facts(people=1), ()),
        (Facts(people=1), Facts(people=0, maybe_people=True), ()),
        (Facts(people=0, maybe_people=True), Facts(people=1), ()),
        (Facts(text=("EXIT",)), Facts(text=()), ("the text “EXIT” is gone",)),
        (Facts(), Facts(text=("EXIT",)), ("the text “EXIT” is new",)),
        (Facts(text=("Emergency exit",)), Facts(text=("EMERGENCY EX1T",)), ()),
        (Facts(), Facts(text=tuple("abcdef")), ("6 lines of text are new",)),
        (Facts(), Facts(codes=("4006381333931",)), ("the code “4006381333931” is new",)),
        (Facts(light="normal"), Facts(light="dim"), ("the light went from normal to dim",)),
        (Facts(light="normal"), Facts(light="dark", motion="left"), ("the light went from normal to dark",)),
        (Facts(colours=("red", "grey")), Facts(colours=("grey", "red")), ()),
        (Facts(colours=("red",)), Facts(colours=("green",)), ("the main colour went from red to green",)),
        (Facts(), Facts(motion="left"), ("something moved on the left",)),
        (Facts(), Facts(motion="centre"), ("something moved in the centre",)),
        (Facts(), Facts(motion="camera"), ("the whole picture changed",)),
    ],
)
def test_what_changed_is_said_in_short_clauses(before: Facts, after: Facts, clauses: tuple[str, ...]) -> None:
    assert changes(before, after) == clauses


@pytest.mark.parametrize(
    ("facts", "text"),
    [
        (Facts(people=0, light="normal", colours=("green",)), "No person and no readable text found. Mostly green."),
        (Facts(people=0, maybe_people=True, light="bright"), "Possibly a person. It is bright."),
        (Facts(people=1, places=("right",)), "At least 1 person, on the right."),
        (
            Facts(people=3, places=("left", "left", "centre"), text=("EXIT",), light="dim", colours=("brown", "grey")),
            "At least 3 people, on the left and in the centre. It reads: “EXIT”. "
            "The light is dim; mostly brown and grey.",
        ),
        (Facts(codes=("x",)), "A code says “x”."),
        (Facts(light="dark", colours=("black",)), "It is dark."),
        (Facts(blurred=True, changes=("one person more",)),
         "The picture is blurred. Since the last picture: one person more."),
    ],
)  # fmt: skip
def test_facts_become_plain_sentences(facts: Facts, text: str) -> None:
    assert sentences(facts) == text


def test_a_long_page_is_quoted_in_part_and_the_rest_is_counted() -> None:
    assert sentences(Facts(text=tuple(f"line {n}" for n in range(14)))).endswith("line 11” and 2 more lines.")


def test_without_reading_nothing_is_said_about_text() -> None:
    assert sentences(Facts(people=0), reads=False) == "No person found."


@pytest.mark.parametrize(
    ("line", "kept"), [("EXIT", True), ("42", True), ("出口", True), ("00", False), ("8", False), ("— .", False)]
)
def test_rings_and_bars_are_no_text(line: str, kept: bool) -> None:
    assert is_text(line) == kept
