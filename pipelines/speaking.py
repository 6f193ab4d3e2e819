"""From the pieces of an answer to sentences, from sentences to sound, and from sound to what was heard."""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field

import numpy as np

from devices.lines import Lossless
from devices.media import DeviceError, Speaker
from pipelines.backends import BackendError, Spoken, TimedVoice, Voice
from pipelines.trouble import Patience
from pipelines.types import SpeechChunk, Word
from pipelines.wordtimes import estimated, heard_until, start_of_word
from pipelines.worker import Worker

_END = re.compile(r"[.!?…]+[\"'”’)\]]*(?=\s)|[。！？]+[”’」』）]*|\n+")
_NOT_AN_END = re.compile(r"(?:\b(?:mr|mrs|ms|dr|prof|st|vs|etc|e\.g|i\.e|no|fig)|\b[a-z])\.$", re.IGNORECASE)
_LONGEST = 240
"""Characters after which a sentence without an end is cut at a comma or a space."""


async def sentences(pieces: AsyncIterator[str]) -> AsyncGenerator[str, None]:
    """Whole sentences, each as soon as its end has come; the rest at the end."""
    text = ""
    async for piece in pieces:
        text += piece
        while (cut := _first_end(text)) is not None:
            sentence, text = text[:cut].strip(), text[cut:]
            if sentence:
                yield sentence
    if text.strip():
        yield text.strip()


def _first_end(text: str) -> int | None:
    for match in _END.finditer(text):
        if not _NOT_AN_END.search(text[: match.end()]):
            return match.end()
    if len(text) <= _LONGEST:
        return None
    comma = max(text.rfind(mark, 0, _LONGEST) for mark in (", ", "; ", ": ", "，", "；"))
    return (comma if comma > 0 else text.rfind(" ", 0, _LONGEST)) + 1 or _LONGEST


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
        self, voice: Voice | None, worker: Worker | None, speaker: Speaker | None, troubles: dict[str, Patience]
    ) -> None:
        self._voice, self._worker, self._speaker = voice, worker, speaker
        self._troubles = troubles
        self._spoke: deque[tuple[float, float]] = deque(maxlen=32)
        self._speaks_since: float | None = None
        self._free = asyncio.Event()
        self._free.set()
        self._playing: asyncio.Task[None] | None = None
        self._from, self._sounds = 0, False
        """The sample of the present sentence at which the present play of it begins, and whether that has begun."""
        self._held_at = 0
        """The sample up to which it was heard before that."""

    def hold(self) -> None:
        """Fall silent at once and keep the place: someone talks, or may."""
        self._free.clear()
        if self._playing is not None:
            self._playing.cancel()

    def resume(self) -> None:
        """Go on from the start of the word at which it was held."""
        self._free.set()

    def spoke_during(self, start: float, end: float) -> bool:
        """Whether sound was played at any time from `start` to `end` (seconds on the loop's clock)."""
        if self._speaks_since is not None and end > self._speaks_since:
            return True
        return any(began < end and start < ended for began, ended in self._spoke)

    async def synthesize(self, sentence: str) -> SpeechChunk:
        """One sentence as sound; no samples where there is no voice."""
        if self._voice is not None and self._worker is not None and self._speaker is not None:
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
            part = ""
            try:
                await self._play(chunk, aloud)
                part = chunk.text
            except asyncio.CancelledError:
                part = self._heard_of(chunk)
                raise
            finally:
                aloud.sentences.append(part)

    def _heard_of(self, chunk: SpeechChunk) -> str:
        """The words of a sentence that was cut, up to the one in which it was."""
        seconds = self._position(chunk) / chunk.rate if chunk.rate else 0.0
        return heard_until(chunk.text, _timed(chunk), seconds) if seconds else ""

    def _position(self, chunk: SpeechChunk) -> int:
        """The sample up to which the present sentence was heard."""
        played = self._speaker.played if self._speaker is not None and self._sounds else 0
        return min(max(self._held_at, self._from + played), len(chunk.samples))

    async def _play(self, chunk: SpeechChunk, aloud: Aloud) -> None:
        self._from = self._held_at = 0
        self._sounds = False
        if self._speaker is None or not len(chunk.samples):
            aloud.begun = True
            aloud.began_at = aloud.began_at or asyncio.get_running_loop().time()
            return
        while not await self._played(chunk, self._speaker, aloud):
            self._held_at = self._position(chunk)
            start = start_of_word(_timed(chunk), self._held_at / chunk.rate)
            self._from, self._sounds = round(start * chunk.rate), False

    async def _played(self, chunk: SpeechChunk, speaker: Speaker, aloud: Aloud) -> bool:
        """Play on from the present place, as soon as it may. True at the end, False where it was held."""
        await self._free.wait()
        aloud.begun = True
        now = asyncio.get_running_loop().time
        self._speaks_since = began = now()
        self._playing = asyncio.create_task(self._sound(chunk, speaker))
        try:
            await self._playing
            self._troubles["speaker"].worked()
        except DeviceError as error:
            self._troubles["speaker"].failed(str(error))
        except asyncio.CancelledError:
            if _cancelled():
                raise
            return False
        finally:
            aloud.began_at = aloud.began_at or speaker.began_at
            self._playing = self._speaks_since = None
            self._spoke.append((began, now()))
        return True

    async def _sound(self, chunk: SpeechChunk, speaker: Speaker) -> None:
        self._sounds = True
        await speaker.play(chunk.samples[self._from :], chunk.rate)


def _cancelled() -> bool:
    """Whether it is this task that was cancelled, and not only the sound that it waited for."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _spoken(voice: Voice, sentence: str) -> Spoken:
    """A sentence with the times of its words, where the voice tells them."""
    return voice.speak(sentence) if isinstance(voice, TimedVoice) else Spoken(voice.synthesize(sentence), ())


def _timed(chunk: SpeechChunk) -> tuple[Word, ...]:
    """The times of its words; estimated where the voice does not tell them."""
    return chunk.words or estimated(chunk.text, chunk.samples, chunk.rate)
