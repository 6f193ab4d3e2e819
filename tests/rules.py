"""The rules, what was seen before a question, and the question put to them."""

from __future__ import annotations

from datetime import datetime

from pipelines.backends import Exchange, Prompt
from pipelines.chats.grounded import Rules
from pipelines.memory import Memory
from pipelines.types import Caption, Facts
from tests.pairs import NOW

RULES = Rules(lambda: datetime(2026, 3, 14, 15, 9))


def saw(text: str, age: float = 1, camera: str = "camera", facts: Facts | None = None) -> Caption:
    return Caption(text, camera, NOW - age, 0.1, 1, facts)


def ask(question: str, *scene: Caption, history: tuple[Exchange, ...] = ()) -> str | None:
    return RULES.answer(Prompt("", history, scene, question, NOW))


def remembered(*seen: Caption) -> Memory:
    memory = Memory()
    for caption in seen:
        memory.add(caption)
    return memory


def ask_of(memory: Memory, question: str) -> str | None:
    return RULES.answer(Prompt("", (), memory.scene(), question, NOW, memory.record()))
