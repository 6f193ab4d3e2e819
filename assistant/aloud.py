"""A narrating session as whole lines that hold only what is said, asked and wrong: a screen reader reads all of it."""

from __future__ import annotations

from typing import TextIO

from assistant.plain import Plain
from pipelines.narration.announcing import PARTS
from pipelines.phrases import Language
from pipelines.types import Event, Notice, Recovered, Reply, Transcript, Trouble
from pipelines.wording import one_line

NOTED = ("", "keyboard", "mqtt", "recording")
"""Parts whose notices concern a person now; those of the models tell at the start what they cannot do."""


class Aloud(Plain):
    """No times, no captions that were not worth saying, no counters; `--json` and `--events` have all that."""

    def __init__(self, stream: TextIO, language: Language = "en") -> None:
        super().__init__(stream)
        self._chinese = language == "zh"

    def line(self, event: Event) -> str:
        """The event as one line, or an empty string."""
        match event:
            case Reply():
                text = event.text
            case Transcript():
                text = event.text and f"{self._lead(spoken=event.source == 'voice')}{event.text}"
            case Trouble():
                text = f"{named(event.part)}出了问题：{event.why}" if self._chinese else _trouble(event)
            case Recovered():
                text = f"{named(event.part)}恢复了" if self._chinese else f"{event.part} works again"
            case Notice(part=part) if part in NOTED:
                text = event.text
            case _:
                text = ""
        return one_line(text)

    def _lead(self, *, spoken: bool) -> str:
        if self._chinese:
            return "听到：" if spoken else "问："
        return "heard: " if spoken else "asked: "

    def _last_line(self) -> str:
        return ""


def named(part: str) -> str:
    """A part of a session, in Chinese."""
    kind, _, rest = part.partition(" ")
    return "摄像头" + rest if kind == "camera" else PARTS[kind][1] if kind in PARTS else part


def _trouble(event: Trouble) -> str:
    return f"trouble: {event.part}: {event.why}"
