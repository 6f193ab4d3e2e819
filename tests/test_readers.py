"""Text and codes are read exactly, with the places where they stand, in the order in which one reads."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.media import Frame, Pixels
from pipelines.captioners.reading import CodeReader
from pipelines.readers.order import in_order
from pipelines.readers.rapid import RapidOcr, RapidReader
from pipelines.spots import CODE, TEXT, Box, Spot
from tests.test_reading import code

SHARES = st.floats(0, 1)


@pytest.fixture(scope="module")
def reader() -> RapidReader:
    pytest.importorskip("rapidocr")
    return RapidOcr().load()


def sign(*words: tuple[str, float, float, float], size: tuple[int, int] = (720, 1280)) -> Pixels:
    """Dark words on light grey: (text, left, middle, height of its letters), in shares of the picture."""
    picture = np.full((*size, 3), 205, np.uint8)
    for text, left, middle, height in words:
        scale = cv2.getFontScaleFromHeight(cv2.FONT_HERSHEY_SIMPLEX, round(height * size[0]), round(2 * height * 18))
        place = round(left * size[1]), round((middle + height / 2) * size[0])
        cv2.putText(picture, text, place, cv2.FONT_HERSHEY_SIMPLEX, scale, (25, 25, 25), max(2, round(scale * 2)))
    return picture


def read(reader: RapidReader, pixels: Pixels) -> Sequence[Spot]:
    return reader.read(Frame(pixels, 0.0, "desk"))


def test_a_sign_is_read_exactly_and_where_it_stands(reader: RapidReader) -> None:
    found = read(reader, sign(("EXIT", 0.1, 0.3, 0.08), ("Platform 9", 0.5, 0.7, 0.06)))
    assert [(spot.label, spot.text) for spot in found] == [(TEXT, "EXIT"), (TEXT, "Platform 9")]
    exits, platform = found
    assert 0.08 < exits.box.left < 0.12
    assert exits.box.y == pytest.approx(0.3, abs=0.03)
    assert platform.box.left == pytest.approx(0.5, abs=0.03)
    assert platform.box.y == pytest.approx(0.7, abs=0.03)
    assert all(0.8 <= spot.score <= 1 for spot in found)


def test_a_large_picture_has_the_same_shares(reader: RapidReader) -> None:
    words = ("EXIT", 0.3, 0.5, 0.1)
    (small,), (large,) = (read(reader, sign(words, size=size)) for size in ((720, 1280), (1440, 2560)))
    assert small.text == large.text == "EXIT"
    assert small.box.overlap(large.box) > 0.8


def test_lines_come_from_top_to_bottom_and_from_left_to_right(reader: RapidReader) -> None:
    picture = sign(("third", 0.1, 0.8, 0.06), ("second", 0.6, 0.31, 0.06), ("first", 0.1, 0.3, 0.06))
    assert [spot.text for spot in read(reader, picture)] == ["first", "second", "third"]


def test_codes_come_after_the_text_with_their_places(reader: RapidReader) -> None:
    picture, square = sign(("Scan me", 0.1, 0.8, 0.08)), code("https://example.org/a?b=1")
    picture[60 : 60 + square.shape[0], 800 : 800 + square.shape[1]] = square
    text, link = read(reader, picture)
    assert (text.label, text.text) == (TEXT, "Scan me")
    assert (link.label, link.text, link.score) == (CODE, "https://example.org/a?b=1", 1.0)
    inner = Box(
        (800 + 48) / 1280, (60 + 48) / 720, (800 + square.shape[1] - 48) / 1280, (60 + square.shape[0] - 48) / 720
    )
    assert link.box.overlap(inner) > 0.9


def test_codes_are_left_out_where_nobody_wants_them() -> None:
    pytest.importorskip("rapidocr")
    assert read(RapidOcr(codes=False).load(), code("hello there")) == []


def test_two_codes_that_say_the_same_are_two_places_and_one_line() -> None:
    square = code("twice")
    both = np.concatenate([square, square], axis=1)
    left, right = CodeReader().find(both)
    assert left.text == right.text == "twice"
    assert {round(one.box[0] + one.box[2], 1) for one in (left, right)} == {0.5, 1.5}
    assert CodeReader().read(both) == ("twice",)


@pytest.mark.parametrize("shape", [(1, 1), (16, 16), (40, 900), (900, 40)])
def test_pictures_without_text_have_none(reader: RapidReader, shape: tuple[int, int]) -> None:
    assert read(reader, np.full((*shape, 3), 90, np.uint8)) == []


def test_a_printed_page_is_read_line_by_line(reader: RapidReader, media: Path) -> None:
    found = cv2.imread(str(media / "images" / "ocr-rapid-en.jpg"))
    assert found is not None
    lines = [spot.text for spot in read(reader, np.ascontiguousarray(found[:, :, ::-1], np.uint8))]
    assert lines == [
        "3 MovieShots Dataset",
        "To facilitate the shot type analysis in videos, we collect MovieShots, a large-scale",
        "shot type annotation set that contains 46K shots from 7858 movies. The details",
        "of this dataset are specified as follows.",
    ]


@given(st.lists(st.tuples(SHARES, SHARES), max_size=8), st.floats(0.01, 0.2))
def test_reading_in_order_loses_nothing_and_goes_down(places: list[tuple[float, float]], height: float) -> None:
    spots = [Spot(TEXT, Box(x, y, x + 0.1, y + height), 0.9, str(n)) for n, (x, y) in enumerate(places)]
    ordered = in_order(spots)
    assert sorted(spot.text for spot in ordered) == sorted(spot.text for spot in spots)
    for index, above in enumerate(ordered):
        assert all(below.box.bottom > above.box.top for below in ordered[index:])


def test_a_small_line_beside_a_tall_one_stands_beneath_what_is_level_with_that() -> None:
    tall, level, small = (0.1, 0.1, 0.3), (0.5, 0.15, 0.28), (0.7, 0.27, 0.3)
    spots = [Spot(TEXT, Box(x, top, x + 0.1, bottom), 0.9, f"{x}") for x, top, bottom in (small, level, tall)]
    assert [spot.text for spot in in_order(spots)] == ["0.1", "0.5", "0.7"]
