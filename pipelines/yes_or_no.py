"""A question about a picture that a vision-language model answers by yes or no, when it has time for it."""

from __future__ import annotations

import re
from contextlib import aclosing

from devices.media import Frame
from pipelines.backends import BackendError, Look, Looker, expect
from pipelines.sight import Sight
from pipelines.trouble import Patience
from pipelines.wording import one_line

TOKENS = 8
"""The longest answer."""
_YES = re.compile(r"\W*(?:yes\b|是(?!否|不是)|对|有(?!可能))", re.IGNORECASE)
_UNSURE = re.compile(
    r"\b(?:maybe|perhaps|possibly|might|not sure|unsure|unclear|cannot|can't)\b|可能|不确定|也许", re.I
)


class YesOrNo:
    """Asks the captioner; captions and people's questions go before."""

    def __init__(self, sight: Sight, patience: Patience) -> None:
        self._sight, self._patience = sight, patience

    async def holds(self, frame: Frame, question: str) -> bool:
        """Whether the answer is yes. What is not sure, and what fails, is no."""
        looker = self._sight.captioner
        if not isinstance(looker, Looker):
            return False
        request = Look(frame, question, max_tokens=TOKENS)
        try:
            text = await self._sight.preemption.patient(lambda: self._asked(looker, request))
        except BackendError as error:
            self._patience.failed(str(error))
            return False
        self._patience.worked()
        return affirms(text)

    async def _asked(self, looker: Looker, request: Look) -> str:
        sight, text = self._sight, ""
        charge = sight.budget.begin(caption=False)
        try:
            async with aclosing(sight.worker.iterate(lambda: looker.look(request))) as pieces:
                async for piece in sight.precedence.patient(pieces):
                    text += expect(piece, str)
        finally:
            sight.budget.settle(charge, f"{request.question} {text}")
        return one_line(text)


def affirms(answer: str) -> bool:
    """Whether an answer says yes, without doubt."""
    return _YES.match(answer) is not None and _UNSURE.search(answer) is None
