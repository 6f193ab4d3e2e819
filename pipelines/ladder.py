"""How far a captioner that is too slow is relieved: step by step, and back step by step. Pure; it knows no clock."""

from __future__ import annotations

from pydantic import Field, model_validator

from devices.media import Options

FULL, FEWER, SMALLER, LIGHT = range(4)
"""The steps: everything; fewer keyframes; smaller pictures too; another captioner, which tells motion and text."""

WARIEST = 16
"""Times `up` at most that quick captions are waited for, after steps that were undone too soon."""


class LadderOptions(Options):
    """When captions count as slow, and what is left out then. Times are in seconds."""

    slow: float = Field(default=15.0, gt=0)
    """A caption that takes longer is slow."""
    quick: float = Field(default=12.0, gt=0)
    """One that takes less is quick."""
    down: int = Field(default=3, ge=1, le=100)
    """So many slow captions in a row, and one thing more is left out."""
    up: int = Field(default=5, ge=1, le=100)
    """So many quick ones in a row, and the last thing is taken up again; twice as many each time it was too soon."""
    every: float = Field(default=20.0, ge=0, le=3600)
    """The first step: between two keyframes at the least."""
    side: int = Field(default=448, ge=64, le=4096)
    """The second step: pixels of the longer side of a picture."""
    retry: float = Field(default=60.0, gt=0, le=3600)
    """The third step, motion and text only: after so long the captioner is tried again, then less and less often."""

    @model_validator(mode="after")
    def _apart(self) -> LadderOptions:
        if self.quick > self.slow:
            raise ValueError(f"quick = {self.quick:g} is more than slow = {self.slow:g}")
        return self


class Ladder:
    """On which step the captioner is, from how long its captions took."""

    def __init__(self, options: LadderOptions) -> None:
        self.options = options
        self.step = FULL
        self.taken = 0
        """Steps down so far."""
        self._slow = self._quick = 0
        self._needed = options.up
        self._climbed = False

    def captioned(self, took: float) -> bool:
        """Count a caption that took the model so many seconds. True if the step changed."""
        self._slow = self._slow + 1 if took > self.options.slow else 0
        self._quick = self._quick + 1 if took < self.options.quick else 0
        if self._slow >= self.options.down and self.step < LIGHT:
            self._fall(self.step + 1)
            return True
        if self._quick >= self._needed:
            return self._climb()
        return False

    def hung(self) -> bool:
        """The model hangs: nothing is asked of it. True if the step changed."""
        changed = self.step != LIGHT
        if changed:
            self._fall(LIGHT)
        return changed

    def tried(self, took: float) -> bool:
        """Count a caption on trial, on the last step. True if the step changed."""
        return took <= self.options.slow and self._climb()

    def _fall(self, step: int) -> None:
        if self._climbed:
            self._needed = min(2 * self._needed, WARIEST * self.options.up)
        self.step, self.taken, self._climbed = step, self.taken + 1, False
        self._slow = self._quick = 0

    def _climb(self) -> bool:
        self._slow = self._quick = 0
        if self.step == FULL:  # and it stayed there
            self._needed, self._climbed = self.options.up, False
            return False
        self.step, self._climbed = self.step - 1, True
        return True
