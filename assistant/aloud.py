"""A narrating session as whole lines that hold only what is said, asked and wrong: a screen reader reads all of it."""

from __future__ import annotations

from assistant.plain import Plain
from pipelines.types import Event, Notice, Recovered, Reply, Transcript, Trouble
from pipelines.wording import one_line

NOTED = ("", "keyboard", "mqtt", "recording")
"""Parts whose notices concern a person now; those of the models tell at the start what they cannot do."""


class Aloud(Plain):
    """No times, no captions that were not worth saying, no counters; `--json` and `--events` have all that."""

    def line(self, event: Event) -> str:
        """The event as one line, or an empty string."""
        match event:
            case Reply():
                text = event.text
            case Transcript():
                text = event.text and f"{'heard' if event.source == 'voice' else 'asked'}: {event.text}"
            case Trouble():
                text = f"trouble: {event.part}: {event.why}"
            case Recovered():
                text = f"{event.part} works again"
            case Notice(part=part) if part in NOTED:
                text = event.text
            case _:
                text = ""
        return one_line(text)

    def _last_line(self) -> str:
        return ""
