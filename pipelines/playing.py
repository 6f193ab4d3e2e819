"""One sentence on its way to the ear: through a speaker, or by a voice that has a mouth of its own."""

from __future__ import annotations

import asyncio
import threading
from typing import ClassVar

from devices.media import DeviceError, Speaker
from pipelines.backends import BackendError, SelfSpeaking
from pipelines.remarks import Priority
from pipelines.types import SpeechChunk, Word
from pipelines.wordtimes import estimated, heard_until, start_of_word, tokens
from pipelines.worker import Worker


class Playback:
    """Sound that a speaker plays."""

    part: ClassVar = "speaker"

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


class Telling:
    """Words that a voice says itself, and tells of."""

    part: ClassVar = "voice"

    def __init__(self, text: str, voice: SelfSpeaking, worker: Worker, priority: Priority) -> None:
        self.over = False
        """Nothing of it is left to be said."""
        self.cut = False
        """Others who speak there ended it: then no more of it is wanted."""
        self.began_at: float | None = None
        """Seconds on the loop's clock at its first word."""
        self._text, self._voice, self._worker, self._priority = text, voice, worker, priority
        self._from = 0  # letter at which the present saying begins
        self._begun = 0  # words of that which were begun
        self._saying: object = None  # the present one: the voice may still tell of the one before

    @property
    def heard(self) -> str:
        """The words that were heard, as they are written: those after which another one began."""
        said = self._from + self._end_of(self._begun - 1)
        return self._text if self.over and not self.cut else self._text[:said].rstrip()

    async def run(self) -> None:
        """Say on. Raises BackendError."""
        loop, saying = asyncio.get_running_loop(), object()

        def reached(number: int) -> None:
            loop.call_soon_threadsafe(self._reached, saying, number)

        self._saying, self._begun, unwanted = saying, 0, threading.Event()
        text, priority = self._text[self._from :], self._priority
        try:
            said = await self._worker.call(self._voice.say, text, priority, reached, unwanted.is_set)
            self.over, self.cut = True, not said
            self.began_at = self.began_at or (loop.time() if said else None)
        except BackendError:
            self.over = True  # what cannot be said counts as written
            raise
        except asyncio.CancelledError:
            unwanted.set()
            self._voice.hush()
            raise

    def write(self) -> None:
        """The rest is written, and not said."""
        self.over, self.began_at = True, self.began_at or asyncio.get_running_loop().time()

    def go_back(self) -> None:
        """To the start of the word at which it was held."""
        self._from += self._end_of(self._begun - 1)
        self._saying, self._begun = None, 0

    def _reached(self, saying: object, number: int) -> None:
        if saying is not self._saying:
            return
        self.began_at = self.began_at or asyncio.get_running_loop().time()
        self._begun = max(self._begun, number + 1)

    def _end_of(self, words: int) -> int:
        """Letters of what is said now up to the end of so many of its words."""
        found = tokens(self._text[self._from :])
        return found[min(words, len(found)) - 1].end if words > 0 and found else 0
