"""Words before the end: shown while someone talks, and in each pause used to judge whether the speaker has ended."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass

from devices.lines import Latest, Lossless
from pipelines.backends import BackendError, Transcriber, TurnModel, expect
from pipelines.endings import EndingOptions, judged
from pipelines.endpointer import Endpointer
from pipelines.trouble import Patience
from pipelines.types import Draft, Heard, PartialTranscript, Perception, Utterance
from pipelines.worker import Worker


@dataclass(frozen=True, slots=True)
class TurnJudge:
    """The model that hears whether a speaker has ended, its thread, and its patience with failures."""

    model: TurnModel
    worker: Worker
    patience: Patience


@dataclass(frozen=True, slots=True)
class Ears:
    """What finds speech in sound, and the thread it works in."""

    endpointer: Endpointer
    worker: Worker


class Drafts:
    """Takes what was said so far, the newest only, and puts it into words in the transcriber's own thread.

    In a pause it tells the endpointer how long to wait; if no more is said, its words are those of the utterance.
    """

    def __init__(
        self,
        transcriber: Transcriber,
        worker: Worker,
        ears: Ears,
        ending: EndingOptions,
        judge: TurnJudge | None = None,
    ) -> None:
        self._transcriber, self._worker, self._ears = transcriber, worker, ears
        self._ending, self._judge = ending, judge
        self._drafts = Latest[Draft](1, "drafts")
        self._settled_from = float("-inf")
        self._told = ""
        self._at_work: tuple[int, asyncio.Task[Heard]] | None = None
        """The pause before which was said what becomes words now."""

    @property
    def dropped(self) -> int:
        """Drafts that a newer one replaced before there was time for them."""
        return self._drafts.dropped

    def offer(self, draft: Draft) -> None:
        """Put this into words: a pause in any case, what is said on only if there is time."""
        if not self._drafts.closed and (draft.pause is not None or not self._worker.busy):
            self._drafts.put(draft)

    def settle(self, utterance: Utterance) -> None:
        """It is whole: nothing is told any more of what it was before."""
        self._settled_from = utterance.started_at
        self._told = ""

    def close(self) -> None:
        """No more drafts: `run` comes to its end."""
        self._drafts.close()

    async def run(self, perceptions: Lossless[Perception]) -> None:
        """Until closed. A failure is not told of: the whole utterance will meet it too."""
        async for draft in self._drafts:
            if not self._settled(draft):
                await (self._show if draft.pause is None else self._weigh)(draft, perceptions)

    async def words_of(self, utterance: Utterance) -> Heard:
        """The words of a whole utterance, found out now if they are not known yet. Raises BackendError."""
        if utterance.heard is not None:
            return utterance.heard
        if self._at_work is not None and self._at_work[0] == utterance.pause:
            return await asyncio.shield(self._at_work[1])
        return await self._transcribed(utterance)

    async def _weigh(self, draft: Draft, perceptions: Lossless[Perception]) -> None:
        """Judge a pause: by its sound as soon as that is done, and again by its words."""
        async with asyncio.TaskGroup() as group:
            words = group.create_task(self._show(draft, perceptions))
            sound = await self._finished(draft)
            if sound is not None:
                await self._tell_ears(draft, sound, None)
            await self._tell_ears(draft, sound, await words)

    async def _tell_ears(self, draft: Draft, sound: float | None, heard: Heard | None) -> None:
        ending = judged(self._ending, sound, heard)
        with suppress(BackendError):  # a detector that fails or hangs is told of by who listens
            await self._ears.worker.call(self._ears.endpointer.judge, draft.pause, ending, heard)

    async def _finished(self, draft: Draft) -> float | None:
        """How likely the speaker has ended, by the sound; None where nothing can tell."""
        judge = self._judge
        if judge is None:
            return None
        try:
            likely = await judge.worker.call(judge.model.finished, draft.samples)
            likely = None if likely is None else expect(likely, float)
        except BackendError as error:
            judge.patience.failed(str(error))
            return None
        judge.patience.worked()
        return likely

    async def _show(self, draft: Draft, perceptions: Lossless[Perception]) -> Heard | None:
        """Tell the words of a draft, if it is still going on and they are new; those of a pause in any case."""
        work = asyncio.create_task(self._transcribed(draft))
        self._at_work = (draft.pause, work) if draft.pause is not None else None
        try:
            heard = await work
        except BackendError:
            self._at_work = None
            await self._tell(draft, Heard(""), perceptions)
            return None
        await self._tell(draft, heard, perceptions)
        return heard

    async def _tell(self, draft: Draft, heard: Heard, perceptions: Lossless[Perception]) -> None:
        new = heard.text not in ("", self._told)
        paused = draft.pause is not None
        if (new or paused) and not self._settled(draft):
            self._told = heard.text
            took = max(0.0, asyncio.get_running_loop().time() - draft.ended_at)
            await perceptions.put(PartialTranscript(heard.text, draft.ended_at, took, heard.language, paused))

    async def _transcribed(self, sound: Draft | Utterance) -> Heard:
        return expect(await self._worker.call(self._transcriber.transcribe, sound.samples), Heard)

    def _settled(self, draft: Draft) -> bool:
        return draft.started_at <= self._settled_from
