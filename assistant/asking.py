"""What is typed in a session's terminal on its way to the session, and what is said while somebody types."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable

from assistant.keyboard import ByKey, typed_lines
from assistant.keys import ACTIONS, NO_KEY, QUIT, TYPING, Keys, KeysOptions, named
from assistant.typed import Shown, nobody
from pipelines.agenda import Agenda
from pipelines.phrases import Language
from pipelines.remarks import Priority, Remark
from pipelines.types import Emit, Notice

Lines = Callable[[], AsyncIterator[str]]
Obey = Callable[[str], bool]
STOP = ACTIONS["stop"].line


class Typist:
    """The person at the terminal of `omni run`."""

    def __init__(self, options: KeysOptions, shown: Shown | None, emit: Emit) -> None:
        """`shown`: who shows what is typed so far; without anybody, the terminal itself does, where that is enough."""
        by_key = shown is not None or options.single
        self._by_key = ByKey(shown or nobody, Keys(options)) if by_key else None
        self._emit = emit
        self.left = asyncio.Event()
        """The person wants the session to end."""
        self.hushed: Callable[[], bool] = lambda: False
        """Whether any key means silence at present."""

    @property
    def lines(self) -> Lines | None:
        """What is typed; None where there is no terminal."""
        return self._lines if sys.stdin.isatty() else None

    async def _lines(self) -> AsyncIterator[str]:
        begun = False
        async for line in typed_lines(by_key=self._by_key):
            if line == QUIT:
                self.left.set()
                continue
            if begun and line.startswith("/") and not line.startswith(TYPING):
                self._emit(Notice(f"typed: {line}", asyncio.get_running_loop().time(), "keyboard"))
            begun = line.startswith(f"{TYPING} ")
            if begun or self.hushed():
                yield STOP  # nobody can type well while he is talked to
            yield line


class Prompts:
    """Says what somebody who cannot see it needs to know while typing."""

    def __init__(self, options: KeysOptions, agenda: Agenda, language: Language) -> None:
        self._agenda, self._language = agenda, language
        self._help = named(options.of("keys")[:1], language)

    def before(self, obey: Obey) -> Obey:
        """`obey`, given all lines but those that only tell what the keyboard does."""
        return lambda line: self._prompted(line) or obey(line)

    def _prompted(self, line: str) -> bool:
        word, _, name = line.partition(" ")
        if word not in (TYPING, NO_KEY):
            return False
        if text := self._unknown() if word == NO_KEY else self._prompt(name):
            self._agenda.offer(_prompt(text))
        return True

    def _prompt(self, name: str) -> str:
        if not name:
            return "已取消。" if self._language == "zh" else "Given up."
        return ACTIONS[name].prompt[self._language] if name in ACTIONS else ""

    def _unknown(self) -> str:
        if self._language == "zh":
            return "这个键没有功能。" + f"按{self._help}听按键说明。" * bool(self._help)
        return "This key does nothing." + f" {self._help.capitalize()} tells the keys." * bool(self._help)


def _prompt(text: str) -> Remark:
    """It lasts beyond the silence that was made for it."""
    now = asyncio.get_running_loop().time()
    return Remark(text, Priority.ANSWER, now, key="keyboard", asked=True, lasting=True, source="keyboard")
