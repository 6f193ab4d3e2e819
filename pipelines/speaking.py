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
from pipelines.backends import BackendError, Voice
from pipelines.trouble import Patience
from pipelines.types import SpeechChunk
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
class Heard:
    """What of one turn has been heard so far; with no voice or no speaker, what was written."""

    sentences: list[str] = field(default_factory=list)
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

    def spoke_during(self, start: float, end: float) -> bool:
        """Whether sound was played at any time from `start` to `end` (seconds on the loop's clock)."""
        if self._speaks_since is not None and end > self._speaks_since:
            return True
        return any(began < end and start < ended for began, ended in self._spoke)

    async def synthesize(self, sentence: str) -> SpeechChunk:
        """One sentence as sound; no samples where there is no voice."""
        if self._voice is not None and self._worker is not None and self._speaker is not None:
            try:
                samples = await self._worker.call(self._voice.synthesize, sentence)
                self._troubles["voice"].worked()
                return SpeechChunk(sentence, samples, self._voice.rate)
            except BackendError as error:
                self._troubles["voice"].failed(str(error))
        return SpeechChunk(sentence, np.zeros(0, np.float32), 0)

    async def say(self, chunks: Lossless[SpeechChunk], heard: Heard) -> None:
        """Play chunk after chunk, and keep account of what was heard."""
        async for chunk in chunks:
            part, written_at = "", asyncio.get_running_loop().time()
            try:
                await self._play(chunk)
                part = chunk.text
            except asyncio.CancelledError:
                part = self._heard_of(chunk)
                raise
            finally:
                heard.sentences.append(part)
                heard.began_at = heard.began_at or self._sounded_at(chunk) or written_at

    def _sounded_at(self, chunk: SpeechChunk) -> float | None:
        return self._speaker.began_at if self._speaker is not None and len(chunk.samples) else None

    def _heard_of(self, chunk: SpeechChunk) -> str:
        """The words of a sentence that was cut, up to the one in which it was: in proportion to the sound."""
        if self._speaker is None or not len(chunk.samples):
            return ""
        length = len(chunk.text) * min(self._speaker.played, len(chunk.samples)) // len(chunk.samples)
        return chunk.text[:length].rpartition(" ")[0] if " " in chunk.text else chunk.text[:length]

    async def _play(self, chunk: SpeechChunk) -> None:
        if self._speaker is None or not len(chunk.samples):
            return
        now = asyncio.get_running_loop().time
        self._speaks_since = began = now()
        try:
            await self._speaker.play(chunk.samples, chunk.rate)
            self._troubles["speaker"].worked()
        except DeviceError as error:
            self._troubles["speaker"].failed(str(error))
        finally:
            self._speaks_since = None
            self._spoke.append((began, now()))
