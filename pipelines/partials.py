"""Words while someone still talks: shown, never answered, and made only while the transcriber is idle."""

from __future__ import annotations

import asyncio

from devices.lines import Latest
from pipelines.backends import BackendError, Transcriber, expect
from pipelines.types import Draft, Emit, Heard, PartialTranscript, Utterance
from pipelines.worker import Worker


class Partials:
    """Takes drafts of an utterance, puts the newest into words in the transcriber's own thread, and tells of them.

    A draft that comes while the transcriber works is left out, so that a whole utterance waits for one at most.
    """

    def __init__(self, transcriber: Transcriber, worker: Worker, emit: Emit) -> None:
        self._transcriber, self._worker, self._emit = transcriber, worker, emit
        self._drafts = Latest[Draft](1, "drafts")
        self._settled_from = float("-inf")
        self._told = ""

    def offer(self, draft: Draft) -> None:
        """Put this into words, if there is time."""
        if not (self._worker.busy or self._drafts.closed):
            self._drafts.put(draft)

    def settle(self, utterance: Utterance) -> None:
        """It is whole: nothing is told any more of what it was before."""
        self._settled_from = utterance.started_at
        self._told = ""

    def close(self) -> None:
        """No more drafts: `run` comes to its end."""
        self._drafts.close()

    async def run(self) -> None:
        """Until closed. A failure is not told of: the whole utterance will meet it too."""
        async for draft in self._drafts:
            if self._worker.busy or self._settled(draft):
                continue
            try:
                heard = expect(await self._worker.call(self._transcriber.transcribe, draft.samples), Heard)
            except BackendError:
                continue
            if heard.text not in ("", self._told) and not self._settled(draft):
                self._tell(heard, draft)

    def _settled(self, draft: Draft) -> bool:
        return draft.started_at <= self._settled_from

    def _tell(self, heard: Heard, draft: Draft) -> None:
        took = max(0.0, asyncio.get_running_loop().time() - draft.ended_at)
        self._told = heard.text
        self._emit(PartialTranscript(heard.text, draft.ended_at, took, heard.language))


def partials_of(transcriber: Transcriber, worker: Worker, emit: Emit, every: float) -> Partials | None:
    """What tells of partial transcripts; None where nobody wants them, or the transcriber is not made for it."""
    wanted = every > 0 and getattr(transcriber, "partials", False)
    return Partials(transcriber, worker, emit) if wanted else None
