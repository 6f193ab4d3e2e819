"""How the assistant talks: its language, its own words, what it says unasked, and when it listens."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from pydantic import Field

from devices.media import Options
from pipelines.floor import FloorOptions
from pipelines.phrases import PHRASES, Language, Phrases


class ConversationOptions(Options):
    language: Literal["auto", "en", "zh"] = "auto"
    """What the assistant speaks by itself; `auto`: what it was spoken to in, English at first."""
    system: str | None = None
    """The instructions that stand in front of every prompt; without them, the assistant's own in `language`."""
    history: int = Field(default=6, ge=0, le=100)
    """How many past exchanges a prompt holds at least; at twice as many the older half is forgotten."""
    unclear: str | None = None
    """Said when speech was heard but not understood, instead of the assistant's own words; empty: nothing is said."""
    failed: str | None = None
    """Said when the chat failed before its first sentence, instead of its own words; empty: nothing is said."""
    duplex: Literal["auto", "half", "full", "cancel"] = "auto"
    """Whether the microphone hears while the assistant speaks, so that one can interrupt by voice. `half`: it does not,
    because it would hear the assistant; `full`: it hears all, for headphones; `cancel`: it hears all but the assistant
    (the extra `aec`). `auto`: where both microphone and speaker are real devices, `cancel` if it is installed and
    `half` if not; otherwise `full`."""
    floor: FloorOptions = Field(default_factory=FloorOptions)

    def own(self, language: Language) -> Phrases:
        """The assistant's own words in a language. Those of the configuration go before them."""
        told = self.model_dump(include={"system", "unclear", "failed"}, exclude_none=True)
        return replace(PHRASES[language], **told)
