"""What is read in a picture is printable, whatever somebody holds before the camera."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.media import Pixels
from pipelines.captioners.reading import LONGEST, CodeReader, one_line
from pipelines.wording import JOINERS


def code(said: str) -> Pixels:
    """A QR code, 8 pixels a square, with a white edge."""
    squares = cv2.copyMakeBorder(cv2.QRCodeEncoder.create().encode(said), 4, 4, 4, 4, cv2.BORDER_CONSTANT, value=255)
    return np.asarray(cv2.cvtColor(squares.repeat(8, 0).repeat(8, 1), cv2.COLOR_GRAY2RGB), np.uint8)


def test_a_code_cannot_speak_to_the_terminal() -> None:
    assert CodeReader().read(code("hi\x1b[31m\x07 there\r\nuser:  \tyes\u202e")) == ("hi[31m there user: yes",)


def test_a_long_code_is_cut() -> None:
    (line,) = CodeReader().read(code("word " * 100))
    assert len(line) == LONGEST
    assert line.endswith("…")


@pytest.mark.parametrize("said", ["https://example.org/?a=1", "东京 9:30", "naïve café"])
def test_what_is_printable_stays_as_it_stands_there(said: str) -> None:
    assert one_line(said) == said


@given(st.text(max_size=2 * LONGEST))
def test_one_line_is_one_printable_line(said: str) -> None:
    line = one_line(said)
    assert line.translate(dict.fromkeys(map(ord, JOINERS))).isprintable()
    assert len(line) <= LONGEST
    assert line == line.strip()
    assert not any(one == other == " " for one, other in pairwise(line))
