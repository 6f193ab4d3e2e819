"""One picture that tells a session: its keyframes with their captions, and what was heard and said at which second."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from assistant.plain import moment, words
from devices.media import Frame
from pipelines.types import Caption, Event, Reply, Started, Transcript
from pipelines.wording import one_line

MOST_KEYFRAMES, MOST_TURNS = 48, 80
"""So much is drawn of a long session: keyframes, taken evenly, and lines of the conversation, from its start."""

CELL, GAP, MARGIN, INSET = 384, 20, 36, 14
"""Pixels: the width of a cell, the space between two, around all, and between a card's edge and its text."""

LEFT, LANE = 84, 32
"""Pixels: where the lanes of the strip of time begin, and the height of one."""

PAPER, CARD, EDGE, INK, FAINT, NIGHT = "#eef1f5", "#ffffff", "#d3dae3", "#16202c", "#566373", "#10161d"
COLOURS = {"saw": "#0b7285", "heard": "#2b8a3e", "asked": "#2b8a3e", "said": "#b35900"}

FONTS = (
    "DejaVuSans.ttf",
    "NotoSansCJK-Regular.ttc",
    "wqy-microhei.ttc",
    "Hiragino Sans GB.ttc",
    "Arial Unicode.ttf",
    "msyh.ttc",
)
"""Looked for among the system's fonts when the built-in one lacks letters; what all of them lack is replaced."""

STEPS = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600)
"""Seconds that may lie between two ticks of the strip of time."""


def draw(
    keyframes: Sequence[tuple[Frame, Caption]],
    path: Path,
    title: str = "",
    columns: int = 3,
    conversation: Sequence[Event] = (),
) -> None:
    """Write the sheet as a PNG. Raises OSError when the file cannot be written.

    Of the conversation, transcripts and replies are drawn: as marks on a strip of time, and as lines below it.
    Times count from the `Started` event in it, or without one from the first moment of all.
    """
    turns = [event for event in conversation if isinstance(event, Transcript | Reply)]
    told = [*(caption for _, caption in keyframes), *turns]
    starts = [event.at for event in conversation if isinstance(event, Started)]
    characters = {c for event in told for word in words(event) or () for c in word} | set(one_line(title))
    sheet = _Sheet(Pen(characters), min(starts or map(moment, told), default=0.0), max(1, columns))
    shown = _evenly(keyframes, MOST_KEYFRAMES)
    blocks = [sheet.heading(title, len(shown), len(keyframes)), *sheet.rows(shown)]
    if turns:
        blocks += [sheet.strip(told), sheet.turns(turns)]
    _stacked(blocks, PAPER, MARGIN, GAP).save(path, "PNG")


def _evenly(items: Sequence[tuple[Frame, Caption]], most: int) -> list[tuple[Frame, Caption]]:
    """At most so many of them, the first and the last included."""
    if len(items) <= most:
        return list(items)
    return [items[number * (len(items) - 1) // (most - 1)] for number in range(most)]


@dataclass(frozen=True, slots=True)
class _Sheet:
    """What the blocks of one sheet share: the letters, the moment that counts as zero, the cells in a row."""

    pen: Pen
    zero: float
    columns: int

    @property
    def width(self) -> int:
        return self.columns * (CELL + GAP) - GAP

    def heading(self, title: str, shown: int, taken: int) -> Image.Image:
        """The title, and how many of the keyframes follow."""
        count = f"{shown} of {taken} keyframes" if shown < taken else f"{taken} keyframe{'s' * (taken != 1)}"
        lines = [self.pen.text(title, self.width, 30, INK)] if one_line(title) else []
        lines.append(self.pen.text(count if taken else "No keyframe was captioned.", self.width, 17, FAINT))
        return _stacked(lines, PAPER, 0, 8)

    def rows(self, keyframes: Sequence[tuple[Frame, Caption]]) -> list[Image.Image]:
        """The cells, so many to a row; those of one row are equally high."""
        cells = [self.cell(frame, caption) for frame, caption in keyframes]
        rows = [cells[first : first + self.columns] for first in range(0, len(cells), self.columns)]
        return [_side_by_side([_card(cell, max(one.height for one in row)) for cell in row], GAP) for row in rows]

    def cell(self, frame: Frame, caption: Caption) -> Image.Image:
        """A keyframe above its camera, its moment and its caption."""
        inner, when = CELL - 2 * INSET, self.seconds(caption.captured_at)
        stamp = self.pen.text(f"{when}  ·  {caption.camera}  ·  keyframe {caption.keyframe}", inner, 15, FAINT, CARD)
        text = self.pen.text(one_line(caption.text), inner, 17, INK, CARD)
        return _stacked([_thumbnail(frame), _stacked([stamp, text], CARD, INSET, 6)], CARD, 0, 0)

    def strip(self, events: Sequence[Caption | Transcript | Reply]) -> Image.Image:
        """When something was seen, heard and said: a lane each, above an axis of seconds."""
        image = Image.new("RGB", (self.width, 4 * LANE + INSET), CARD)
        last = max(event.ended_at if isinstance(event, Reply) else moment(event) for event in events)
        scale = (self.width - LEFT - 2 * INSET) / max(1.0, last - self.zero)
        self._axis(ImageDraw.Draw(image), last - self.zero, scale)
        for lane, word in enumerate(("saw", "heard", "said")):
            image.paste(self.pen.text(word, LEFT - INSET, 16, COLOURS[word], CARD), (INSET, INSET + lane * LANE))
        for event in events:
            self._mark(ImageDraw.Draw(image), event, scale)
        return _card(image, image.height)

    def _axis(self, brush: ImageDraw.ImageDraw, seconds: float, scale: float) -> None:
        """A tick at every so many seconds, as close as their labels can stand."""
        step = next((step for step in STEPS if step * scale >= 64), STEPS[-1])
        for second in range(0, int(seconds) + 1, step):
            x = LEFT + second * scale
            brush.line((x, INSET, x, 3 * LANE + INSET), EDGE)
            brush.text((x, 3 * LANE + INSET + 5), f"{second} s", FAINT, self.pen.font(14), anchor="ma")

    def _mark(self, brush: ImageDraw.ImageDraw, event: Caption | Transcript | Reply, scale: float) -> None:
        """A bar as long as it was said, or a short one at the moment when it was seen or had been heard."""
        word, _ = words(event) or ("saw", "")
        lane = {"saw": 0, "said": 2}.get(word, 1)
        start = LEFT + max(0.0, moment(event) - self.zero) * scale
        end = LEFT + max(0.0, event.ended_at - self.zero) * scale if isinstance(event, Reply) else start
        top = INSET + lane * LANE + 2
        brush.rounded_rectangle((start - 3, top, max(start, end) + 3, top + LANE - 14), 3, COLOURS[word])

    def turns(self, events: Sequence[Transcript | Reply]) -> Image.Image:
        """The conversation, a line each."""
        lines = [self.turn(event) for event in events[:MOST_TURNS]]
        if more := len(events) - len(lines):
            lines.append(self.pen.text(f"and {more} more", self.width, 17, FAINT))
        return _stacked(lines, PAPER, 0, 4)

    def turn(self, event: Transcript | Reply) -> Image.Image:
        """One line of the conversation."""
        word, text = words(event) or ("", "")
        when = self.pen.text(self.seconds(moment(event)), LEFT, 17, FAINT)
        who = self.pen.text(word, LEFT - INSET, 17, COLOURS[word])
        return _side_by_side([when, who, self.pen.text(text, self.width - 2 * LEFT, 17, INK)], 0)

    def seconds(self, at: float) -> str:
        return f"{max(0.0, at - self.zero):.1f} s"


class Pen:
    """Writes with the first font that has all the characters, or else with the one that lacks the fewest."""

    def __init__(self, characters: set[str]) -> None:
        lacking = {name: _lacking(_font(name, 16), characters) for name in _installed()}
        self._name = min(lacking, key=lambda name: len(lacking[name]))
        self._lacks = lacking[self._name]

    def font(self, size: int) -> ImageFont.FreeTypeFont:
        return _font(self._name, size)

    def text(self, text: str, width: int, size: int, ink: str, paper: str = PAPER) -> Image.Image:
        """One paragraph, wrapped, as a picture `width` pixels wide."""
        font = self.font(size)
        lines = _wrapped(self.writable(text), font, width)
        pitch = round(1.2 * sum(font.getmetrics()))
        image = Image.new("RGB", (width, pitch * len(lines)), paper)
        for number, line in enumerate(lines):
            ImageDraw.Draw(image).text((0, pitch * number), line, ink, font)
        return image

    def writable(self, text: str) -> str:
        """The text on one line, in letters that the font has."""
        return "".join(map(self._writable, one_line(text)))

    def _writable(self, character: str) -> str:
        """The character, or what stands for it where the font lacks it."""
        if character not in self._lacks:
            return character
        if unicodedata.category(character) == "Pd":
            return "-"
        plain = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
        return plain or "?"


@cache
def _font(name: str, size: int) -> ImageFont.FreeTypeFont:
    """Pillow's built-in font, or a system font by the name of its file. Raises OSError where there is none."""
    font = ImageFont.truetype(name, size) if name else ImageFont.load_default(size)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise OSError("this Pillow was built without FreeType: pip install --force-reinstall pillow")
    return font


def _installed() -> Iterator[str]:
    for name in ("", *FONTS):
        try:
            _font(name, 16)
        except OSError:
            continue
        yield name


def _lacking(font: ImageFont.FreeTypeFont, characters: set[str]) -> set[str]:
    """Those that the font draws as it draws a character that does not exist, or not at all."""
    nothing = (b"", bytes(font.getmask("\uffff")))
    return {c for c in characters if not c.isspace() and bytes(font.getmask(c)) in nothing}


def _wrapped(text: str, font: ImageFont.FreeTypeFont, width: int) -> list[str]:
    """Lines of at most `width` pixels, broken between words, and within them where one is too long."""
    lines = [""]
    for piece in re.findall(r"[\u2e80-\ud7ff]|[^\s\u2e80-\ud7ff]+\s*|\s+", text):
        parts = [piece] if font.getlength(piece.rstrip()) <= width else piece
        for part in parts:
            if lines[-1] and font.getlength(lines[-1] + part.rstrip()) > width:
                lines.append("")
            lines[-1] += part
    return lines


def _thumbnail(frame: Frame) -> Image.Image:
    """The whole picture, as large as fits a cell of 16:9, on a dark ground."""
    ground = Image.new("RGB", (CELL, CELL * 9 // 16), NIGHT)
    picture = Image.fromarray(frame.pixels)
    scale = min(ground.width / picture.width, ground.height / picture.height)
    size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    small = picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    ground.paste(small, ((ground.width - size[0]) // 2, (ground.height - size[1]) // 2))
    return ground


def _stacked(images: Sequence[Image.Image], paper: str, margin: int, gap: int) -> Image.Image:
    """One above the other, on paper that shows around and between them."""
    height = sum(image.height for image in images) + gap * (len(images) - 1)
    sheet = Image.new("RGB", (max(image.width for image in images) + 2 * margin, height + 2 * margin), paper)
    y = margin
    for image in images:
        sheet.paste(image, (margin, y))
        y += image.height + gap
    return sheet


def _side_by_side(images: Sequence[Image.Image], gap: int) -> Image.Image:
    width = sum(image.width for image in images) + gap * (len(images) - 1)
    row = Image.new("RGB", (width, max(image.height for image in images)), PAPER)
    x = 0
    for image in images:
        row.paste(image, (x, 0))
        x += image.width + gap
    return row


def _card(image: Image.Image, height: int) -> Image.Image:
    """The picture on a white card of that height, with an edge."""
    card = Image.new("RGB", (image.width, height), CARD)
    card.paste(image, (0, 0))
    ImageDraw.Draw(card).rectangle((0, 0, card.width - 1, card.height - 1), outline=EDGE)
    return card
