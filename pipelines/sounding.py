"""When earcons sound: that all goes on, that somebody is listened to, that a camera is covered; never over speech."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from math import inf

from devices.lines import Lossless
from devices.media import Frame
from pipelines.earcons import RATE, Earcon, EarconOptions, aim, earcon
from pipelines.moving import Motion
from pipelines.news import Kind
from pipelines.remarks import Remark
from pipelines.speaking import Mouth
from pipelines.types import Attention, Caption, Emit, Event, Perception, Reply, SpeechStarted, Transcript, Trouble

THINKS_AFTER, THINKS_EVERY, THINKS_UNTIL = 0.8, 2.0, 60.0
"""Seconds after a question, and then between two sounds, in which it is told that it is still thought about."""
INTERRUPTED = 0.2
"""Seconds after a question in which what was said before it may still be heard."""
UNFINISHED = 4.0
"""Seconds after words in which an answer may yet begin: more was to come, as it seemed."""
LASTS = 3.0
"""Seconds for which a sound waits for the end of what is being said; then it is too late for it."""
AGAIN = 0.1
"""Seconds after which it is tried again, and between two beeps of aiming at the least."""
CALMS = 5.0
"""Seconds between two sounds about troubles."""

Wanted = Callable[[Earcon], bool]


class Sounding:
    """Hears all that a session tells, on its way to the feed, and makes sounds of some of it."""

    def __init__(self, options: EarconOptions | None, emit: Emit) -> None:
        """None: there are no earcons."""
        self._options, self._emit = options or EarconOptions(on=()), emit
        self._mouth: Mouth | None = None
        self._thinks: Callable[[], bool] = lambda: False
        self._wanted: Wanted = lambda name: True
        self._changed = asyncio.Event()
        self._waiting: dict[Earcon, float] = {}
        """From a sound to when it is too late for it."""
        self._aimed: float | None = None
        self._attention: Attention | None = None
        self._cameras: dict[str, set[Kind]] = {}
        """What is the matter with each."""
        self._next = -inf
        """When something may sound again that was refused."""
        self._heard_at = self._calm_at = -inf
        self._asked_at: float | None = None
        self._thinks_at = inf

    def attach(self, mouth: Mouth, thinks: Callable[[], bool], wanted: Wanted) -> None:
        """What sounds; whether an answer is on its way; whether a sound is wanted at present."""
        self._mouth, self._thinks, self._wanted = mouth, thinks, wanted

    def emit(self, event: Event) -> None:
        """Tell of it, and take note of it."""
        self._emit(event)
        self._take(event)

    def sound(self, name: Earcon) -> None:
        """As soon as nothing is being said."""
        if name in self._options.on:
            self._waiting[name] = _now() + LASTS
            self._changed.set()

    def aim(self, good: float) -> None:
        """How well it is aimed, 0 to 1."""
        if "aim" in self._options.on:
            self._aimed = good
            self._changed.set()

    def at_hits(self, offer: Callable[[Remark], bool]) -> Callable[[Remark], bool]:
        """The same, with a sound before the words: what was watched for is there."""

        def offered(remark: Remark) -> bool:
            self.sound("watch")
            return offer(remark)

        return offered

    def watcher(self, camera: str) -> CameraSounds | None:
        """Who is told what is the matter with a camera; None where no sound tells of it."""
        if not {"covered", "alive"} & {*self._options.on}:
            return None
        self._cameras[camera] = set()
        return CameraSounds(self._cameras[camera], self.sound)

    async def run(self, perceptions: Lossless[Perception]) -> None:
        """Until cancelled."""
        self._heard_at = _now()
        while self._options.on and self._mouth is not None:
            self._changed.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout_at(self._due()):
                    await self._changed.wait()
            await self._sound(self._mouth, _now())

    def _take(self, event: Event) -> None:
        match event:
            case Attention():
                self._attend(event)
            case Transcript() if event.text:
                self._asked_at, self._thinks_at = _now(), _now() + THINKS_AFTER
            case SpeechStarted():
                self._asked_at = None
            case Reply():
                self._heard_at = max(self._heard_at, event.ended_at)
                self._asked_at = None if event.asked else self._asked_at
            case Trouble() if not event.part.startswith("camera ") and _now() >= self._calm_at:
                self._calm_at = _now() + CALMS
                self.sound("error")
            case _:
                return
        self._changed.set()

    def _attend(self, now: Attention) -> None:
        before, self._attention = self._attention, now
        if before is None:
            return
        more = _captured(now) - _captured(before)
        if more:
            self.sound("public" if more > 0 else "private")
        elif now.awake and not before.awake:
            self.sound("listening")

    def _due(self) -> float | None:
        """When something is to sound next, if nothing happens."""
        times = [self._next] if self._waiting or self._aimed is not None else []
        times += [self._thinks_at] if self._asked_at is not None else []
        times += [self._heard_at + self._options.alive] if self._lives else []
        return max(_now(), min(times)) if times else None

    @property
    def _lives(self) -> bool:
        """Whether it is to be told that all goes on: cameras capture, or where there are none, the microphone."""
        attention = self._attention
        if not self._options.alive or attention is None:
            return False
        return bool(attention.microphone if attention.camera is None else attention.camera)

    async def _sound(self, mouth: Mouth, now: float) -> None:
        if now >= self._next:
            await self._sound_waiting(mouth, now)
        if self._asked_at is not None and now >= self._thinks_at:
            await self._think(mouth, self._asked_at, now)
        if self._lives and now >= self._heard_at + self._options.alive:
            await self._live(mouth)

    async def _sound_waiting(self, mouth: Mouth, now: float) -> None:
        """Each once; a beep that cannot sound now is out of date."""
        for name, until in [*self._waiting.items()]:
            if now > until or await self._play(mouth, name):
                self._waiting.pop(name, None)
        if (good := self._aimed) is not None:
            self._aimed = None
            if not self._waiting and self._wanted("aim"):
                await mouth.chime(aim(good, self._options.volume), RATE)
        self._next = _now() + AGAIN

    async def _think(self, mouth: Mouth, asked_at: float, now: float) -> None:
        self._thinks_at = now + THINKS_EVERY
        thinks, longest = self._thinks(), THINKS_UNTIL
        if not thinks:
            longest = UNFINISHED  # there is nothing to be answered, or more is to come before it is
        if mouth.spoke_during(asked_at + INTERRUPTED, now) or now > asked_at + longest:
            self._asked_at = None
        elif thinks:
            await self._play(mouth, "thinking")

    async def _live(self, mouth: Mouth) -> None:
        """A camera that shows nothing is told of again: no sound shall say that all is well."""
        blind = bool(self._cameras) and all(self._cameras.values())
        await self._play(mouth, "covered" if blind else "alive")
        self._heard_at = _now()

    async def _play(self, mouth: Mouth, name: Earcon) -> bool:
        """Whether it need not be tried again."""
        if name not in self._options.on or not self._wanted(name):
            return True
        if not await mouth.chime(earcon(name, self._options.volume), RATE):
            return False
        self._heard_at = _now()
        return True


class CameraSounds:
    """A `Watcher` of one camera that tells by a sound when it shows nothing any more."""

    def __init__(self, matter: set[Kind], sound: Callable[[Earcon], None]) -> None:
        self._matter, self._sound = matter, sound

    def saw(self, frame: Frame, motion: Motion, keyframe: bool) -> None:
        self._matter.discard("camera_lost")

    def captioned(self, caption: Caption) -> None:
        """That is told in words."""

    def unchanged(self, frame: Frame) -> None:
        """That is told by silence."""

    def began(self, kind: Kind, at: float) -> None:
        if kind not in self._matter:
            self._matter.add(kind)
            self._sound("covered")

    def over(self, kind: Kind, at: float) -> None:
        self._matter.discard(kind)

    def lost(self) -> None:
        self.began("camera_lost", _now())

    def cover(self) -> None:
        self._matter.clear()

    def close(self) -> None:
        self._matter.clear()


def _captured(attention: Attention) -> int:
    """How much is: sound, pictures, or both."""
    return bool(attention.microphone) + bool(attention.camera)


def _now() -> float:
    return asyncio.get_running_loop().time()
