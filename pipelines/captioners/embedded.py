"""The captioner that needs no hub: what classical and tiny models can honestly see, put into plain sentences."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from devices.media import Frame, Pixels, within
from pipelines.backends import BackendOptions
from pipelines.captioners.changes import changes
from pipelines.captioners.wording import sentences
from pipelines.types import Facts, Seen

if TYPE_CHECKING:
    from pipelines.captioners.motion import Glance

LONGEST = 1280
"""Pixels of the longer side beyond which a picture is made smaller first."""


class Embedded(BackendOptions):
    """People (at least how many, and where), text, codes, light, colours, motion, and what changed."""

    needs: ClassVar[tuple[str, ...]] = ("cv2", "ai_edge_litert", "onnxruntime", "rapidocr")
    extra: ClassVar[str] = "embedded"
    stand_in: ClassVar[str] = (
        "The embedded captioner counts people it is sure of, reads clear text and codes, and tells light, colours "
        "and motion; it cannot name objects, say what anyone does or who it is, or find people far away."
    )

    people: bool = True
    """Look for people."""
    text: bool = True
    """Read text; most of the time goes into this."""
    codes: bool = True
    """Read QR codes and bar codes."""
    text_side: int = Field(default=608, ge=160, le=2000)
    """Pixels of the longer side in which text is looked for: more finds smaller text and takes longer."""
    text_score: float = Field(default=0.9, ge=0, le=1)
    """How sure a line must be, 0 to 1; below 0.8 it begins to invent."""

    def load(self) -> EmbeddedCaptioner:
        return EmbeddedCaptioner(self)


class EmbeddedCaptioner:
    """The loaded captioner. Remembers each camera's last keyframe, to say what changed."""

    def __init__(self, options: Embedded) -> None:
        from pipelines.captioners import people, reading

        self._people = people.finder() if options.people else None
        self._text = reading.TextReader(options.text_side, options.text_score) if options.text else None
        self._codes = reading.CodeReader() if options.codes else None
        self._last: dict[str, tuple[Facts, Glance]] = {}
        self.stand_in = options.stand_in
        """What it cannot do as it was loaded: one sentence or two."""
        if isinstance(self._people, people.CascadeFinder):
            self.stand_in += (
                " Its person detectors are not here, so it misses half of the people: omni models pull people."
            )

    def caption(self, frame: Frame) -> Seen:
        """Say what is to be seen in a keyframe, and what changed since this camera's last one."""
        from pipelines.captioners import motion

        pixels, last = fitted(frame.pixels), self._last.get(frame.camera)
        lines = self._text.read(pixels) if self._text else ()
        facts, glance = self._look(pixels, tuple(line.text for line in lines)), motion.glance(pixels)
        if last is not None:
            facts = replace(facts, motion=motion.motion(last[1], glance))
            facts = replace(facts, changes=changes(last[0], facts))
        self._last[frame.camera] = facts, glance
        surely = round(min(line.score for line in lines), 3) if lines else None
        return Seen(sentences(facts, reads=self._text is not None), facts, confidence=surely)

    def _look(self, pixels: Pixels, text: tuple[str, ...]) -> Facts:
        """The facts of one picture by itself, in which that is written."""
        from pipelines.captioners import light

        found = self._people.find(pixels) if self._people else None
        return Facts(
            people=len(found.places) if found else None,
            places=found.places if found else (),
            maybe_people=bool(found and found.maybe),
            text=text,
            codes=self._codes.read(pixels) if self._codes else (),
            light=light.light(pixels),
            colours=light.colours(pixels),
            blurred=light.is_blurred(pixels),
        )


def fitted(pixels: Pixels) -> Pixels:
    """An H×W×3 picture, made smaller where it is larger than anything here needs."""
    import numpy as np

    return np.ascontiguousarray(within(pixels, LONGEST))
