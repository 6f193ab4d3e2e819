"""What is typed in a session's terminal on its way to the session, and what is said while somebody types."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable

from assistant.keyboard import ByKey, gives_lines, typed_lines
from assistant.keys import ACTIONS, DONE, NO_KEY, QUIT, TYPING, Keys, KeysOptions, named
from assistant.typed import Shown, nobody
from pipelines.past import ABOUT_ITSELF
from pipelines.phrases import Language
from pipelines.remarks import Priority, Remark
from pipelines.thinking import Conversation
from pipelines.types import Emit, Notice

Lines = Callable[[], AsyncIterator[str]]
Obey = Callable[[str], bool]
STOP = ACTIONS["stop"].line
LONGEST_TYPING = 60.0
"""Seconds for which typing keeps others from talking; whoever pressed the key by mistake is told things again."""
KEY = "keyboard"


class Typist:
    """The person at the terminal of `omni run`."""

    def __init__(self, options: KeysOptions, shown: Shown | None, emit: Emit, language: Language = "en") -> None:
        """`shown`: who shows what is typed so far; without anybody, the terminal itself does, where that is enough."""
        self._typed = "已输入：" if language == "zh" else "typed: "
        by_key = shown is not None or options.single
        self._by_key = ByKey(shown or nobody, Keys(options)) if by_key else None
        self._emit = emit
        self.left = asyncio.Event()
        """The person wants the session to end."""
        self.hushed: Callable[[], bool] = lambda: False
        """Whether any key means silence at present."""

    @property
    def lines(self) -> Lines | None:
        """What is typed, or written into a pipe; None where nobody can write."""
        return self._lines if gives_lines(sys.stdin) else None

    async def _lines(self) -> AsyncIterator[str]:
        begun = False
        async for line in typed_lines(by_key=self._by_key):
            if line == QUIT:
                self.left.set()
                continue
            if begun and line.startswith("/") and line not in (TYPING, DONE):
                self._emit(Notice(f"{self._typed}{line}", asyncio.get_running_loop().time(), "keyboard"))
            begun = line.startswith(f"{TYPING} ")
            if self.hushed():
                yield STOP
            yield line


class Prompts:
    """Says what somebody who cannot see it needs to know while typing, and lets nobody talk meanwhile."""

    def __init__(self, options: KeysOptions, conversation: Conversation, language: Language) -> None:
        self._conversation, self._language = conversation, language
        self._help = named(options.of("keys")[:1], language)
        self._typing: asyncio.TimerHandle | None = None
        """Counts the seconds while something is being typed."""
        conversation.agenda.when_settled(self._settled)

    def before(self, obey: Obey) -> Obey:
        """`obey`, given all lines but those that only tell what the keyboard does."""
        return lambda line: self._prompted(line) or obey(line)

    def _prompted(self, line: str) -> bool:
        word, _, name = line.partition(" ")
        if word == TYPING and name:
            self._begin(name)
        elif word in (TYPING, DONE):
            self._end()
            if word == TYPING:
                self._say("已取消。" if self._language == "zh" else "Given up.")
        elif word == NO_KEY:
            self._say(self._unknown())
        elif not line.startswith("/"):
            self._forget()  # what was held ends by the question itself, and must not begin before that
        return word in (TYPING, DONE, NO_KEY)

    def _begin(self, name: str) -> None:
        """Silence tells by itself that typing has begun; where it is silent already, words do."""
        prompt = ACTIONS[name].prompt[self._language] if name in ACTIONS else ""
        self._forget()
        self._typing = asyncio.get_running_loop().call_later(LONGEST_TYPING, self._end)
        if not prompt or self._conversation.busy or not self._say(prompt):
            self._conversation.typing(True)

    def _settled(self, remark: Remark, heard: str) -> None:
        """From the end of the prompt on nothing else is begun."""
        if remark.key == KEY and self._typing is not None:
            self._conversation.typing(True)

    def _end(self) -> None:
        self._forget()
        self._conversation.typing(False)

    def _forget(self) -> None:
        if self._typing is not None:
            self._typing.cancel()
            self._typing = None

    def _unknown(self) -> str:
        if self._language == "zh":
            return "这个键没有功能。" + f"按{self._help}听按键说明。" * bool(self._help)
        return "This key does nothing." + f" {self._help.capitalize()} tells the keys." * bool(self._help)

    def _say(self, text: str) -> bool:
        """It lasts beyond the silence that was made for it, and is not what somebody wants to hear again."""
        now = asyncio.get_running_loop().time()
        remark = Remark(text, Priority.ANSWER, now, key=KEY, asked=True, lasting=True, source=ABOUT_ITSELF)
        return self._conversation.agenda.offer(remark)
