"""The waterfall of a few turns as a picture: one bar a turn, one colour a step, on one scale of milliseconds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

from assistant.contact_sheet import Pen
from assistant.traces import STEPS
from pipelines.types import TurnTrace

SPEAKING = STEPS[-1]
"""Goes on after what is to be as short as possible."""
SPEECH, INK, FAINT, CUT = "#efd9d3", "#22272b", "#c9ced2", "#b3261e"
WIDTH, LEFT, RIGHT, TOP, ROW, BAR, FOOT = 1200, 260, 90, 84, 34, 20, 44
"""Pixels."""
BEFORE = 0.25
"""Part of the scale that lies before the end of speech."""

Span = tuple[float, float, str]
"""From, to in seconds since the end of speech, and the colour."""


def waterfall(traces: Sequence[TurnTrace]) -> Image.Image:
    """A picture of the turns, the oldest on top; a step that was over before the one before it takes no room."""
    picture = Image.new("RGB", (WIDTH, TOP + ROW * len(traces) + FOOT), "white")
    scale = _Scale(max((_first_audio(trace) for trace in traces), default=0.0))
    chart = _Chart(ImageDraw.Draw(picture), scale, Pen(set("".join(trace.asked for trace in traces))))
    chart.legend()
    chart.axis(picture.height - FOOT)
    for number, trace in enumerate(traces):
        chart.turn(TOP + ROW * number, f"{number + 1}  {trace.asked}", trace)
    return picture


class _Scale:
    """From seconds since the end of speech to pixels."""

    def __init__(self, longest: float) -> None:
        self.step = next((step for step in (0.1, 0.2, 0.5, 1.0, 2.0, 5.0) if longest <= 8 * step), 10.0)
        self.until = self.step * max(2, min(int(1.15 * longest / self.step) + 1, 40))
        self.since = -BEFORE * self.until

    def x(self, seconds: float) -> float:
        share = (min(max(seconds, self.since), self.until) - self.since) / (self.until - self.since)
        return LEFT + share * (WIDTH - RIGHT - LEFT)


def spans(trace: TurnTrace) -> Iterator[Span]:
    """The coloured pieces of a turn's bar, in their order."""
    if trace.started_at is not None:
        yield trace.started_at - trace.said_at, 0.0, SPEECH
    done = 0.0
    for step in STEPS:
        at = None if step is SPEAKING and trace.first_audio_at is None else step.ends(trace)
        if at is not None and at - trace.said_at > done:
            yield done, at - trace.said_at, step.colour
            done = at - trace.said_at


def _first_audio(trace: TurnTrace) -> float:
    return max((one[1] for one in spans(trace) if one[2] != SPEAKING.colour), default=0.0)


@dataclass(frozen=True, slots=True)
class _Chart:
    """What draws on the picture, on which scale, in which letters."""

    draw: ImageDraw.ImageDraw
    scale: _Scale
    pen: Pen

    def legend(self) -> None:
        self._write(16, 20, "When each step of a turn was done", 18)
        x = 16.0
        steps = ((step.label, step.colour) for step in STEPS)
        for told, colour in [("speech", SPEECH), *steps, ("interrupted", CUT)]:
            self.draw.rectangle((x, 44, x + 14, 58), fill=colour)
            self._write(x + 20, 51, told, 13)
            x += 34 + self.pen.font(13).getlength(told)

    def axis(self, bottom: int) -> None:
        for number in range(round(self.scale.until / self.scale.step) + 1):
            x = self.scale.x(number * self.scale.step)
            self.draw.line((x, TOP - 8, x, bottom), fill=FAINT if number else INK)
            self._write(x, bottom + 12, f"{1000 * number * self.scale.step:.0f}", 12, anchor="mm")
        self._write(LEFT, bottom + 30, "milliseconds since the end of speech", 12)

    def turn(self, y: int, name: str, trace: TurnTrace) -> None:
        self._write(16, y + BAR / 2, self._fitted(name), 14)
        for start, end, colour in spans(trace):
            if self.scale.x(end) > self.scale.x(start):
                self.draw.rectangle((self.scale.x(start), y, self.scale.x(end), y + BAR), fill=colour)
        if trace.first_audio_at is not None:
            told = f"{1000 * (trace.first_audio_at - trace.said_at):.0f} ms"
            self._write(WIDTH - 12, y + BAR / 2, told, 14, anchor="rm")
        if trace.cut and trace.ended_at is not None:
            x = self.scale.x(trace.ended_at - trace.said_at)
            self.draw.line((x, y - 4, x, y + BAR + 4), fill=CUT, width=3)

    def _write(self, x: float, y: float, text: str, size: int, anchor: str = "lm") -> None:
        self.draw.text((x, y), text, fill=INK, font=self.pen.font(size), anchor=anchor)

    def _fitted(self, name: str) -> str:
        """As much of it as stands left of the bars."""
        font, text = self.pen.font(14), self.pen.writable(name)
        whole = text
        while text and font.getlength(text if text == whole else f"{text}…") > LEFT - 28:
            text = text[:-1]
        return text if text == whole else f"{text}…"
