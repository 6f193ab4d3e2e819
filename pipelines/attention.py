"""Who is listened to: everyone, whoever says the wake word, whoever holds the key, or nobody but the keyboard."""

from __future__ import annotations

from math import inf, isfinite

from pydantic import Field

from devices.media import Options
from pipelines.types import Attention, Called, Event, Mode, Reply, SpeechPaused, SpeechStarted, Transcript

LONGEST = 60.0
"""Seconds for which it stays awake in the midst of speech, or of an answer, whose end is not told."""
URGENT = 1.0
"""Seconds after a call in which sound counts although the assistant was just heard itself: it was told to be silent."""


class AttentionOptions(Options):
    mode: Mode = "open"
    """`open`: everyone is listened to; `wake`: whoever says the wake word; `push`: whoever holds the talk key;
    `text`: nobody but the keyboard, and the microphone stays closed."""
    microphone: bool = True
    """False: it is muted at the start."""
    camera: bool = True
    """False: the cameras are covered at the start."""
    awake_for: float = Field(default=8.0, gt=0, le=600)
    """Seconds of silence after the wake word, or the assistant's last word, until the wake word is wanted again."""


class AttentionState:
    """The state behind `Attention`. Synchronous; its only clock are the times that it is given.

    In every mode, speech counts from `since` until `until`; the modes differ in what moves these two.
    """

    def __init__(self, options: AttentionOptions, at: float) -> None:
        self.mode: Mode = options.mode
        self.microphone, self.camera = options.microphone, options.camera
        self.called_at = -inf
        """When the assistant was last called by the wake word or the key."""
        self.talking_since: float | None = None
        """When whoever talks now began to."""
        self._answering = False
        self._awake_for = options.awake_for
        self.switch(options.mode, at)

    def switch(self, mode: Mode, at: float) -> None:
        """Change the mode; what was said before in another one has counted, or has not."""
        self.mode, self.since = mode, at
        self.until = inf if mode == "open" else at

    def call(self, at: float) -> None:
        """The wake word was said, and ended then; or the talk key was pressed. Wakes in those two modes only."""
        if self.mode in ("wake", "push"):
            self.since = at if not self.awake(at) else self.since
            self.until = inf if self.mode == "push" else at + self._awake_for
            self.called_at = at

    def release(self, at: float) -> None:
        """The talk key was let go."""
        if self.mode == "push":
            self.until = min(self.until, at)

    def take(self, event: Event) -> None:
        """In the mode `wake`, stay awake for what goes on: speech, and the answer to it."""
        match event:
            case SpeechStarted():
                self._goes_on(event.at, talking_since=event.at, answering=self._answering)
            case SpeechPaused():
                self._goes_on(event.at, answering=self._answering)
            case Called():
                self._goes_on(event.at)
            case Transcript(source="voice"):
                self._goes_on(event.said_at, answering=bool(event.text))
            case Reply() if event.asked:
                # One that was cut was cut by what is answered next.
                self._goes_on(event.ended_at, self.talking_since, self._answering and event.cut)

    def _goes_on(self, at: float, talking_since: float | None = None, answering: bool = False) -> None:
        self.talking_since, self._answering = talking_since, answering
        if self.mode == "wake" and at < self.until:
            busy = answering or talking_since is not None
            self.until = at + (LONGEST if busy else self._awake_for)

    def awake(self, at: float) -> bool:
        """Whether speech counts at that time."""
        return self.since <= at < self.until

    def counts(self, started_at: float, ended_at: float) -> bool:
        """Whether sound of that time counts, which may have been captured a little ago."""
        return ended_at > self.since and started_at < self.until

    def urgent(self, started_at: float) -> bool:
        """Whether sound of that time was called for, so that it counts whatever else is heard."""
        return 0 <= started_at - self.called_at < URGENT

    @property
    def hears(self) -> bool:
        """Whether sound is captured at all."""
        return self.microphone and self.mode != "text"

    @property
    def falls_asleep_at(self) -> float | None:
        """When it will change by itself, if nothing happens."""
        return self.until if self.mode == "wake" and isfinite(self.until) else None

    def told(self, at: float) -> Attention:
        """The state at that time, as others are told."""
        return Attention(self.mode, at, self.microphone, self.camera, self.microphone and self.awake(at))
