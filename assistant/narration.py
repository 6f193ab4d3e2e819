"""The parts of a session that tell unasked what the cameras see: narrators, what looks for them, watchers, sounds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from assistant import wishing
from assistant.kit import Kit
from pipelines.agenda import Agenda
from pipelines.backends import Looker, Reader, Spotter
from pipelines.live import Beside
from pipelines.narration.answers import Boxes
from pipelines.narration.guiding import Guiding
from pipelines.narration.narrator import Narrator
from pipelines.sight import Sight
from pipelines.sounding import Sounding
from pipelines.spots import PERSON, Spots
from pipelines.spotting import Spotting
from pipelines.switches import Switches
from pipelines.trouble import Patience
from pipelines.watch_for import WatchFor
from pipelines.watchers import Watcher


@dataclass(frozen=True, slots=True)
class Narration:
    """Of all cameras."""

    cameras: tuple[tuple[Watcher, ...], ...]
    """For each camera, who is told what it shows."""
    spotting: tuple[tuple[Spotting, ...], ...]
    """For each camera, what looks at its frames at once."""
    boxes: Boxes | None = None
    """What is known of where things are, for questions; None where nothing is narrated, as of the next two."""
    watching: WatchFor | None = None
    """What somebody wants to be told of."""
    guiding: Guiding | None = None
    """What guides somebody who aims the first camera at a text."""

    @property
    def beside(self) -> tuple[Beside, ...]:
        """What of it runs beside, until the end."""
        return (self.watching.run,) if self.watching is not None else ()


def build(kit: Kit, sight: Sight | None, agenda: Agenda, sounding: Sounding, switches: Switches) -> Narration:
    """What [narration], [spotter], [reader] and [earcons] want; without [narration] nobody looks that quickly."""
    sounds = [one for camera in kit.cameras if (one := sounding.watcher(camera)) is not None]
    if kit.config.narration is None:
        return Narration(_by_camera(kit, sounds), tuple(() for _ in kit.cameras))
    narrators = _narrators(kit, agenda)
    _tell_of_nothing(kit, sight, narrators)
    guiding = _guiding(kit, agenda, sounding, switches)
    asks = wishing.yes_or_no(sight, switches.emit)
    watching = wishing.watch_for(kit.config, kit.models, narrators, sounding.at_hits(agenda.offer), asks)
    return Narration(
        cameras=_by_camera(kit, narrators, sounds, [watching for _ in kit.cameras] if watching is not None else []),
        spotting=tuple(_spotting(kit, one, guiding, switches) for one in narrators),
        boxes=_boxes(kit, narrators),
        watching=watching,
        guiding=guiding,
    )


def _by_camera(kit: Kit, *watchers: Sequence[Watcher]) -> tuple[tuple[Watcher, ...], ...]:
    """Of several kinds, of each one for every camera or none at all."""
    there = [kind for kind in watchers if kind]
    return tuple(tuple(kind[number] for kind in there) for number in range(len(kit.cameras)))


def _narrators(kit: Kit, agenda: Agenda) -> list[Narrator]:
    options, several = kit.config.narration, len(kit.cameras) > 1
    if options is None:
        return []
    narrators = [Narrator(name, options, agenda, kit.language, several) for name in kit.cameras]
    for name, narrator in zip(kit.cameras, narrators, strict=True):
        agenda.when_settled(narrator.settled)
        narrator.judge_light_by(kit.parts.lightness(name))
    return narrators


def _tell_of_nothing(kit: Kit, sight: Sight | None, narrators: list[Narrator]) -> None:
    """Where no captioner describes each scene in its own words."""
    spotter, text = kit.models.get(Spotter), kit.models.get(Reader) is not None
    if spotter is None or (sight is not None and isinstance(sight.captioner, Looker)):
        return
    for narrator in narrators:
        narrator.tell_of_nothing(set(spotter.backend.labels) != {PERSON}, text)


def _guiding(kit: Kit, agenda: Agenda, sounding: Sounding, switches: Switches) -> Guiding | None:
    """Of the camera that somebody holds, which is the first."""
    if not kit.cameras:
        return None
    guiding = Guiding(kit.cameras[0], agenda.offer)
    guiding.attach(sounding.aim)
    agenda.when_settled(guiding.settled)
    switches.when_covered(guiding.end)
    return guiding


def _boxes(kit: Kit, narrators: list[Narrator]) -> Boxes | None:
    options = kit.config.narration
    if options is None:
        return None
    return Boxes(lambda: [narrator.situation for narrator in narrators], options.positions, options.doubt)


def _spotting(kit: Kit, narrator: Narrator, guiding: Guiding | None, switches: Switches) -> tuple[Spotting, ...]:
    """What looks for people and things, and for text, before one camera."""
    guide = guiding if guiding is not None and guiding.camera == narrator.situation.camera else None
    told, options, found = _told(narrator, guide), kit.config.spotting, []
    if (spotter := kit.models.get(Spotter)) is not None:
        patience = Patience("spotter", switches.emit)
        found.append(Spotting("objects", spotter.backend.spot, spotter.worker, patience, told, options))
    if (reader := kit.models.get(Reader)) is not None:
        patience = Patience("reader", switches.emit)
        found.append(Spotting("text", reader.backend.read, reader.worker, patience, told, options))
        if guide is not None:
            guide.reads(found[-1])
    return tuple(found)


def _told(narrator: Narrator, guide: Guiding | None) -> Callable[[Spots], None]:
    """What tells the narrator, and while somebody is guided, of text the guide."""

    def told(spots: Spots) -> None:
        if guide is not None and guide.active and spots.sought == "text":
            guide.look(spots)
            narrator.guided(spots)
        else:
            narrator.spotted(spots)

    return told
