"""Text before the camera is told once, exactly, as soon as it is sure; a warning at once; nothing for its own sake."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.media import Frame, Pixels
from pipelines.narration import textwords
from pipelines.narration.options import NarrationOptions
from pipelines.narration.texts import Texts
from pipelines.phrases import Language
from pipelines.remarks import Priority, Remark
from pipelines.spots import CODE, TEXT, Box, Spot, Spots


def line(text: str, top: float = 0.4, score: float = 0.95, left: float = 0.3, width: float = 0.4) -> Spot:
    return Spot(TEXT, Box(left, top, left + width, top + 0.06), score, text)


def big(text: str) -> Spot:
    return Spot(TEXT, Box(0.2, 0.3, 0.8, 0.5), 0.95, text)


@dataclass
class Listener:
    """Hears all that is said, a look a second, or nothing of what is in `deaf_to`."""

    language: Language = "en"
    options: NarrationOptions = field(default_factory=NarrationOptions)
    at: float = 100.0
    remarks: list[Remark] = field(default_factory=list)
    deaf: bool = False

    def __post_init__(self) -> None:
        self.texts = Texts("desk", self.options, self.language)

    def sees(self, *spots: Spot, times: int = 1, every: float = 1.0) -> list[str]:
        """What is said at so many looks alike."""
        said = []
        for _ in range(times):
            told = self.texts.read(Spots("desk", self.at, "text", spots))
            for remark in told:
                self.texts.settled(remark, "" if self.deaf else remark.text)
            self.remarks += told
            said += [remark.text for remark in told]
            self.at += every
        return said


@pytest.fixture
def listener() -> Listener:
    return Listener()


# What is new


def test_text_that_is_sure_is_told_at_once_and_never_again(listener: Listener) -> None:
    assert listener.sees(line("EXIT"), times=50) == ["It says: EXIT."]
    (remark,) = listener.remarks
    assert (remark.priority, remark.topic, remark.camera) == (Priority.CAPTION, "text", "desk")


def test_text_that_is_not_so_sure_must_be_read_twice(listener: Listener) -> None:
    assert listener.sees(line("EXIT", score=0.85)) == []
    assert listener.sees(line("EXIT", score=0.85)) == ["It says: EXIT."]


def test_what_was_read_once_and_not_surely_is_never_told(listener: Listener) -> None:
    for word in ("wqll", "IIOII", "Tabbb"):
        assert listener.sees(line(word, score=0.85)) == []
    assert listener.texts.lines == ()


def test_another_line_is_told_alone(listener: Listener) -> None:
    listener.sees(line("EXIT"))
    assert listener.sees(line("EXIT"), line("Platform 9", 0.6)) == ["It says: Platform 9."]


def test_a_line_read_a_little_differently_is_no_news(listener: Listener) -> None:
    listener.sees(line("Emergency exit"))
    for reading in ("EMERGENCY EX1T", "Emergency exlt", "Emergencyexit", "mergency exit"):
        assert listener.sees(line(reading, score=0.92)) == []


def test_the_surest_reading_counts(listener: Listener) -> None:
    listener.sees(line("Mind the gop", score=0.91), line("x9", 0.7, 0.85))
    listener.sees(line("Mind the gap", score=0.99))
    listener.sees(line("Mind the qap", score=0.9))
    assert [spot.text for spot in listener.texts.lines] == ["Mind the gap"]


def test_text_that_moves_through_the_picture_stays_the_same(listener: Listener) -> None:
    said = [word for step in range(12) for word in listener.sees(line("Platform 9", 0.05 * step + 0.1))]
    assert said == ["It says: Platform 9."]


def test_what_is_missed_for_a_moment_is_no_news_when_it_is_back(listener: Listener) -> None:
    listener.sees(line("EXIT"))
    assert listener.sees(times=5) == []
    assert listener.sees(line("EXIT")) == []


def test_what_comes_back_after_a_long_time_is_told_anew(listener: Listener) -> None:
    listener.sees(line("EXIT"))
    listener.sees(times=40)
    assert listener.sees(line("EXIT")) == ["It says: EXIT."]


def test_the_same_words_twice_are_told_once(listener: Listener) -> None:
    assert listener.sees(line("EXIT", left=0.1, width=0.2), line("EXIT", left=0.6, width=0.2)) == ["It says: EXIT."]
    assert len(listener.texts.lines) == 2


def test_words_that_are_read_as_one_line_and_then_as_two_are_no_news(listener: Listener) -> None:
    listener.sees(line("MIND THE GAP", left=0.2, width=0.6))
    assert listener.sees(line("MIND THE", left=0.2, width=0.38), line("GAP", left=0.6, width=0.2)) == []
    assert listener.sees(line("MIND THE GAP", left=0.2, width=0.6)) == []


def test_two_lines_that_are_read_as_one_are_no_news(listener: Listener) -> None:
    listener.sees(line("MIND THE", left=0.2, width=0.38), line("STEP", left=0.6, width=0.2))
    assert listener.sees(line("MIND THE STEP", left=0.2, width=0.6)) == []


# Numbers


def test_a_number_that_changes_is_news_once_it_holds(listener: Listener) -> None:
    listener.sees(line("Platform 9"), times=3)
    assert listener.sees(line("Platform 8")) == []
    assert listener.sees(line("Platform 8")) == ["It says: Platform 8."]
    assert [spot.text for spot in listener.texts.lines] == ["Platform 8"]


def test_a_number_that_was_misread_once_is_no_news(listener: Listener) -> None:
    listener.sees(line("Platform 9"), times=3)
    assert listener.sees(line("Platform 8")) == []
    assert listener.sees(line("Platform 9"), times=3) == []


@pytest.mark.parametrize("form", ["Frame = {}", "{}", "12:30:{}"])
def test_a_counter_is_told_once_and_then_left_alone(listener: Listener, form: str) -> None:
    said = [word for number in range(10, 60) for word in listener.sees(line(form.format(number)))]
    assert said == [f"It says: {form.format(10)}."]
    assert [spot.text for spot in listener.texts.lines] == [form.format(59)]


def test_a_display_that_changes_seldom_is_told_each_time(listener: Listener) -> None:
    said = [word for number in range(10, 20) for word in listener.sees(line(f"Now serving {number}"), times=8)]
    assert len(said) == 10


# How much is told


def test_a_long_text_is_told_by_its_first_lines_and_the_rest_is_counted(listener: Listener) -> None:
    lines = [line(f"Rule number {name}", 0.1 + 0.08 * n) for n, name in enumerate("ABCDEFGH")]
    (said,) = listener.sees(*lines)
    assert said == "It says: Rule number A. Rule number B. Rule number C. And 5 more lines."
    assert listener.remarks[0].brief == "It says: Rule number A. And 7 more lines."
    assert listener.sees(*lines, times=5) == []


def test_the_whole_is_told_on_request(listener: Listener) -> None:
    lines = [line(f"Rule number {name}", 0.1 + 0.08 * n) for n, name in enumerate("ABCDEFGH")]
    listener.sees(*lines)
    whole = textwords.whole(listener.texts.lines, "en")
    assert whole == "It says: " + " ".join(f"Rule number {name}." for name in "ABCDEFGH")


def test_lines_are_told_as_one_reads_them(listener: Listener) -> None:
    spots = [line("9", 0.4, left=0.7, width=0.1), line("to Brighton", 0.6), line("Platform", 0.41, left=0.1, width=0.3)]
    assert listener.sees(*spots) == ["It says: Platform. 9 to Brighton."]
    assert [spot.text for spot in listener.texts.lines] == ["Platform", "9", "to Brighton"]


def test_a_sentence_goes_on_in_the_next_line(listener: Listener) -> None:
    assert listener.sees(line("Please do not", 0.3), line("feed the birds", 0.4), line("THE OWNER", 0.6)) == [
        "It says: Please do not feed the birds. THE OWNER."
    ]


def test_codes_are_told_as_codes(listener: Listener) -> None:
    code = Spot(CODE, Box(0.4, 0.4, 0.6, 0.6), 1.0, "https://example.org")
    assert listener.sees(code, line("Scan me", 0.1)) == ["It says: Scan me. A code says: https://example.org."]
    assert listener.sees(code, line("Scan me", 0.1), times=3) == []


def test_nothing_is_nothing(listener: Listener) -> None:
    assert listener.sees(times=5) == []
    assert textwords.whole(listener.texts.lines, "en") == "I can read no text from here."


# Partly covered


def test_text_that_goes_on_outside_is_told_with_where_to_move_the_camera(listener: Listener) -> None:
    assert listener.sees(line("TFORM 9", left=0.0)) == ["Partly covered, move left. It says: TFORM 9."]


def test_text_that_comes_into_the_picture_is_told_partly_and_then_whole(listener: Listener) -> None:
    said = []
    for step, text in enumerate(("m 9", "orm 9", "tform 9", "latform 9", "Platform 9", "Platform 9", "Platform 9")):
        said += listener.sees(line(text, left=max(0.0, 0.1 * (step - 3)), width=0.1 + 0.05 * step))
    assert said == ["Partly covered, move left. It says: m 9.", "It says: Platform 9."]


def test_text_that_leaves_the_picture_is_no_news(listener: Listener) -> None:
    listener.sees(line("Platform 9"))
    assert listener.sees(line("Platform", left=0.6, width=0.4)) == []
    assert listener.sees(line("Plat", left=0.8, width=0.2)) == []
    assert listener.sees(line("Platform 9")) == []


def test_text_that_stays_half_outside_is_told_to_be_and_then_that_it_is_gone(listener: Listener) -> None:
    whole, half = Box(0.35, 0.31, 0.65, 0.49), Box(0.77, 0.31, 1.0, 0.49)
    listener.sees(Spot(TEXT, whole, 0.99, "EXIT 12"), times=4)
    assert listener.sees(Spot(TEXT, half, 0.99, "EXIT 1"), times=6) == ["Partly covered, move right. It says: EXIT 12."]
    assert listener.remarks[-1].priority is Priority.CHANGE
    assert listener.sees(times=6) == ["No longer there: EXIT 12."]


def test_a_piece_that_ends_between_two_letters_is_no_other_number(listener: Listener) -> None:
    listener.sees(Spot(TEXT, Box(0.4, 0.31, 0.7, 0.49), 0.99, "EXIT 12"), times=4)
    piece = Spot(TEXT, Box(0.77, 0.31, 0.985, 0.49), 0.99, "EXIT 1")
    assert listener.sees(piece, times=4) == ["Partly covered, move right. It says: EXIT 12."]


def test_a_number_of_which_a_part_is_hidden_is_told_when_all_is_there(listener: Listener) -> None:
    listener.sees(line("Bus 1", left=0.6, width=0.4))
    assert listener.sees(line("Bus 12", left=0.5, width=0.4)) == ["It says: Bus 12."]


# Warnings


@pytest.mark.parametrize("text", ["DANGER", "Caution: wet floor", "危险", "High voltage!"])
def test_a_warning_is_a_hazard_and_told_once(listener: Listener, text: str) -> None:
    listener.sees(line(text), times=20)
    (remark,) = listener.remarks
    assert remark.priority is Priority.HAZARD
    assert text in remark.text


def test_a_warning_says_what_stands_close_beneath_it_and_the_rest_comes_after(listener: Listener) -> None:
    said = listener.sees(line("DANGER", 0.3), line("Deep water", 0.38), line("Open 9 to 5", 0.8))
    assert said == ["It says: DANGER. Deep water.", "It says: Open 9 to 5."]
    assert [remark.priority for remark in listener.remarks] == [Priority.HAZARD, Priority.CAPTION]


def test_of_two_signs_that_warn_neither_takes_the_place_of_the_other(listener: Listener) -> None:
    listener.sees(line("DANGER", 0.1), line("WET FLOOR", 0.8))
    assert len({remark.key for remark in listener.remarks}) == 2


def test_a_word_in_a_sentence_is_no_warning(listener: Listener) -> None:
    listener.sees(line("there was no danger at all in what they did on that evening"))
    listener.sees(line("endangered species", 0.7))
    assert {remark.priority for remark in listener.remarks} == {Priority.CAPTION}


def test_a_warning_must_be_sure_too(listener: Listener) -> None:
    assert listener.sees(line("DANGER", score=0.82)) == []
    assert listener.sees(line("DANGER", score=0.82)) == ["It says: DANGER."]


# What is gone, what was not heard, what is forgotten


def test_only_large_text_is_told_to_be_gone(listener: Listener) -> None:
    listener.sees(big("CLOSED"), line("opening hours", 0.8))
    assert listener.sees(times=10) == ["No longer there: CLOSED."]
    assert listener.remarks[-1].priority is Priority.CHANGE
    assert listener.sees(big("CLOSED")) == ["It says: CLOSED."]


def test_small_text_is_told_to_be_gone_where_it_stood_alone_for_some_time(listener: Listener) -> None:
    listener.sees(line("EXIT"), times=5)
    assert listener.sees(times=10) == ["No longer there: EXIT."]
    listener.sees(line("Menu", 0.2), line("Soup", 0.4), times=5)
    assert listener.sees(times=10) == []


def test_text_that_was_carried_out_of_the_picture_is_not_told_to_be_gone(listener: Listener) -> None:
    listener.sees(big("CLOSED"), times=4)
    assert listener.sees(Spot(TEXT, Box(0.7, 0.3, 1.0, 0.5), 0.95, "CLO")) == []
    assert listener.sees(times=10) == []


def test_what_the_guide_did_not_tell_after_all_is_told_later(listener: Listener) -> None:
    listener.texts.guided(Spots("desk", listener.at, "text", (line("PUSH"),)))
    assert listener.sees(line("PUSH"), times=5) == []
    assert listener.sees(line("PUSH"), times=10) == ["It says: PUSH."]


def test_what_the_guide_told_is_not_told_again(listener: Listener) -> None:
    listener.texts.guided(Spots("desk", listener.at, "text", (line("PUSH"),)))
    listener.texts.settled(Remark("It says: PUSH.", Priority.ANSWER, 1.0, source="aim"), "It says: PUSH.")
    assert listener.sees(line("PUSH"), times=20) == []


def test_what_nobody_heard_is_told_again_later_but_not_for_ever() -> None:
    listener = Listener(deaf=True)
    assert listener.sees(line("EXIT"), times=5) == ["It says: EXIT."]
    assert listener.sees(line("EXIT"), times=95) == ["It says: EXIT."] * 2
    listener.deaf = False
    assert listener.sees(line("OPEN", 0.7)) == ["It says: OPEN."]


def test_while_one_remark_waits_what_is_new_is_gathered_for_the_next() -> None:
    texts = Texts("desk", NarrationOptions())

    def read(at: float, *spots: Spot) -> list[Remark]:
        return texts.read(Spots("desk", at, "text", spots))

    (first,) = read(0.0, line("EXIT", 0.1))
    assert read(1.0, line("EXIT", 0.1), line("Platform 9", 0.3)) == []
    assert read(2.0, line("EXIT", 0.1), line("Platform 9", 0.3), line("Trains", 0.5)) == []
    texts.settled(first, first.text)
    (second,) = read(3.0, line("EXIT", 0.1), line("Platform 9", 0.3), line("Trains", 0.5))
    assert second.text == "It says: Platform 9. Trains."


def test_a_remark_of_which_nothing_is_ever_told_holds_up_nothing_for_long() -> None:
    texts = Texts("desk", NarrationOptions())
    texts.read(Spots("desk", 0.0, "text", (line("EXIT", 0.1),)))
    said = [
        remark.text
        for at in range(1, 60)
        for remark in texts.read(Spots("desk", float(at), "text", (line("Platform 9", 0.5),)))
    ]
    assert said[0] == "It says: Platform 9."


def test_other_remarks_are_none_of_its_business(listener: Listener) -> None:
    listener.sees(line("EXIT"))
    listener.texts.settled(Remark("A cup.", Priority.CAPTION, 1.0, fact="cup"), "")
    assert listener.sees(line("EXIT"), times=20) == []


def test_nothing_is_remembered_of_what_is_nobodys_business(listener: Listener) -> None:
    listener.sees(line("EXIT"))
    listener.texts.clear()
    assert listener.texts.lines == ()
    assert listener.sees(line("EXIT")) == ["It says: EXIT."]


def test_looks_for_objects_tell_nothing_of_text(listener: Listener) -> None:
    listener.sees(line("EXIT"))
    listener.texts.read(Spots("desk", 200.0, "objects", ()))
    assert [spot.text for spot in listener.texts.lines] == ["EXIT"]


def test_all_of_it_is_there_in_chinese() -> None:
    listener = Listener("zh")
    assert listener.sees(line("出口")) == ["上面写着：出口。"]
    assert listener.sees(line("出口"), line("月台", 0.6, left=0.0)) == ["文字不完整，请向左移。上面写着：月台。"]


READINGS = st.lists(
    st.tuples(st.sampled_from(["EXIT", "Platform 9", "Platform 8", "DANGER", "Mind the gap", "12:30"]),
              st.sampled_from([0.1, 0.3, 0.5, 0.7]), st.floats(0.8, 1.0), st.sampled_from([0.0, 0.3])),
    max_size=4,
)  # fmt: skip


@given(st.lists(READINGS, max_size=15))
def test_what_is_told_was_read_and_nothing_is_told_twice_within_the_time_that_it_is_remembered(
    looks: Sequence[Sequence[tuple[str, float, float, float]]],
) -> None:
    listener, seen = Listener(), set[str]()
    for look in looks:
        seen |= {text for text, _, _, _ in look}
        said = listener.sees(*(line(text, top, score, left) for text, top, score, left in look), every=0.5)
        for remark in said:
            words = remark.partition("It says: ")[2] or remark.removeprefix("No longer there: ")
            assert any(words.startswith(text) for text in seen)
    whole = [remark for remark in listener.remarks if not remark.text.startswith(("Partly", "No longer"))]
    for text in ("EXIT", "Mind the gap"):
        assert sum(remark.text.count(text) for remark in whole) <= 2


# Real readings


def sign(x: int) -> Pixels:
    picture = np.full((720, 1280, 3), 205, np.uint8)
    cv2.putText(picture, "Platform 9", (x, 400), cv2.FONT_HERSHEY_SIMPLEX, 3, (25, 25, 25), 6, cv2.LINE_AA)
    return picture


def test_a_sign_that_the_camera_finds_is_told_partly_then_whole_then_never(listener: Listener) -> None:
    pytest.importorskip("rapidocr")
    from pipelines.readers.rapid import RapidOcr

    reader, said = RapidOcr().load(), []
    for x in (-300, -220, -140, 100, 260, 420, 420, 420):
        said += listener.sees(*reader.read(Frame(sign(x), 0.0, "desk")))
    assert said[0].startswith("Partly covered, move left. ")
    assert said[1:] == ["It says: Platform 9."]


def page(margin: int) -> Pixels:
    """A book held close: lines from edge to edge, but for a margin."""
    picture = np.full((480, 640, 3), 245, np.uint8)
    for number in range(5):
        picture_line = f"of {number + 3} who walk along the river"
        size = (640 - 2 * margin) / cv2.getTextSize(picture_line, cv2.FONT_HERSHEY_SIMPLEX, 1, 3)[0][0]
        place = (margin, 80 + 90 * number)
        cv2.putText(picture, picture_line, place, cv2.FONT_HERSHEY_SIMPLEX, size, (20, 20, 20), 3, cv2.LINE_AA)
    return picture


@pytest.mark.parametrize(("margin", "partly"), [(6, False), (12, False), (-30, True)])
def test_a_page_that_fills_the_picture_is_only_partly_there_where_its_letters_are_cut(
    listener: Listener, margin: int, partly: bool
) -> None:
    pytest.importorskip("rapidocr")
    from pipelines.readers.rapid import RapidOcr

    (said,) = listener.sees(*RapidOcr().load().read(Frame(page(margin), 0.0, "desk")))
    assert said.startswith("Partly covered") is partly


def test_a_page_in_chinese_too(listener: Listener) -> None:
    pytest.importorskip("rapidocr")
    from PIL import Image, ImageDraw, ImageFont

    from pipelines.readers.rapid import RapidOcr

    font = next(Path("/usr/share/fonts").rglob("*CJK*.ttc"), None) or next(
        Path("/usr/share/fonts").rglob("DroidSansFallback*"), None
    )
    if font is None:
        pytest.skip("no font with Chinese letters is installed")
    for left, partly in ((8, False), (-40, True)):
        listener.texts.clear()
        picture = Image.new("RGB", (640, 300), (245, 245, 245))
        letters = ImageFont.truetype(str(font), 62)
        ImageDraw.Draw(picture).text((left, 100), "今天下午图书馆不开门", font=letters, fill=(20, 20, 20))
        (said,) = listener.sees(*RapidOcr().load().read(Frame(np.asarray(picture, np.uint8), 0.0, "desk")))
        assert said.startswith("Partly covered") is partly


def test_a_film_that_counts_its_frames_is_not_told_frame_by_frame(listener: Listener, media: Path) -> None:
    pytest.importorskip("rapidocr")
    from pipelines.readers.rapid import RapidOcr

    film, reader, said, number = cv2.VideoCapture(str(media / "video" / "psd-counter.mp4")), RapidOcr().load(), [], 0
    while (read := film.read())[0]:
        if number % 5 == 0:
            pixels = np.ascontiguousarray(read[1][:, :, ::-1], np.uint8)
            said += listener.sees(*reader.read(Frame(pixels, 0.0, "desk")), every=0.5)
        number += 1
    assert said == ["It says: Frame = 1. PTS = 0.0s."]
