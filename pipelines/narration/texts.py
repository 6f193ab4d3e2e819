"""Text before one camera: what is new of it is told once and exactly, warnings at once, and nothing twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Sequence
from dataclasses import replace

from pipelines.narration import textwords
from pipelines.narration.aiming import NEAR, beyond
from pipelines.narration.options import NarrationOptions
from pipelines.narration.textlines import Line, is_part, parted
from pipelines.phrases import Language
from pipelines.policy import count
from pipelines.readers.order import in_order
from pipelines.remarks import Priority, Remark
from pipelines.spots import CODE, Box, Spot, Spots
from pipelines.wording import mentions

BIG, ALONE = 0.04, 0.01
"""Share of the picture from which on it is told that a text is gone, or cut: any, and one that stands there alone."""
STOOD = 3
"""Looks that must have read one that stands alone."""
ABSENT = 2.0
"""Seconds, at the least, for which it must be."""
REMEMBERED = 30.0
"""Seconds after which a text that comes back is told anew."""
RETRY = 10.0
"""Seconds after which what nobody came to hear is offered again."""
PATIENCE = 30.0
"""Seconds after which a remark counts as not heard of which nothing was told."""
SIGN = 8
"""Words up to which a line can be a warning: in a longer one the word just occurs."""
BENEATH = 2
"""Lines beneath a warning that belong to it, when they stand close."""
EDGED = Box(0, 0, 1, 1)
"""Of what was told as cut, on whatever side: it is not told to be so once more."""


class Texts:
    """What is written before one camera. Its time is that of the pictures."""

    def __init__(self, camera: str, options: NarrationOptions, language: Language = "en") -> None:
        self._camera, self._options, self._language = camera, options, language
        self._lines: list[Line] = []
        self._offered: dict[str, tuple[Remark, list[Line]]] = {}
        """By its fact, what waits to be said or is being said, and the lines that it tells."""

    @property
    def lines(self) -> tuple[Spot, ...]:
        """Those that stand there now, as they are read; then codes."""
        there = [line.spot for line in self._lines if line.sure]
        texts, codes = ([one for one in there if (one.label == CODE) == wanted] for wanted in (False, True))
        return (*in_order(texts), *in_order(codes))

    def read(self, spots: Spots) -> list[Remark]:
        """What is to be said after one look for text."""
        if spots.sought != "text":
            return []
        at = spots.captured_at
        self._take_in(spots)
        self._give_up(at)
        return [*self._warnings(at), *self._news(at), *self._cut(at), *self._gone(at)]

    def guided(self, spots: Spots) -> list[Remark]:
        """The same while somebody is guided to a text, and hears of it by the guide: warnings alone."""
        if spots.sought != "text":
            return []
        self._take_in(spots)
        warnings = self._warnings(spots.captured_at)
        for line in self._lines:
            if line.is_news(spots.captured_at):
                line.told, line.guided_at = line.spot, spots.captured_at
        return warnings

    def settled(self, remark: Remark, heard: str) -> None:
        """That was heard of a remark; where it is less than half, its lines are offered again later."""
        for line in self._lines:
            if remark.source == "aim" and line.spot.text in heard:
                line.guided_at = None
        _, lines = self._offered.pop(remark.fact, (remark, []))
        for line in lines:
            line.offered = False
            if 2 * count(heard) >= count(remark.text):
                line.tries = 0
            else:
                line.told, line.tries, line.waits_until = None, line.tries + 1, remark.at + RETRY

    def clear(self) -> None:
        """Cameras are switched off, or show something else: nothing is known any more."""
        self._lines.clear()
        self._offered.clear()

    # What is there

    def _take_in(self, spots: Spots) -> None:
        """All spots are compared with what was known before any of them was taken in."""
        at, seen, found = spots.captured_at, Counter[int](), list[tuple[Spot, list[Line]]]()
        for spot in sorted((one for one in spots.found if one.text), key=lambda one: -one.score):
            known = self._known(spot, seen)
            found.append((spot, known))
            seen.update(map(id, known))
        for spot, known in found:
            for line in known:
                pieces = len(known) > 1 or seen[id(line)] > 1
                line.again(line.spot if pieces or not line.is_read(spot) else spot, at)
            seen.update([] if known else [id(self._new(spot, at))])
        for line in self._lines:
            line.missed += id(line) not in seen
        self._lines = [line for line in self._lines if at - line.seen_at < REMEMBERED]

    def _known(self, spot: Spot, seen: Container[int]) -> list[Line]:
        """The line that this is, the line of which it is a piece, or those lines that it joins."""
        free = [line for line in self._lines if id(line) not in seen]
        exact = [line for line in free if (line.spot.text, line.spot.label) == (spot.text, spot.label)]
        if read := exact or [line for line in free if line.is_read(spot)]:
            return [max(read, key=lambda line: line.spot.box.overlap(spot.box))]
        whole = [line for line in self._lines if line.there and is_part(spot, line)]
        return whole[:1] or parted(spot, [line for line in self._lines if line.there])

    def _new(self, spot: Spot, at: float) -> Line:
        line = Line(spot, at, at, not beyond(spot.box))
        twin = next((one for one in self._lines if one.spot.text == spot.text and one.there), None)
        if twin is not None:  # the same words stand there twice: once is enough
            line.told = twin.spot
        self._lines.append(line)
        return line

    # What is told

    def _warnings(self, at: float) -> list[Remark]:
        """A sign that warns, with what stands close beneath it."""
        fresh = [line for line in self._lines if line.is_news(at)]
        remarks = []
        for line in fresh:
            if self._warns(line.spot.text) and not line.offered:
                sign = [line, *self._beneath(line, fresh)]
                remarks.append(self._offer(sign, Priority.HAZARD, at))
        return remarks

    def _warns(self, text: str) -> bool:
        return count(text) <= SIGN and any(mentions(text, word) for word in self._options.warnings)

    def _beneath(self, sign: Line, lines: Sequence[Line]) -> list[Line]:
        found, box = list[Line](), sign.spot.box
        for line in sorted(lines, key=lambda one: one.spot.box.top):
            if len(found) < BENEATH and not line.offered and line is not sign and _close_beneath(box, line.spot.box):
                found.append(line)
                box = line.spot.box
        return found

    def _news(self, at: float) -> list[Remark]:
        """All that is new, in one remark; while another one waits or is being said it is gathered."""
        fresh = [line for line in self._lines if line.is_news(at)]
        if not fresh or any(remark.priority is Priority.CAPTION for remark, _ in self._offered.values()):
            return []
        return [self._offer(fresh, Priority.CAPTION, at)]

    def _offer(self, lines: list[Line], priority: Priority, at: float) -> Remark:
        spots = self._ordered(lines)
        cut = next((sides[0] for line in lines if not line.whole and (sides := beyond(line.spot.box))), None)
        cut = None if priority is Priority.HAZARD else cut  # first of all what it warns of
        text, brief = textwords.told(spots, self._language, cut), textwords.brief(spots, self._language)
        for line in lines:
            line.offered, line.told = True, line.spot
        read = " / ".join(spot.text for spot in spots)
        kind = f"warning {read}" if priority is Priority.HAZARD else "text"  # two signs that warn are both told
        fact = f"{self._camera} {kind} {at:.3f} {read}"
        remark = self._remark(text, priority, at, f"{self._camera} {kind}")
        remark = replace(remark, brief=brief, fact=fact)
        self._offered[fact] = remark, lines
        return remark

    def _cut(self, at: float) -> list[Remark]:
        """Text that the listener knows as whole, and that stands there in part only."""
        cut = [line for line in self._lines if line.cut and not line.offered and not line.missed and self._counts(line)]
        if not cut:
            return []
        sides = beyond(cut[0].spot.box, NEAR)
        for line in cut:
            line.told = replace(line.spot, box=EDGED)
        text = textwords.told(self._ordered(cut), self._language, sides[0] if sides else None)
        return [self._remark(text, Priority.CHANGE, at, f"{self._camera} text cut")]

    def _gone(self, at: float) -> list[Remark]:
        """Text that the listener knows of, large or all that was written there, and that is not there any more."""
        gone = [line for line in self._lines if self._is_missed(line, at)]
        if not gone:
            return []
        for line in gone:
            line.told = None
        words = textwords.WORDS[self._language]
        texts = textwords.flowing([spot.text for spot in self._ordered(gone)][: textwords.MOST_LINES], words)
        return [self._remark(words.gone(texts), Priority.CHANGE, at, f"{self._camera} text gone")]

    def _is_missed(self, line: Line, at: float) -> bool:
        if line.there or line.told is None or line.offered or at - line.seen_at < ABSENT:
            return False
        passed = bool(beyond(line.spot.box, NEAR)) and not beyond(line.told.box)  # it went out of the picture by itself
        return not passed and self._counts(line)

    def _counts(self, line: Line) -> bool:
        """Whether it matters what becomes of it: it is large, or it stood there for some time, and nothing else did."""
        since = line.seen_at - ABSENT
        alone = not any(one.seen_at >= since for one in self._lines if one is not line)
        return line.largest >= BIG or (alone and line.reads >= STOOD and line.largest >= ALONE)

    def _ordered(self, lines: Sequence[Line]) -> tuple[Spot, ...]:
        """As one reads them; codes after the text."""
        spots = in_order(line.spot for line in lines)
        return (*(one for one in spots if one.label != CODE), *(one for one in spots if one.label == CODE))

    def _remark(self, text: str, priority: Priority, at: float, key: str) -> Remark:
        return Remark(text, priority, at, topic="text", key=key, camera=self._camera, source="reader")

    def _give_up(self, at: float) -> None:
        """On remarks of which nobody ever told what became of them, and on a guide who never told what it saw."""
        for line in self._lines:
            if line.guided_at is not None and at - line.guided_at >= RETRY:
                line.told, line.guided_at = None, None
        for remark, _ in [*self._offered.values()]:
            if at - remark.at > PATIENCE:
                self.settled(remark, "")


def _close_beneath(above: Box, below: Box) -> bool:
    gap = below.top - above.bottom
    beside = min(above.right, below.right) - max(above.left, below.left)
    return -0.5 < gap / max(above.bottom - above.top, 1e-6) < 1.0 and beside > 0
