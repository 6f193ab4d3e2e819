"""What was heard in a conversation: exchanges for prompts to come, and things said, to be heard again."""

from __future__ import annotations

from pipelines.backends import Exchange
from pipelines.remarks import Remark
from pipelines.spoken_log import Saying, SpokenLog
from pipelines.types import Reply

ABOUT_ITSELF = "wish"
"""The source of remarks that are not kept to be repeated: that it speaks faster now, or what was repeated."""
MOST_REMEMBERED = 2000
"""Characters of a question, and of an answer, that later prompts hold."""


class Past:
    """Of one conversation; it stays when cameras are switched off, as far as it was heard."""

    def __init__(self, exchanges: int) -> None:
        """`exchanges`: how many are kept at least; at twice as many the older half is forgotten."""
        self._least = exchanges
        self.history: list[Exchange] = []
        self.spoken = SpokenLog()

    def keep(self, reply: Reply, remark: Remark | None, *, whole: bool) -> None:
        """What was heard of a turn; `whole`: what was begun of a remark may be heard to its end."""
        if reply.asked and reply.text:
            self.history.append(Exchange(reply.asked[:MOST_REMEMBERED], reply.text[:MOST_REMEMBERED]))
        if len(self.history) > 2 * self._least:
            del self.history[: len(self.history) - self._least]
        if reply.text and (remark is None or remark.source != ABOUT_ITSELF):
            text = remark.text if remark is not None and whole else reply.text
            seen = remark is not None and remark.seen
            self.spoken.add(Saying(text, reply.ended_at, reply.priority, reply.text if seen else ""))
