"""A prompt as chat messages: what stays the same stands first, the scene note last and in the current turn only."""

from __future__ import annotations

import re
from typing import Literal, TypedDict

from pipelines.backends import Prompt
from pipelines.chats.requests import about_scene
from pipelines.phrases import FRESH, PHRASES, Phrases, language_of
from pipelines.types import Caption, Looked
from pipelines.visible import visible
from pipelines.wording import one_line

LONGEST = 400
"""Characters of one caption that a model is given."""
LONGEST_QUESTION = 2000

_MARKUP = re.compile(r"<[^<>\n]{0,40}>|\[/?(?:INST|SYS)\]|<<|>>|<\||\|>")
_ASKS = re.compile(
    r"(what|who|where|when|why|how|which|is|are|do|does|did|can|could|will|would|should)\b", re.IGNORECASE
)


class Message(TypedDict):
    """One turn as chat templates take it."""

    role: Literal["system", "user", "assistant"]
    content: str


def messages(prompt: Prompt) -> list[Message]:
    """System, history, and the question with the scene note before it; only the last differs from turn to turn."""
    said: list[Message] = [{"role": "system", "content": prompt.system}] if prompt.system else []
    for exchange in prompt.history:
        said.append({"role": "user", "content": written(exchange.asked)})
        said.append({"role": "assistant", "content": plain(exchange.heard)})
    question = written(prompt.question)
    if prompt.scene or _look(prompt) or prompt.steps or prompt.boxes or _pictured(prompt):
        question = f"{scene_note(prompt)}\n\n{_own(prompt).question}{question}"
    said.append({"role": "user", "content": question})
    return said


def scene_note(prompt: Prompt) -> str:
    """What was seen, a line each, oldest first, each with its age and, where there are several, its camera.

    Where things are follows, and what was found for the question in memory. A look at the question itself stands last,
    as the best evidence; without one, a note that holds nothing fresh, or nothing at all, says so. In the language of
    the question: a small model answers in that of the note.
    """
    several = len({caption.camera for caption in prompt.scene}) > 1
    own = _own(prompt)
    lines = [_line(caption, own.ago(prompt.now - caption.known_at), several) for caption in prompt.scene]
    found = [own.found, *(unmarked(step.result) for step in prompt.steps)] if prompt.steps else []
    boxes = unmarked(prompt.boxes).splitlines()
    told = [*lines, *(f"- {line}" for line in boxes), *found, *_last(prompt, own)]
    return "\n".join([own.note, *(told or [own.blank])])


def _last(prompt: Prompt, own: Phrases) -> list[str]:
    if look := _look(prompt):
        return [f"{own.look(prompt.now - look.captured_at)}{plain(look.text)[:LONGEST]}"]
    age = prompt.now - max((caption.known_at for caption in prompt.scene), default=prompt.now)
    return [own.stale(age)] if age > FRESH and not prompt.boxes else []


def _pictured(prompt: Prompt) -> bool:
    """Whether it asks for what is to be seen: who cannot look by itself is told that nothing was, lest it guess."""
    return not prompt.tools and (about_scene(prompt.question) or visible(prompt.question))


def _look(prompt: Prompt) -> Looked | None:
    """The look at the question itself, if something came of it."""
    return prompt.looked if prompt.looked is not None and plain(prompt.looked.text) else None


def _own(prompt: Prompt) -> Phrases:
    return PHRASES[language_of(prompt.question)]


def plain(text: str) -> str:
    """One line without control characters and without anything that a chat template could take for its own marks.

    A mark is replaced, not removed: nothing may close up around it to make another.
    """
    return one_line(_MARKUP.sub(" ", one_line(text)))


def unmarked(text: str) -> str:
    """A text of several lines without anything that a model could take for its own marks; see `plain`."""
    return "\n".join(plain(line) for line in text.splitlines()).strip()


def written(question: str) -> str:
    """A question as it is written: small models answer "why is it so" worse than "Why is it so?"."""
    words = plain(question)[:LONGEST_QUESTION]
    mark = "?" if words[-1:].isalnum() and _ASKS.match(words) else ""
    return f"{words[:1].upper()}{words[1:]}{mark}"


def _line(caption: Caption, age: str, several: bool) -> str:
    where = f", {plain(caption.camera)}" if several else ""
    return f"- {age}{where}: {plain(caption.text)[:LONGEST]}"
