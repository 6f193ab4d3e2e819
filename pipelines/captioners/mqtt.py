"""Any number of caption-workers on other machines as one captioner: keyframes are jobs, handed out over MQTT."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, ClassVar, TypeVar

from pydantic import Field

from devices.media import Frame
from pipelines.backends import BackendError, BackendOptions, Look
from pipelines.remote.jobs import Ask
from pipelines.remote.pool import PoolOptions
from pipelines.types import Seen

T = TypeVar("T")


class Mqtt(PoolOptions, BackendOptions):
    """`omni caption-worker` on other machines; what is asked of a keyframe is for them to say."""

    needs: ClassVar[tuple[str, ...]] = ("paho",)
    extra: ClassVar[str] = "mqtt"

    lanes: int = Field(default=4, ge=2, le=64)
    """How many keyframes may be under way at once, each of another camera; a question goes beside them."""
    patience: float = Field(default=60.0, gt=0, le=3600)
    """Seconds after which a picture is given up, however many workers it was given to."""
    questions: bool = True
    """Whether the workers answer questions about pictures, too; false where their captioner only knows captions."""
    max_answer: int = Field(default=256, ge=1, le=4000)
    """The longest answer to a question."""
    max_side: int = Field(default=768, ge=64, le=4096)
    """Pixels of the longer side of what is sent."""
    quality: int = Field(default=85, ge=20, le=95)
    """Of the JPEG that is sent."""

    def load(self) -> Any:
        """Ready at once, whether or not the broker is there. Raises BackendError where `tls` names no good files."""
        return PooledLooker(self) if self.questions else PooledCaptioner(self)


class PooledCaptioner:
    """Captions, each by a worker that is free."""

    def __init__(self, options: Mqtt) -> None:
        from pipelines.remote.pool import Pool

        self.options, self.lanes = options, options.lanes
        self._pool = Pool(options, options.patience)

    def caption(self, frame: Frame) -> Seen:
        """What a worker's captioner sees, with all that it states. Several threads may ask at once."""
        return _last(self._captioned(frame))

    def close(self) -> None:
        """Take leave of the broker."""
        self._pool.close()

    def _captioned(self, frame: Frame) -> Generator[str, None, Seen]:
        told = yield from self._pool.carry(Ask(camera=frame.camera, at=frame.captured_at), self._jpeg(frame))
        if told.seen is None:
            raise BackendError(f"caption-worker {told.worker} gives no caption")
        return told.seen

    def _jpeg(self, frame: Frame) -> bytes:
        from pipelines.remote.pictures import jpeg

        return jpeg(frame, self.options.max_side, self.options.quality)


class PooledLooker(PooledCaptioner):
    """The same as a Looker: an answer comes in one piece, after empty ones."""

    def describe(self, frame: Frame) -> Generator[str, None, None]:
        """The caption; closing waits for it no longer."""
        yield (yield from self._captioned(frame)).text

    def look(self, request: Look) -> Generator[str, None, None]:
        """The answer; closing waits for it no longer."""
        frame, longest = request.frame, request.max_tokens or self.options.max_answer
        ask = Ask(
            camera=frame.camera,
            at=frame.captured_at,
            question=request.question[:8000],
            history=tuple((one.asked, one.heard) for one in request.history)[-64:],
            max_tokens=longest,
            form=None if request.schema is None else dict(request.schema),
        )
        told = yield from self._pool.carry(ask, self._jpeg(frame))
        if told.said is None:
            raise BackendError(f"caption-worker {told.worker} gives no answer")
        yield told.said


def _last(work: Generator[str, None, T]) -> T:
    """What it returns, without its pieces."""
    while True:
        try:
            next(work)
        except StopIteration as done:
            return done.value  # type: ignore[no-any-return]
