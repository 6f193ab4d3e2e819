"""Who has the floor: whether what is heard is an interruption. Pure; its only clock is the times it is given."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from pydantic import Field

from devices.media import Options
from pipelines.manners import is_backchannel, is_hush, is_nod
from pipelines.types import SpeechPaused, SpeechStarted

LOST = 20.0
"""Seconds after which speech counts as over though nobody said so: the part that listens has failed meanwhile."""

Meaning = Literal["nothing", "backchannel", "hush", "words"]


class FloorOptions(Options):
    """How sure the assistant must be that it is interrupted. Times are in seconds."""

    confirm: float = Field(default=0.9, gt=0, le=5)
    """Speech of that length is an interruption, whatever its words; before, only words are one."""
    doubt: float = Field(default=0.15, ge=0, le=5)
    """So long after a sound that was too short for a word the assistant goes on."""
    understanding: float = Field(default=1.0, ge=0, le=10)
    """So long it waits at most to know what was said; without words it goes on at once."""
    unfinished: float = Field(default=2.0, ge=0, le=30)
    """An unfinished turn is answered as it is when nothing more is said for so long."""


@dataclass(slots=True)
class Floor:
    """A person's stretch of talk, from its first sound until it is understood or passed over."""

    options: FloorOptions = field(default_factory=FloorOptions)
    confirmed: bool = False
    """It is an interruption."""
    deadline: float | None = None
    """When `due` is to be asked, in seconds on the loop's clock."""
    _since: float | None = None
    _paused: bool = False
    _spoke: float = 0.0

    @property
    def free(self) -> bool:
        """Whether the assistant may talk."""
        return self._since is None

    def started(self, event: SpeechStarted) -> None:
        """Someone talks, for the first time or again."""
        self._since, self._paused = event.at, False
        self.deadline = event.at + (LOST if self.confirmed else max(0.0, self.options.confirm - self._spoke))

    def paused(self, event: SpeechPaused) -> None:
        """Someone fell silent."""
        if self._since is None:
            return
        self._paused, self._spoke = True, self._spoke + event.spoke
        waits = self.options.understanding if event.words else self.options.doubt
        self.deadline = event.at + (LOST if self.confirmed else waits)

    def confirm(self) -> None:
        """It is meant: the assistant keeps silent until it is understood."""
        if self._since is not None:
            self.confirmed, self.deadline = True, self._since + LOST

    @property
    def doubtful(self) -> bool:
        """Whether someone paused who may have meant nothing."""
        return self._paused and not self.confirmed

    def understood(self, said_at: float) -> None:
        """The words of what was said until then are known; who began to talk after that still has the floor."""
        if self._since is not None and self._since <= said_at:
            self.release()

    def release(self) -> None:
        """Nobody talks any more."""
        self.confirmed, self.deadline, self._since, self._paused, self._spoke = False, None, None, False, 0.0

    def due(self) -> Literal["confirm", "release"]:
        """What the passing of the deadline means."""
        return "confirm" if not self._paused and not self.confirmed else "release"


def meaning(text: str, *, busy: bool) -> Meaning:
    """What words are meant as, said while the assistant is `busy` with an answer, or not."""
    if not text:
        return "nothing"
    if is_hush(text):
        return "hush"
    return "backchannel" if is_nod(text) or (busy and is_backchannel(text)) else "words"
