"""What a caption in free words, without facts, supports as an answer; None where it does not."""

from __future__ import annotations

from pipelines.captionwords import people_in, quotations
from pipelines.chats.objects import mentioned
from pipelines.chats.requests import Request
from pipelines.wording import listed, quoted


def answer(request: Request, text: str, question: str) -> str | None:
    """A sentence that says no more than the caption does."""
    if request is Request.DESCRIBE:
        return text
    if request in (Request.COUNT, Request.PRESENCE):
        return _people(request, text)
    if request is Request.READ:
        lines = [quoted(line) for line in quotations(text)]
        return f"I read {listed(lines)}." if lines else None
    if request in (Request.OBJECT, Request.DETAIL, Request.SURROUNDINGS, Request.WHERE):
        return text if mentioned(question, text) else None
    return None


def _people(request: Request, text: str) -> str:
    count = people_in(text)
    if not count:
        return f"I noticed nobody. {text}"
    if request is Request.PRESENCE:
        return f"Yes. {text}"
    return "I see at least one person." if count == 1 else f"I see at least {count} people."
