"""From sentences to sound, and from sound to what was heard."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from devices.lines import Lossless
from devices.media import DeviceError, Speaker
from pipelines.backends import BackendError, Spoken, TimedVoice, Voice
from pipelines.trouble import Patience
from pipelines.types import SpeechChunk, Word
from pipelines.wordtimes import estimated, heard_until, start_of_word
from pipelines.worker import Worker


@dataclass(slots=True)
class Aloud:
    """What of one turn has been heard so far; with no voice or no speaker, what was written."""

    sentences: list[str] = field(default_factory=list)
    begun: bool = False
    """True from its first sound on."""
    began_at: float | None = None
    """Seconds on the loop's clock at the first sound; with no voice or no speaker, when it was written."""

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
        speaks: Callable[[], bool] = lambda: True,
    ) -> None:
        """`speaks`: whether it is to speak at present, see `settle`."""
        self._speaks = speaks
        self._voice, self._worker, self._speaker = voice, worker, speaker
        self._troubles = troubles
        self._spoke: deque[tuple[float, float]] = deque(maxlen=32)
        self._speaks_since: float | None = None
        self._free = asyncio.Event()
        self._free.set()
        self._playing: asyncio.Task[None] | None = None

    def hold(self) -> None:
        """Fall silent at once and keep the place: someone talks, or may."""
        self._free.clear()
        if self._playing is not None:
            self._playing.cancel()

    def resume(self) -> None:
        """Go on from the start of the word at which it was held."""
        self._free.set()

    def settle(self) -> None:
        """Whether it is to speak may be another now: if not, what is being said goes on in writing."""
        if self._playing is not None and not self._speaks():
            self._playing.cancel()

    def spoke_during(self, start: float, end: float) -> bool:
        """Whether sound was played at any time from `start` to `end` (seconds on the loop's clock)."""
        if self._speaks_since is not None and end > self._speaks_since:
            return True
        return any(began < end and start < ended for began, ended in self._spoke)

    async def synthesize(self, sentence: str) -> SpeechChunk:
        """One sentence as sound; no samples where there is no voice."""
        if self._voice is not None and self._worker is not None and self._speaker is not None and self._speaks():
            try:
                spoken = await self._worker.call(_spoken, self._voice, sentence)
                self._troubles["voice"].worked()
                return SpeechChunk(sentence, spoken.samples, self._voice.rate, spoken.words)
            except BackendError as error:
                self._troubles["voice"].failed(f"{error}; answers are only written until it is back")
        return SpeechChunk(sentence, np.zeros(0, np.float32), 0)

    async def say(self, chunks: Lossless[SpeechChunk], aloud: Aloud) -> None:
        """Play chunk after chunk, and keep account of what was heard."""
        async for chunk in chunks:
            if self._speaker is None or not len(chunk.samples):
                aloud.begun, aloud.began_at = True, aloud.began_at or asyncio.get_running_loop().time()
                aloud.sentences.append(chunk.text)
                continue
            playback = _Playback(chunk, self._speaker)
            try:
                await self._play(playback, aloud)
            finally:
                aloud.sentences.append(playback.heard)
                aloud.began_at = aloud.began_at or playback.began_at

    async def _play(self, playback: _Playback, aloud: Aloud) -> None:
        """To the end, with as many holds as there are."""
        while not playback.over:
            while not self._free.is_set():  # it may have been held again since the waiting ended
                await self._free.wait()
            aloud.begun = True
            if not self._speaks():
                playback.write()
                return
            try:
                await self._sound(playback)
                self._troubles["speaker"].worked()
            except DeviceError as error:
                self._troubles["speaker"].failed(str(error))
            if not playback.over:
                playback.go_back()

    async def _sound(self, playback: _Playback) -> None:
        """Until it is over or held. Raises DeviceError."""
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


class _Playback:
    """One sentence on its way to the ear."""

    def __init__(self, chunk: SpeechChunk, speaker: Speaker) -> None:
        self.over = False
        """Nothing of it is left to be played."""
        self.began_at: float | None = None
        """Seconds on the loop's clock at its first sound."""
        self._chunk, self._speaker = chunk, speaker
        self._from = self._reached = 0  # samples: where the present play begins, and up to which it was heard

    @property
    def heard(self) -> str:
        """The words that were heard, as they are written."""
        chunk = self._chunk
        return chunk.text if self.over else heard_until(chunk.text, self._words, self._reached / chunk.rate)

    async def run(self) -> None:
        """Play on. Raises DeviceError."""
        speaker = self._speaker
        try:
            await speaker.play(self._chunk.samples[self._from :], self._chunk.rate)
            self.over = True
        except DeviceError:
            self.over = True  # what cannot be played counts as written
            raise
        finally:
            self._reached = max(self._reached, self._from + speaker.played)
            self.began_at = self.began_at or speaker.began_at

    def write(self) -> None:
        """The rest is written, and not said."""
        self.over, self.began_at = True, self.began_at or asyncio.get_running_loop().time()

    def go_back(self) -> None:
        """To the start of the word at which it was held."""
        rate = self._chunk.rate
        self._from = round(start_of_word(self._words, self._reached / rate) * rate)

    @property
    def _words(self) -> tuple[Word, ...]:
        """When each word is said; estimated where the voice does not tell."""
        chunk = self._chunk
        return chunk.words or estimated(chunk.text, chunk.samples, chunk.rate)


def _spoken(voice: Voice, sentence: str) -> Spoken:
    """A sentence with the times of its words, where the voice tells them."""
    return voice.speak(sentence) if isinstance(voice, TimedVoice) else Spoken(voice.synthesize(sentence), ())
