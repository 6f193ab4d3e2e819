"""The embedded captioner as a whole: on pictures made here, and on real photos where they are."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from devices.media import Frame, Pixels
from pipelines import backends, weights
from pipelines.backends import BackendError
from pipelines.captioners.embedded import LONGEST, Embedded, EmbeddedCaptioner, fitted

cv2 = pytest.importorskip("cv2")
pytest.importorskip("rapidocr")
pytest.importorskip("ai_edge_litert")


@pytest.fixture(scope="module")
def captioner() -> Iterator[EmbeddedCaptioner]:
    """Loaded and used with the network cut off."""
    patch = pytest.MonkeyPatch()
    patch.setattr(socket.socket, "connect", _no_network)
    loaded = backends.load(Embedded(), "captioner")
    assert isinstance(loaded, EmbeddedCaptioner)
    yield loaded
    patch.undo()


def _no_network(*_: object) -> None:
    raise AssertionError("the captioner went to the network")


def sign(text: str) -> Pixels:
    """White letters on a dark green board, 720p."""
    board = np.full((720, 1280, 3), (20, 90, 40), np.uint8)
    cv2.putText(board, text, (120, 400), cv2.FONT_HERSHEY_DUPLEX, 5, (255, 255, 255), 12, cv2.LINE_AA)
    return board


def square_code(text: str) -> Pixels:
    """A QR code on white, 720p."""
    code = cv2.resize(cv2.QRCodeEncoder.create().encode(text), (400, 400), interpolation=cv2.INTER_NEAREST)
    sheet = np.full((720, 1280, 3), 255, np.uint8)
    sheet[160:560, 440:840] = code[..., None]
    return sheet


def photo(path: Path) -> Pixels:
    return np.asarray(cv2.imread(str(path))[..., ::-1])


def test_it_is_a_captioner_known_by_name(captioner: EmbeddedCaptioner) -> None:
    assert backends.find("captioner", "embedded") is Embedded
    assert isinstance(captioner, backends.Captioner)
    assert "cannot name objects" in captioner.stand_in


def test_its_options_are_checked_without_loading_anything_heavy() -> None:
    heavy = "[name for name in ('cv2', 'rapidocr', 'torch') if name in sys.modules]"
    code = f"import sys, pipelines.captioners.embedded; print({heavy})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_sign_is_read_exactly(captioner: EmbeddedCaptioner) -> None:
    seen = captioner.caption(Frame(sign("EXIT"), 0.0, "sign"))
    assert seen.facts.text == ("EXIT",)
    assert seen.confidence is not None
    assert 0.9 <= seen.confidence <= 1
    assert seen.facts.colours[0] == "green"
    assert "It reads: “EXIT”." in seen.text


def test_a_code_is_read_exactly(captioner: EmbeddedCaptioner) -> None:
    seen = captioner.caption(Frame(square_code("omni-assistant"), 0.0, "code"))
    assert seen.facts.codes == ("omni-assistant",)
    assert "A code says “omni-assistant”." in seen.text


def test_what_changed_is_told_per_camera(captioner: EmbeddedCaptioner) -> None:
    first = captioner.caption(Frame(sign("EXIT"), 0.0, "door"))
    captioner.caption(Frame(sign("EXIT"), 0.5, "garden"))
    other = captioner.caption(Frame(sign("CLOSED"), 1.0, "door"))
    same = captioner.caption(Frame(sign("EXIT"), 1.5, "garden"))
    assert first.facts.changes == () == same.facts.changes
    assert {"the text “CLOSED” is new", "the text “EXIT” is gone"} <= set(other.facts.changes)
    assert first.facts.motion is None
    assert same.facts.motion == "none"


@pytest.mark.parametrize("shape", [(1, 1), (1, 900), (900, 1), (20, 20), (3000, 4000)])
def test_a_picture_of_any_size_gets_a_caption_that_invents_nothing(
    captioner: EmbeddedCaptioner, shape: tuple[int, int]
) -> None:
    facts = captioner.caption(Frame(np.full((*shape, 3), 128, np.uint8), 0.0, f"{shape}")).facts
    assert (facts.people, facts.text, facts.codes) == (0, (), ())
    assert facts.colours == ("grey",)


def test_a_picture_that_is_too_large_is_made_smaller() -> None:
    assert fitted(np.zeros((1500, 4000, 3), np.uint8)).shape == (480, LONGEST, 3)


def test_parts_that_are_switched_off_say_nothing() -> None:
    blind = Embedded(people=False, text=False, codes=False).load()
    seen = blind.caption(Frame(sign("EXIT"), 0.0, "sign"))
    assert (seen.facts.people, seen.facts.text, seen.confidence) == (None, (), None)
    assert seen.text == "Mostly green."


def test_without_its_weights_it_falls_back_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMNI_HOME", str(tmp_path))
    fallback = Embedded(text=False).load()
    assert "omni models pull people" in fallback.stand_in
    assert fallback.caption(Frame(sign("EXIT"), 0.0, "sign")).facts.people == 0


def test_on_real_photos_people_are_never_over_counted_and_text_is_never_invented(
    captioner: EmbeddedCaptioner, media: Path
) -> None:
    try:
        weights.find("people")
    except BackendError as absent:
        pytest.skip(str(absent))
    truth = json.loads((media / "ground_truth.json").read_text())["images"]
    for name, known in truth.items():
        facts = captioner.caption(Frame(photo(media / "images" / name), 0.0, name)).facts
        assert facts.people <= known["persons"], name
        assert (facts.people > 0) == (known["persons"] > 0), name
        assert known["text"] or not facts.text, name


def test_a_printed_paragraph_is_read(captioner: EmbeddedCaptioner, media: Path) -> None:
    facts = captioner.caption(Frame(photo(media / "images" / "ocr-rapid-en.jpg"), 0.0, "page")).facts
    assert len(facts.text) == 4
    assert "shot type annotation set that contains 46K shots from 7858 movies" in facts.text[2]


def test_who_enters_is_told(captioner: EmbeddedCaptioner, media: Path) -> None:
    try:
        weights.find("people")
    except BackendError as absent:
        pytest.skip(str(absent))
    visitor = photo(media / "images" / "ski-astronaut.png")
    empty = np.zeros((512, 900, 3), np.uint8)
    empty[:] = (90, 90, 100)
    met = empty.copy()
    met[:, 388:] = visitor
    captioner.caption(Frame(empty, 0.0, "hall"))
    seen = captioner.caption(Frame(met, 1.0, "hall"))
    assert seen.facts.places == ("right",)
    assert "one person more" in seen.facts.changes
