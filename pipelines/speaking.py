"""From sentences to sound, and from sound to what was heard."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import inf

import numpy as np

from devices.lines import Lossless
from devices.media import DeviceError, Samples, Speaker
from pipelines.backends import Adjustable, BackendError, Manner, SelfSpeaking, Spoken, TimedVoice, Voice
from pipelines.news import Settings
from pipelines.playing import Playback, Telling
from pipelines.remarks import Priority
from pipelines.trouble import Patience
from pipelines.types import SpeechChunk
from pipelines.worker import Worker


@dataclass(slots=True)
class Aloud:
    """What of one turn has been heard so far; with no voice or no speaker, what was written."""

    sentences: list[str] = field(default_factory=list)
    until: float = inf
    """Seconds on the loop's clock from which on it is not begun any more."""
    begun: bool = False
    """True from its first sound on."""
    began_at: float | None = None
    """Seconds on the loop's clock at the first sound; with no voice or no speaker, when it was written."""
    cut: bool = False
    """Somebody else who speaks through the same server ended it: the rest is left out."""

    @property
    def late(self) -> bool:
        """Whether it was not begun, and will not be."""
        return not self.begun and asyncio.get_running_loop().time() >= self.until

    @property
    def text(self) -> str:
        return " ".join(sentence for sentence in self.sentences if sentence)


class Mouth:
    """The voice and the speaker. Without one of them, or while one of them fails, answers are only written."""

    def __init__(
        self,
        voice: Voice | None,
        worker: Worker | None,
        speaker: Speaker | None,
        troubles: dict[str, Patience],
        settings: Callable[[], Settings] = lambda: Settings(0.0),
    ) -> None:
        """`settings`: whether it is to speak at present, see `settle`, and how."""
        self._settings, self._manner = settings, Manner()
        self._voice, self._worker, self._speaker = voice, worker, speaker
        self._troubles = troubles
        self._sounding = asyncio.Lock()
        """Held by what is played: one thing at a time."""
        self._clear = asyncio.Event()
        self._clear.set()
        self._spoke: deque[tuple[float, float]] = deque(maxlen=32)
        self._speaks_since: float | None = None
        self._free = asyncio.Event()
        self._free.set()
        self._playing: asyncio.Task[None] | None = None
        self._chiming: asyncio.Task[None] | None = None

    @property
    def present(self) -> bool:
        """Whether there is anything that can be heard."""
        return self._voice is not None and (self._speaker is not None or isinstance(self._voice, SelfSpeaking))

    @property
    def adjustable(self) -> bool:
        """Whether it can speak faster and slower."""
        return isinstance(self._voice, Adjustable)

    def hold(self) -> None:
        """Fall silent at once and keep the place: someone talks, or may. A hazard is told all the same."""
        self._free.clear()
        if self._playing is not None and self._clear.is_set():
            self._playing.cancel()

    def resume(self) -> None:
        """Go on from the start of the word at which it was held."""
        self._free.set()

    def settle(self) -> None:
        """Whether it is to speak may be another now: if not, what is being said goes on in writing."""
        if self._playing is not None and not self._settings().speaking:
            self._playing.cancel()

    @contextmanager
    def over_all(self) -> Iterator[None]:
        """In here a hazard is told: what is being said gives way to it, and keeps its place."""
        self._clear.clear()
        if self._playing is not None:
            self._playing.cancel()
        try:
            yield
        finally:
            self._clear.set()

    async def chime(self, samples: Samples, rate: int) -> bool:
        """A short sound that is no speech; False, and nothing is heard, where something is being said."""
        if self._speaker is None or self._sounding.locked() or not self._may:
            return False
        async with self._sounding:
            playing = self._playing = self._chiming = asyncio.create_task(self._speaker.play(self._loud(samples), rate))
            try:
                await asyncio.wait([playing])
            finally:
                playing.cancel()
                await asyncio.wait([playing])
                self._playing = self._chiming = None
        try:
            if not playing.cancelled():
                playing.result()
        except DeviceError as error:
            self._troubles["speaker"].failed(str(error))
        return True

    def spoke_during(self, start: float, end: float) -> bool:
        """Whether sound was played at any time from `start` to `end` (seconds on the loop's clock)."""
        if self._speaks_since is not None and end > self._speaks_since:
            return True
        return any(began < end and start < ended for began, ended in self._spoke)

    async def synthesize(self, sentence: str) -> SpeechChunk:
        """One sentence as sound; no samples where there is no voice."""
        if self._voice is not None and self._worker is not None and self.present and self._settings().speaking:
            try:
                await self._adjust(self._voice, self._worker)
                if isinstance(self._voice, SelfSpeaking):
                    return SpeechChunk(sentence, np.zeros(0, np.float32), 0, itself=True)
                spoken = await self._worker.call(_spoken, self._voice, sentence)
                self._troubles["voice"].worked()
                return SpeechChunk(sentence, self._loud(spoken.samples), self._voice.rate, spoken.words)
            except BackendError as error:
                self._troubles["voice"].failed(f"{error}; answers are only written until it is back")
        return SpeechChunk(sentence, np.zeros(0, np.float32), 0)

    async def _adjust(self, voice: Voice, worker: Worker) -> None:
        """Speak from now on as is set; a voice that cannot is asked once, and speaks on as before."""
        wanted = self._settings()
        manner = Manner(wanted.rate, wanted.voice, min(1.0, wanted.volume) if isinstance(voice, SelfSpeaking) else 1.0)
        if manner == self._manner or not isinstance(voice, Adjustable):
            return
        self._manner = manner
        try:
            await worker.call(voice.adjust, manner)
            self._troubles["manner"].worked()
        except BackendError as error:
            self._troubles["manner"].learned(f"{error}; it speaks as before")

    def _loud(self, samples: Samples) -> Samples:
        volume = self._settings().volume
        return samples if volume == 1 else np.clip(samples * np.float32(volume), -1, 1)

    async def say(self, chunks: Lossless[SpeechChunk], aloud: Aloud, priority: Priority = Priority.ANSWER) -> None:
        """Play chunk after chunk, and keep account of what was heard. A hazard waits for nobody."""
        async for chunk in chunks:
            if aloud.cut or aloud.late:
                continue
            if (playback := self._playback(chunk, priority)) is None:
                aloud.begun, aloud.began_at = True, aloud.began_at or asyncio.get_running_loop().time()
                aloud.sentences.append(chunk.text)
                continue
            try:
                await self._play(playback, aloud, urgent=priority is Priority.HAZARD)
            finally:
                aloud.sentences.append(playback.heard)
                aloud.began_at = aloud.began_at or playback.began_at
                aloud.cut = isinstance(playback, Telling) and playback.cut

    def _playback(self, chunk: SpeechChunk, priority: Priority) -> Playback | Telling | None:
        """None: it is only written."""
        if chunk.itself and isinstance(self._voice, SelfSpeaking) and self._worker is not None:
            return Telling(chunk.text, self._voice, self._worker, priority)
        return None if self._speaker is None or not len(chunk.samples) else Playback(chunk, self._speaker)

    @property
    def _may(self) -> bool:
        """Whether anything but a hazard may be heard: nobody talks, and no hazard is told."""
        return self._free.is_set() and self._clear.is_set()

    async def _play(self, playback: Playback | Telling, aloud: Aloud, *, urgent: bool) -> None:
        """To the end, with as many holds as there are; not at all where it is too late to begin."""
        while not playback.over:
            while not (urgent or self._may):
                await self._free.wait()  # it may have been held again since the waiting ended
                await self._clear.wait()
            if aloud.late:
                return
            if not self._settings().speaking:
                aloud.begun = True
                playback.write()
                return
            await self._sound_alone(playback, aloud, urgent=urgent)
            if not playback.over:
                playback.go_back()

    async def _sound_alone(self, playback: Playback | Telling, aloud: Aloud, *, urgent: bool) -> None:
        """Until it is over or held. Speech waits for no chime."""
        if self._chiming is not None:
            self._chiming.cancel()
        try:
            async with self._sounding:
                if urgent or self._may:
                    aloud.begun = True
                    await self._sound(playback)
            if playback.over:
                self._troubles[playback.part].worked()
        except (DeviceError, BackendError) as error:
            self._troubles[playback.part].failed(str(error))

    async def _sound(self, playback: Playback | Telling) -> None:
        """Until it is over or held. Raises DeviceError, or BackendError where the voice has a mouth of its own."""
        now = asyncio.get_running_loop().time
        self._speaks_since = began = now()
        playing = self._playing = asyncio.create_task(playback.run())
        try:
            await asyncio.wait([playing])
        finally:
            playing.cancel()
            await asyncio.wait([playing])
            self._playing = self._speaks_since = None
            self._spoke.append((began, now()))
        if not playing.cancelled():
            playing.result()


def _spoken(voice: Voice, sentence: str) -> Spoken:
    """A sentence with the times of its words, where the voice tells them."""
    return voice.speak(sentence) if isinstance(voice, TimedVoice) else Spoken(voice.synthesize(sentence), ())
