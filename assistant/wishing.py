"""The parts of a session that grant wishes, and that watch for what somebody wants to be told of."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

from assistant import keys
from assistant.config import Config
from assistant.kit import Kit
from assistant.parts import Models
from pipelines.backends import Looker, Reader, Spotter, Voice
from pipelines.dials import Dials
from pipelines.granting import Granting, Knows, Reach
from pipelines.narration.answers import Boxes
from pipelines.narration.guiding import Guiding
from pipelines.narration.narrator import Narrator
from pipelines.narration.situation import Situation
from pipelines.phrases import Language
from pipelines.remarks import Remark
from pipelines.sight import Sight
from pipelines.switches import Switches
from pipelines.thinking import Conversation
from pipelines.trouble import Patience
from pipelines.types import Emit
from pipelines.watch_for import Means, WatchFor
from pipelines.yes_or_no import YesOrNo


def watch_for(
    config: Config,
    models: Models,
    narrators: Sequence[Narrator],
    offer: Callable[[Remark], bool],
    asks: YesOrNo | None,
) -> WatchFor | None:
    """What is told of what cameras show; None where nothing is narrated."""
    if config.narration is None:
        return None
    spotter = models.get(Spotter)
    means = Means(
        labels=frozenset(spotter.backend.labels) if spotter is not None else frozenset(),
        reads=models.get(Reader) is not None,
        asks=asks.holds if asks is not None else None,
    )
    return WatchFor(means, offer, partial(_situations, narrators), config.narration)


def yes_or_no(sight: Sight | None, emit: Emit) -> YesOrNo | None:
    """A vision-language model that may be asked; None: there is none."""
    return YesOrNo(sight, Patience("look", emit)) if sight and isinstance(sight.captioner, Looker) else None


class Telling(Protocol):
    """The parts that tell unasked what cameras see."""

    @property
    def boxes(self) -> Boxes | None: ...
    @property
    def watching(self) -> WatchFor | None: ...
    @property
    def guiding(self) -> Guiding | None: ...


def granting(kit: Kit, telling: Telling, conversation: Conversation, dials: Dials, switches: Switches) -> Granting:
    """What wishes reach in this session."""
    voice, _ = kit.models.get(Voice) or (None, None)
    reach = Reach(
        conversation,
        dials,
        switches,
        voice,
        _knows(telling.boxes),
        telling.watching,
        partial(keys.spoken, kit.config.keys),
        telling.guiding.wished if telling.guiding is not None else None,
    )
    granted = Granting(reach)
    conversation.when_wished(granted.heard)
    if telling.guiding is not None:
        conversation.when_stopped(telling.guiding.end)
    return granted


def _knows(known: Boxes | None) -> Knows | None:
    """What boxes can tell for sure; else others are asked."""
    if known is None:
        return None

    def knows(question: str, language: Language) -> str | None:
        told = known.told(question, "", asyncio.get_running_loop().time(), language)
        return told.text if told is not None and told.found else None

    return knows


def _situations(narrators: Sequence[Narrator]) -> tuple[Situation, ...]:
    return tuple(narrator.situation for narrator in narrators)
