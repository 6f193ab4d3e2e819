"""The contact sheet: every keyframe in its place, and the conversation on a strip of time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageOps

from assistant import contact_sheet
from assistant.contact_sheet import CELL, COLOURS, GAP, LANE, LEFT, MARGIN, MOST_KEYFRAMES, MOST_TURNS, draw
from devices.media import Frame
from pipelines.types import Caption, Event, Reply, Started, Transcript

Keyframe = tuple[Frame, Caption]
RED, GREEN, BLUE = (200, 30, 30), (30, 200, 30), (30, 30, 200)


def keyframe(
    number: int = 1, colour: tuple[int, int, int] = RED, text: str = "A wall.", shape: tuple[int, int] = (90, 160)
) -> Keyframe:
    """A picture of one colour, and what is said of it."""
    pixels = np.full((*shape, 3), colour, np.uint8)
    return Frame(pixels, 1000.0 + number, "desk"), Caption(text, "desk", 1000.0 + number, 0.4, number)


def drawn(path: Path, *arguments: object, **options: object) -> Image.Image:
    """The sheet as it reads back from its file."""
    draw(*arguments[:1], path / "sheet.png", *arguments[1:], **options)  # type: ignore[arg-type]
    return Image.open(path / "sheet.png").convert("RGB")


def has(image: Image.Image, colour: str) -> bool:
    wanted = tuple(bytes.fromhex(colour[1:]))
    return bool((np.asarray(image) == wanted).all(axis=2).any())


def places_of(image: Image.Image, colour: tuple[int, int, int]) -> tuple[int, int]:
    """Row and column of the middle of everything that has this colour."""
    rows, columns = np.nonzero((np.abs(np.asarray(image).astype(int) - colour) < 6).all(axis=2))
    return int(rows.mean()), int(columns.mean())


def columns_of(image: Image.Image, colour: str, top: int) -> NDArray[np.intp]:
    """Where the marks of a colour stand on the strip of time, which begins below `top`."""
    strip = np.asarray(image)[top : top + 4 * LANE, MARGIN + LEFT :]
    return np.nonzero((strip == tuple(bytes.fromhex(colour[1:]))).all(axis=2).any(axis=0))[0]


def test_the_keyframes_stand_in_reading_order(tmp_path: Path) -> None:
    sheet = drawn(tmp_path, [keyframe(1, RED), keyframe(2, GREEN), keyframe(3, BLUE)], "Two by two", columns=2)
    assert sheet.width == 2 * CELL + GAP + 2 * MARGIN
    (red_y, red_x), (green_y, green_x), (blue_y, blue_x) = (places_of(sheet, colour) for colour in (RED, GREEN, BLUE))
    assert red_y == green_y < blue_y
    assert red_x == blue_x == pytest.approx(MARGIN + CELL // 2, abs=1)
    assert green_x == red_x + CELL + GAP


def test_a_longer_caption_makes_a_higher_sheet_and_none_is_cut(tmp_path: Path) -> None:
    heights = [drawn(tmp_path, [keyframe(text="word " * count)]).height for count in (1, 50, 100)]
    assert heights[0] < heights[1] < heights[2]
    assert drawn(tmp_path, [keyframe(text="x" * 500)]).height > heights[0]  # a word longer than a line is broken


def test_a_session_without_keyframes_says_so(tmp_path: Path) -> None:
    empty, untitled = drawn(tmp_path, [], "A dark room"), drawn(tmp_path, [])
    assert untitled.height < empty.height < drawn(tmp_path, [keyframe()], "A dark room").height
    assert len(empty.getcolors(1 << 16) or []) > 1  # something is written on it


@pytest.mark.parametrize("shape", [(1, 1), (1, 4000), (4000, 1), (2160, 3840)])
def test_any_shape_of_picture_fits_its_cell(tmp_path: Path, shape: tuple[int, int]) -> None:
    sheet = drawn(tmp_path, [keyframe(shape=shape)], columns=1)
    assert sheet.width == CELL + 2 * MARGIN
    assert places_of(sheet, RED)[1] == pytest.approx(MARGIN + CELL // 2, abs=1)


@pytest.mark.parametrize("text", ["三个人，出口 → “EXIT” — 😀", "\x1b[31mred", ""])
def test_characters_that_no_font_has_do_not_fail(tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with_system_fonts = drawn(tmp_path, [keyframe(text=text)])
    monkeypatch.setattr(contact_sheet, "FONTS", ())
    assert drawn(tmp_path, [keyframe(text=text)]).width == with_system_fonts.width


def test_what_stands_for_a_missing_character(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contact_sheet, "FONTS", ())
    pen = contact_sheet.Pen(set("a—½三"))
    assert "".join(map(pen._writable, "a—½三")) == "a-12?"


def test_the_conversation_is_drawn_below_at_its_time(tmp_path: Path) -> None:
    spoken: list[Event] = [
        Started(1000.0, "", {}),
        Transcript("how many", 1004.0, 0.3),
        Reply("At least two.", "how many", 1004.0, 1005.0, 1010.0),
    ]
    silent = drawn(tmp_path, [keyframe()])
    sheet = drawn(tmp_path, [keyframe()], conversation=spoken)
    assert sheet.height > silent.height
    assert not has(silent, COLOURS["said"])
    heard, said = (columns_of(sheet, COLOURS[word], silent.height - MARGIN) for word in ("heard", "said"))
    assert heard.max() < said.min()  # it was asked before it was answered
    assert np.ptp(said) / (sheet.width - MARGIN - LEFT) == pytest.approx(0.5, abs=0.07)  # five of ten seconds


def test_of_a_long_session_a_bounded_part_is_drawn(tmp_path: Path) -> None:
    keyframes = [keyframe(number, text="", shape=(9, 16)) for number in range(200)]
    turns = [Transcript("again", 1000.0 + number) for number in range(200)]
    most = drawn(tmp_path, keyframes[:MOST_KEYFRAMES], conversation=turns[: MOST_TURNS + 1])
    assert drawn(tmp_path, keyframes, conversation=turns).size == most.size
    chosen = contact_sheet._evenly(keyframes, MOST_KEYFRAMES)
    assert [chosen[0], chosen[-1]] == [keyframes[0], keyframes[-1]]
    assert len({id(frame) for frame, _ in chosen}) == MOST_KEYFRAMES


def test_a_place_that_cannot_be_written_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="absent"):
        draw([keyframe()], tmp_path / "absent" / "sheet.png")


def test_a_real_photo_keeps_its_looks(media: Path) -> None:
    photo = Image.open(media / "images" / "ski-coffee.png").convert("RGB")
    small = contact_sheet._thumbnail(Frame(np.asarray(photo), 0.0, "desk"))
    expected = ImageOps.pad(photo, small.size, color=contact_sheet.NIGHT)
    assert np.abs(np.asarray(small, int) - np.asarray(expected, int)).mean() < 3
