"""Questions of programs: answered in writing, beside the conversation and never into it."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.news import Answer, Command


@dataclass(frozen=True, slots=True)
class Enquiry:
    """One of them."""

    command: Command
    question: str = ""
    """For `ask`; the others have their own."""
    camera: str = ""
    """The one it is about; empty: all."""
    source: str = ""
    ref: str = ""
    """What whoever asks calls it."""


class Enquiries:
    """Asks the chat, or the model that looks, when the conversation leaves them free."""

    async def ask(self, enquiry: Enquiry) -> Answer:
        """The answer, which is told on the feed as well; one without a text says why."""
        raise NotImplementedError
