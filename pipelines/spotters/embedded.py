"""The object detector that needs no hub: people, by the two small detectors of the embedded captioner."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import ClassVar

from devices.media import Frame
from pipelines.backends import BackendOptions
from pipelines.captioners.embedded import fitted
from pipelines.spots import PERSON, Box, Spot


class Embedded(BackendOptions):
    """People, and where they are."""

    needs: ClassVar[tuple[str, ...]] = ("cv2", "ai_edge_litert")
    extra: ClassVar[str] = "embedded"
    stand_in: ClassVar[str] = (
        "The embedded object detector finds people and nothing else, and misses those who are far away: it cannot warn"
        " of vehicles."
    )

    def load(self) -> EmbeddedSpotter:
        return EmbeddedSpotter()

    def finds(self) -> Collection[str]:
        return EmbeddedSpotter.labels


class EmbeddedSpotter:
    """The loaded detector."""

    labels: Collection[str] = (PERSON,)

    def __init__(self) -> None:
        from pipelines.captioners import people

        self._people = people.finder()

    def spot(self, frame: Frame) -> Sequence[Spot]:
        """Everyone in an H×W×3 RGB picture who is surely, or perhaps, there."""
        found = self._people.boxes(fitted(frame.pixels))
        return [Spot(PERSON, Box(one.left, one.top, one.right, one.bottom), one.score) for one in found]
