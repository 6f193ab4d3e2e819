"""The frames of the last seconds, for questions about what was shown a moment ago."""

from __future__ import annotations

from devices.media import Frame


class FrameRing:
    """The last frames of one camera, bounded in number, seconds and bytes. Frames are held as they are, not copied.

    Where the bytes do not suffice for all, they thin out with their age, so that the oldest are as old as asked.
    """

    def __init__(self, every: float = 0.25, seconds: float = 8.0, megabytes: float = 24.0) -> None:
        """`every`: seconds between two frames that are kept; the newest is held in any case."""
        self._every, self._seconds, self._bytes = every, seconds, round(megabytes * 1e6)
        self._kept: list[Frame] = []
        self._newest: Frame | None = None
        self.size = 0
        """Bytes of the frames that are kept beside the newest."""

    def put(self, frame: Frame) -> None:
        """Take the next frame, in the order they were taken."""
        self._newest = frame
        if self._kept and 0 <= frame.captured_at - self._kept[-1].captured_at < self._every:
            return
        self._kept.append(frame)
        self.size += frame.pixels.nbytes
        while self._kept and self._kept[0].captured_at < frame.captured_at - self._seconds:
            self._drop(0)
        while self._kept and self.size > self._bytes:
            self._drop(self._least_missed())

    def _least_missed(self) -> int:
        """The place of the frame whose going leaves the smallest hole for its age; of two, the older one."""
        taken = [frame.captured_at for frame in self._kept]
        holes = [
            (later - earlier) / max(self._every, taken[-1] - at)
            for earlier, at, later in zip(taken, taken[1:], taken[2:], strict=False)
        ]
        return 1 + holes.index(min(holes)) if holes else 0

    def _drop(self, place: int) -> None:
        self.size -= self._kept.pop(place).pixels.nbytes

    def at(self, moment: float) -> Frame | None:
        """The frame nearest to that time, in seconds on the loop's clock; None where all are older by far."""
        frames = [*self._kept, self._newest] if self._newest is not None else []
        nearest = min(frames, key=lambda frame: abs(frame.captured_at - moment), default=None)
        return None if nearest is None or moment - nearest.captured_at > self._seconds else nearest

    def clear(self) -> None:
        """Forget all of them."""
        self._kept.clear()
        self._newest, self.size = None, 0
