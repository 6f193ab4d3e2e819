"""The parts of a session that tell unasked what the cameras see: object detector, reader, and narrators."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.config import Config
from assistant.parts import Models
from pipelines.agenda import Agenda
from pipelines.backends import Reader, Spotter
from pipelines.narration.answers import Boxes
from pipelines.narration.guiding import Guiding
from pipelines.narration.narrator import Narrator
from pipelines.phrases import Language
from pipelines.sounding import Sounding
from pipelines.spots import Spots
from pipelines.spotting import Spotting
from pipelines.trouble import Patience
from pipelines.types import Emit
from pipelines.watch_for import WatchFor


@dataclass(frozen=True, slots=True)
class Narration:
    """Of all cameras."""

    narrators: tuple[Narrator, ...]
    """One for each camera; none where nobody wants them."""
    spotting: tuple[tuple[Spotting, ...], ...]
    """For each camera, what looks at its frames at once."""
    watching: WatchFor | None = None
    """What somebody wants to be told of; None where nothing is narrated."""
    guiding: Guiding | None = None
    """What guides somebody who aims the first camera at a text."""
    sounding: Sounding | None = None
    """What tells by a sound that a camera shows nothing."""


def narration(
    config: Config, models: Models, cameras: Sequence[str], agenda: Agenda, emit: Emit, language: Language
) -> Narration:
    """What [narration], [spotter] and [reader] want; without [narration] nobody looks that quickly."""
    options = config.narration
    if options is None:
        return Narration((), tuple(() for _ in cameras))
    several = len(cameras) > 1
    narrators = tuple(Narrator(name, options, agenda, language, several) for name in cameras)
    for narrator in narrators:
        agenda.when_settled(narrator.settled)
    guiding = Guiding(cameras[0], agenda.offer) if cameras else None
    if guiding is not None:
        agenda.when_settled(guiding.settled)
    guides = [guiding, *(None for _ in cameras[1:])]
    spotting = tuple(
        _spotting(config, models, (narrator, guide), emit) for narrator, guide in zip(narrators, guides, strict=False)
    )
    return Narration(narrators, spotting, guiding=guiding)


def boxes(config: Config, telling: Narration) -> Boxes | None:
    """What is known of where things are, for whoever answers questions."""
    options = config.narration
    if options is None:
        return None
    return Boxes(lambda: [narrator.situation for narrator in telling.narrators], options.positions, options.doubt)


def _spotting(
    config: Config, models: Models, tellers: tuple[Narrator, Guiding | None], emit: Emit
) -> tuple[Spotting, ...]:
    narrator, guide = tellers

    def told(spots: Spots) -> None:
        if guide is not None and guide.active and spots.sought == "text":
            guide.look(spots)
            narrator.guided(spots)
        else:
            narrator.spotted(spots)

    found = []
    if (spotter := models.get(Spotter)) is not None:
        patience = Patience("spotter", emit)
        found.append(Spotting("objects", spotter.backend.spot, spotter.worker, patience, told, config.spotting))
    if (reader := models.get(Reader)) is not None:
        patience = Patience("reader", emit)
        found.append(Spotting("text", reader.backend.read, reader.worker, patience, told, config.spotting))
        if guide is not None:
            guide.reads(found[-1])
    return tuple(found)
