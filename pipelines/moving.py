"""What moves before a camera, told per frame: something that goes on, not noise, one bad picture, or daylight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pipelines.thumbnails import HEIGHT, WIDTH, Thumbnail, changed_cells, changed_share
from pipelines.types import Place

Where = Place | Literal["camera"]
"""Where most of a change lies; `camera`: nearly everywhere."""

CUT = 0.4
"""Share of the picture that changes from one frame to the next when the scene is another one."""
EVERYWHERE = 0.5
"""Share of the picture from which on a change lies nowhere in particular."""
EARLY = 1e-6
"""Seconds that times which were added up may lack."""
REST = 1.0
"""Seconds without motion after which what is to be seen has come to rest, though more may follow."""
SLOW = 2.0
"""Seconds, and up to twice as many, in which the picture must have changed: what takes longer is daylight."""


@dataclass(frozen=True, slots=True)
class Motion:
    """What a frame tells of motion."""

    share: float = 0.0
    """Share of the picture that moved, 0 to 1; 0: nothing did, or too little."""
    where: Where | None = None
    since: float | None = None
    """Seconds on the loop's clock of the first picture of what goes on; None: all has been still for some time."""
    differs: float = 0.0
    """Share of the picture that is not as it was before all that, 0 to 1; only while nothing moves."""
    settled: bool = False
    """Whether with this frame it came to rest as something else than when it last did; once for each such change."""


STILL = Motion()


class Mover:
    """Tells motion by how pictures of one camera differ from the one in which all last held still (the anchor).

    One picture that is another one does not count: the next one must show, too, that all is not as it was.
    """

    def __init__(self, contrast: float, area: float, calm: float) -> None:
        """The options of the gate by these names."""
        self._contrast, self._area, self._calm = contrast, area, calm
        self._before: Thumbnail | None = None
        """What was to be seen before it moved."""
        self._perhaps_at: float | None = None
        """When the frame before this one was taken, if it was the first in which something moved."""
        self._since: float | None = None
        self._moved_at = 0.0
        self._differs: float | None = None
        """What `Motion.differs` says, once that was found out for the stillness at hand."""
        self._rest: Thumbnail | None = None
        """What was to be seen when it was last at rest, before or amidst all that."""
        self._rested_since = 0.0
        """`_moved_at` of the rest that this was."""
        self._older: Thumbnail | None = None
        """The picture of a moment ago, and the one that will be that next, with its time."""
        self._newer: tuple[Thumbnail, float] | None = None
        self._share_before = 0.0
        self._jump: tuple[Thumbnail, float] | None = None
        """What was to be seen before a picture that is another one altogether, and when that one was taken."""

    def look(self, anchor: Thumbnail, picture: Thumbnail, changed: NDArray[np.bool_], now: float) -> Motion:
        """What moves in a picture; `changed`: N, its cells that are not as in the anchor, which was not moved yet."""
        share = float(changed.mean())
        self._remember(picture, now)
        moved = share >= self._area
        if self._since is None:
            return self._begins(anchor, picture, moved and not self._creeps(picture), now)
        if (elsewhere := self._elsewhere(anchor, picture, share, now)) is not None:
            return elsewhere
        if moved:
            self._moved_at, self._differs = now, None
            return Motion(share, where(changed), self._since)
        if now - self._moved_at >= self._calm - EARLY:
            self._since = self._before = None
            return STILL
        if self._differs is None:
            self._differs = self._share(self._unlike_before(picture))
        return Motion(since=self._since, differs=self._differs, settled=self._settles(picture, now))

    def _settles(self, picture: Thumbnail, now: float) -> bool:
        if self._rested_since == self._moved_at or now - self._moved_at < REST - EARLY:
            return False
        before, self._rest, self._rested_since = self._rest, picture, self._moved_at
        return before is not None and self._share(self._unlike(before, picture)) > 0

    def _creeps(self, picture: Thumbnail) -> bool:
        """Whether a picture that is not as in the anchor is as it was a moment ago."""
        return self._older is not None and self._share(self._unlike(self._older, picture)) == 0

    def _begins(self, anchor: Thumbnail, picture: Thumbnail, moved: bool, now: float) -> Motion:
        """It has been still so far."""
        if self._perhaps_at is None:
            self._before, self._perhaps_at = (anchor, now) if moved else (None, None)
            return STILL
        changed, began_at, self._perhaps_at = self._unlike_before(picture), self._perhaps_at, None
        if not (share := self._share(changed)):
            return STILL
        self._since, self._moved_at, self._differs = began_at, now, None
        self._share_before, self._jump, self._rest = share, None, self._before
        return Motion(share, where(changed), began_at)

    def _elsewhere(self, anchor: Thumbnail, picture: Thumbnail, share: float, now: float) -> Motion | None:
        """Another scene amidst motion begins something new: one jump of the whole picture, and none after it.

        None where there is no such jump; the picture that may be one tells nothing until the next one.
        """
        jump, before, self._jump, self._share_before = self._jump, self._share_before, None, share
        if jump is None and share >= CUT and before < CUT / 2:
            self._jump = (anchor, now)
            return Motion(since=self._since, differs=self._differs or 0.0)
        if jump is not None and share < CUT / 2 and changed_share(jump[0], picture, self._contrast) >= CUT:
            self._before, self._since = jump
            self._rest = self._before
            self._moved_at, self._differs = now, None
            return Motion(1.0, "camera", self._since)
        return None

    def _remember(self, picture: Thumbnail, now: float) -> None:
        if self._newer is None or now - self._newer[1] >= SLOW:
            self._older, self._newer = self._newer and self._newer[0], (picture, now)

    def _unlike_before(self, picture: Thumbnail) -> NDArray[np.bool_]:
        return self._unlike(picture if self._before is None else self._before, picture)

    def _unlike(self, before: Thumbnail, picture: Thumbnail) -> NDArray[np.bool_]:
        return changed_cells(before, picture, self._contrast)

    def _share(self, changed: NDArray[np.bool_]) -> float:
        """0 where it is too little to count."""
        share = float(changed.mean())
        return share if share >= self._area else 0.0


def where(changed: NDArray[np.bool_]) -> Where:
    """The third of the picture in which the middle of the changed cells lies."""
    if float(changed.mean()) >= EVERYWHERE:
        return "camera"
    columns = changed.reshape(HEIGHT, WIDTH).sum(axis=0)
    x = float(np.average((np.arange(WIDTH) + 0.5) / WIDTH, weights=columns))
    return "left" if x < 1 / 3 else "right" if x > 2 / 3 else "centre"
