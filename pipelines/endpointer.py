"""Where speech begins, pauses and ends, found in a stream of sound: synchronous, and its only clock is the sound's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from typing import NamedTuple

import numpy as np
from pydantic import Field

from devices.media import SPEECH_RATE, AudioChunk, Options, Samples
from pipelines.backends import Detector
from pipelines.endings import Ending, EndingOptions
from pipelines.types import Draft, Heard, SpeechPaused, SpeechStarted, Utterance

SEARCHED = 3.0
"""Seconds at the end of an utterance that is too long in which its quietest place is looked for."""


class HearingOptions(Options):
    """What counts as speech, and when it is over. Times are in seconds."""

    threshold: float = Field(default=0.5, gt=0, lt=1)
    """How sure the detector must be that it hears speech."""
    hysteresis: float = Field(default=0.15, ge=0, lt=1)
    """How much less sure it may be once someone talks."""
    start: float = Field(default=0.06, gt=0, le=2)
    """Speech without a break after which the assistant falls silent and listens."""
    shortest: float = Field(default=0.12, ge=0, le=2)
    """Where no stretch of speech is as long as this, there is no utterance: clicks."""
    pause: float = Field(default=0.2, gt=0, le=2)
    """Silence in which it is judged whether the speaker has ended."""
    burst: float = Field(default=0.7, ge=0, le=5)
    """A stretch of sound shorter than this may be a cough or a nod."""
    burst_pause: float = Field(default=0.09, gt=0, le=2)
    """Silence in which such a stretch is judged, so that the assistant soon goes on."""
    ending: EndingOptions = Field(default_factory=EndingOptions)
    """How long the silence is that ends an utterance."""
    pre_roll: float = Field(default=0.3, ge=0, le=2)
    """SpeechEvent kept from before speech was noticed, so that no first consonant is lost."""
    tail: float = Field(default=0.3, ge=0, le=2)
    """SpeechEvent kept from the final pause."""
    longest: float = Field(default=15.0, ge=2, le=60)
    """An utterance that goes on for longer is cut where it is quietest; the rest begins the next one."""
    partials: float = Field(default=0.7, ge=0, le=10)
    """Words are shown while someone still talks, at most once in so many seconds, where the transcriber is fast enough
    for that; 0: never."""


SpeechEvent = SpeechStarted | SpeechPaused | Draft | Utterance
"""What listening finds out."""


class _Window(NamedTuple):
    """As much sound as the detector judges at once, and its judgement."""

    samples: Samples
    started_at: float
    ended_at: float
    speech: float


@dataclass(slots=True)
class _Pause:
    """A silence in which nobody knows yet whether more is said."""

    number: int
    ending: Ending
    heard: Heard | None = None
    """What was said before it, where that is known."""
    again: int = 0
    """Windows of speech without a break since: fewer than a beginning takes are a click."""


class Endpointer:
    """Finds utterances in a stream of chunks of any length."""

    def __init__(self, options: HearingOptions, detector: Detector, drafts: bool = False) -> None:
        """With `drafts` it also hands over the sound of what is being said, every `partials` seconds."""
        self._options, self._detector = options, detector
        self._size = detector.window
        self._start = self._windows_in(options.start)
        self._pausing, self._soon = self._windows_in(options.pause), self._windows_in(options.burst_pause)
        self._draft_every = self._windows_in(options.partials) if drafts else 0
        self._release = max(0.01, options.threshold - options.hysteresis)
        self._heard_until: float | None = None
        self._unhurried = False
        self._pauses = 0
        self._forget()

    def push(self, chunk: AudioChunk, *, unhurried: bool = False) -> list[SpeechEvent]:
        """What this chunk made clear. After a gap as long as a pause, speech is taken up anew.

        While `unhurried`, no pause ends an utterance before it is as long as the longest.
        """
        events: list[SpeechEvent] = []
        self._unhurried = unhurried
        if self._heard_until is not None and chunk.started_at - self._heard_until >= self._options.ending.usual:
            events.extend(self.flush())
        self._heard_until = chunk.started_at + chunk.seconds
        for window in self._judged(chunk):
            events.extend(self._hear(window))
        return events

    def judge(self, pause: int | None, ending: Ending, heard: Heard | None) -> None:
        """Take over how long to wait in the pause of that number, and what was said before it.

        Comes too late where someone talks again.
        """
        if self._pause is not None and self._pause.number == pause:
            self._pause.ending, self._pause.heard = ending, heard

    def flush(self) -> list[SpeechEvent]:
        """What the end of sound ends, if someone was talking; then forget all."""
        if len(self._rest) and self._heard_until is not None:
            self._held.append(self._window(self._rest, self._heard_until, 0.0))
        ended: list[SpeechEvent] = []
        if self._speaking:
            ended = [] if self._pause else [self._paused()]
            ended += self._split(len(self._held), self._pause)
        self.reset()
        return ended

    def reset(self) -> None:
        """Forget what was heard: the sound that follows is not a continuation."""
        self._detector.reset()
        self._forget()

    def _forget(self) -> None:
        self._rest: Samples = np.zeros(0, np.float32)
        self._heard_until = None
        self._held: list[_Window] = []
        self._speaking = False
        self._pause: _Pause | None = None
        self._run = 0  # windows of speech, or once someone talks of silence, without a break
        self._undrafted = 0  # windows since the last draft
        self._began = self._said_until = 0.0  # the first and the last speech of this stretch

    def _judged(self, chunk: AudioChunk) -> Iterator[_Window]:
        """Whole windows out of what was left over and the chunk; each takes its time from its last sample."""
        taken = 0
        while taken < len(chunk.samples):
            piece = chunk.samples[taken : taken + self._size - len(self._rest)]
            self._rest = np.concatenate((self._rest, piece))
            taken += len(piece)
            if len(self._rest) == self._size:
                samples, self._rest = self._rest, self._rest[:0]
                ended_at = chunk.started_at + taken / chunk.rate
                yield self._window(samples, ended_at, self._detector.probability(samples))

    def _window(self, samples: Samples, ended_at: float, speech: float) -> _Window:
        return _Window(samples, ended_at - len(samples) / SPEECH_RATE, ended_at, speech)

    def _hear(self, window: _Window) -> Sequence[SpeechEvent]:
        self._held.append(window)
        if not self._speaking:
            return self._await_speech(window)
        if self._is_too_long():
            return self._split(self._quietest(), finished=False)
        return self._talk(window) if self._pause is None else self._await_more(self._pause, window)

    def _await_speech(self, window: _Window) -> Sequence[SpeechStarted]:
        enough = self._options.threshold if not self._run else self._release
        self._run = self._run + 1 if window.speech >= enough else 0
        kept = self._windows_in(self._options.pre_roll) + self._run
        del self._held[: max(0, len(self._held) - kept)]
        return self._begin(self._run, window) if self._run >= self._start else []

    def _begin(self, windows: int, window: _Window) -> Sequence[SpeechStarted]:
        """Speech began so many windows ago."""
        self._began, self._said_until = self._held[-windows].started_at, window.ended_at
        self._speaking, self._pause, self._run, self._undrafted = True, None, 0, 0
        return [SpeechStarted(self._began)]

    def _talk(self, window: _Window) -> Sequence[SpeechEvent]:
        """Someone talks, or fell silent just now."""
        if window.speech >= self._release:
            self._run, self._said_until = 0, window.ended_at
        else:
            self._run += 1
        burst = self._said_until - self._began < self._options.burst
        return self._pause_begins() if self._run >= (self._soon if burst else self._pausing) else self._drafted()

    def _pause_begins(self) -> Sequence[SpeechEvent]:
        self._pauses += 1
        self._pause = _Pause(self._pauses, Ending(self._options.ending.usual, finished=True))
        paused = self._paused()
        return [paused, self._draft(self._held, self._said_until, self._pauses)] if paused.words else [paused]

    def _paused(self) -> SpeechPaused:
        return SpeechPaused(self._said_until, self._said_until - self._began, self._said(self._held))

    def _await_more(self, pause: _Pause, window: _Window) -> Sequence[SpeechEvent]:
        """Nobody talks: it is waited for more, or for the end."""
        self._run += 1
        pause.again = pause.again + 1 if window.speech >= self._release else 0
        if pause.again >= self._start:
            return self._begin(pause.again, window)
        if pause.again or self._run < self._windows_in(pause.ending.wait) or self._has_time():
            return []
        self._speaking, self._pause = False, None
        at = len(self._held) - max(0, self._run - self._windows_in(self._options.tail))
        return self._split(at, pause)

    def _drafted(self) -> Sequence[Draft]:
        """What was said so far, if it is time; not in a silence, which may be a pause."""
        self._undrafted += 1
        if not self._draft_every or self._run or self._undrafted < self._draft_every:
            return []
        self._undrafted = 0
        return [self._draft(self._held, self._held[-1].ended_at)]

    def _draft(self, windows: list[_Window], ended_at: float, pause: int | None = None) -> Draft:
        return Draft(_sound(windows), windows[0].started_at, ended_at, pause)

    def _is_too_long(self) -> bool:
        return self._pause is None and len(self._held) >= self._windows_in(self._options.longest)

    def _has_time(self) -> bool:
        return self._unhurried and len(self._held) < self._windows_in(self._options.longest)

    def _split(self, at: int, pause: _Pause | None = None, *, finished: bool = True) -> list[Utterance]:
        """End an utterance before window `at`; what follows is held for the next. Silence alone is none."""
        endpoint_at = self._held[-1].ended_at
        head, self._held = self._held[:at], self._held[at:]
        self._run = min(self._run, len(self._held)) if self._speaking else 0
        if not self._said(head):
            return []
        spoken = [window for window in head if window.speech >= self._release]
        ended_at = self._said_until if pause is not None else spoken[-1].ended_at
        times = head[0].started_at, ended_at, endpoint_at, spoken[0].started_at
        told = (pause.heard, pause.ending.finished, pause.number) if pause is not None else (None, finished, None)
        return [Utterance(_sound(head), SPEECH_RATE, *times, *told)]

    def _said(self, windows: list[_Window]) -> bool:
        """Whether there is enough speech in it, in one piece, for a word."""
        run = longest = 0
        for window in windows:
            run = run + 1 if window.speech >= self._release else 0
            longest = max(longest, run)
        return longest >= max(1, self._windows_in(self._options.shortest))

    def _quietest(self) -> int:
        """Index after the quietest window of the last seconds."""
        recent = self._held[-self._windows_in(min(SEARCHED, self._options.longest / 2)) :]
        energy = [float(np.dot(window.samples, window.samples)) for window in recent]
        return len(self._held) - len(recent) + int(np.argmin(energy)) + 1

    def _windows_in(self, seconds: float) -> int:
        return ceil(round(seconds * SPEECH_RATE / self._size, 6))


def _sound(windows: list[_Window]) -> Samples:
    return np.concatenate([window.samples for window in windows])
