"""On the real clock: from the first picture of a change to the first word at the device, hazards, and the stop key.

The camera shows a scene at ten frames a second, the voice is the embedded one, a captioner runs beside, and the speaker
is one that plays nowhere at the pace of sound. Measured is what the session itself does, not a sound card's delay.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from assistant.app import Kit, assemble
from assistant.parts import Devices, Models, Outside
from devices.lines import Latest
from devices.media import Frame, Pixels, Samples
from devices.speaker import Nowhere
from pipelines.backends import Kind, Loaded, Voice
from pipelines.controls import Controls
from pipelines.live import Session, live
from pipelines.remarks import Priority, Remark
from pipelines.types import Event, Reply, Unsaid
from pipelines.worker import Worker
from tests.benchmarks._narration_claims import claims
from tests.benchmarks._narration_pictures import NOISES, Pasted, View, drawn, noisy
from tests.benchmarks._narration_runs import Backstage, Way, config_of
from tests.benchmarks._narration_tables import percentile
from tests.benchmarks._narration_truth import letters

ROUNDS, TEXTS = 16, 8
SHOWN, GONE = 4.0, 3.0
"""Seconds for which something is there, and nothing is."""
VISITS = {
    View((Pasted("person", 0.25, 220),)): "person",
    View((Pasted("cup", 0.8, 190),)): "cup",
    View((Pasted("cat", 0.5, 190),)): "cat",
    View((Pasted("person", 0.75, 220, True),)): "person",
}
"""What comes in turn: what comes and goes all the time is told less often, which is not to be measured here."""
SIGNS = {View(sign=text, sign_x=x): text for text, x in (("EXIT 12", 0.5), ("ROOM 4", 0.3), ("GATE 7", 0.7))}
EMPTY = View()
RATE = 10
"""Pictures a second."""


class Heard(Nowhere):
    """A speaker that notes when each sound began and ended."""

    def __init__(self) -> None:
        super().__init__()
        self.sounds: list[tuple[float, float]] = []

    async def play(self, samples: Samples, rate: int) -> None:
        now = asyncio.get_running_loop().time
        began = now()
        try:
            await super().play(samples, rate)
        finally:
            self.sounds.append((self.began_at or began, now()))


@dataclass
class Doorway:
    """A camera before which things come and go, never in step with the looks at a still picture."""

    visits: dict[View, str]
    """What it is called that can be seen in each; they come in turn."""
    pictures: dict[View, list[Pixels]]
    """Some of each of them, and of nothing."""
    rounds: int
    name: str = "film"
    live: bool = False
    endless: bool = False
    changes: list[tuple[float, str, bool]] = field(default_factory=list)
    """When the first picture was taken with something (True) or without it again, in seconds on the loop's clock."""

    def probe(self) -> None:
        """It is always there."""

    async def run(self, frames: Latest[Frame]) -> None:
        loop, before = asyncio.get_running_loop(), EMPTY
        began = loop.time()
        for number in range(round(self.rounds * (SHOWN + GONE) * RATE)):
            await asyncio.sleep(max(0.0, began + number / RATE - loop.time()))
            taken, there = loop.time(), self.shows(number)
            for visit, came in ((before, False), (there, True)):
                if visit in self.visits and there != before:
                    self.changes.append((taken, self.visits[visit], came))
            before = there
            frames.put(Frame(self.pictures[there][number % NOISES], taken, self.name))

    def shows(self, number: int) -> View:
        """What is to be seen in the picture of that number."""
        turn, within = divmod(number, round((SHOWN + GONE) * RATE))
        here = 0 <= within - round(GONE * RATE) + 7 * turn % 10 < round(SHOWN * RATE)
        return list(self.visits)[turn % len(self.visits)] if here else EMPTY


def doorway(rounds: int = ROUNDS, visits: dict[View, str] = VISITS) -> Doorway:
    """One thing after the other, with a sensor's noise."""
    pictures = {view: [noisy(drawn(view), number) for number in range(NOISES)] for view in (EMPTY, *visits)}
    return Doorway(visits, pictures, rounds)


@dataclass
class Stand:
    """A session on the real clock."""

    camera: Doorway
    speaker: Heard
    session: Session
    controls: Controls
    events: list[Event]
    models: Models

    async def run(self) -> None:
        """To its end, or until cancelled; no thread of a model is left."""
        try:
            await live(self.session, self.events.append)
        finally:
            self.models.close()


def stand(way: Way, voice: Voice, camera: Doorway) -> Stand:
    """Put together, and not running yet. Inside a running loop."""
    speaker, events, controls = Heard(), list[Event](), list[Controls]()
    models = Models()
    known: dict[Kind, object] = {"voice": voice}
    chosen: tuple[tuple[Kind, object], ...] = (
        ("spotter", way.spotter),
        ("reader", way.reader),
        ("captioner", way.captioner),
    )
    known |= {kind: model for kind, model in chosen if model is not None}
    for kind, model in known.items():
        models.loaded[kind], models.workers[kind] = Loaded(model, "real"), Worker(kind)
    outside = Outside(attach=controls.append)
    kit = Kit(config_of(way), Devices([camera], None, speaker, []), models, Backstage(None), outside)
    session = assemble(kit, events.append)
    return Stand(camera, speaker, session, controls[0], events, models)


async def first_words(way: Way, voice: Voice, rounds: int = ROUNDS) -> dict[str, Any]:
    """From each coming and going to the first sound of the words that tell of it."""
    play = stand(way, voice, doorway(rounds))
    await play.run()
    late = {True: list[float](), False: list[float]()}
    for at, thing, came in play.camera.changes:
        told = (
            one for one in _replies(play) if at - 0.001 <= one.asked_at < at + GONE and _tells(one.text, thing, came)
        )
        if (first := next(told, None)) is not None:
            late[came].append(first.answered_at - at)
    return {
        "changes": len(play.camera.changes),
        "told": len(late[True]) + len(late[False]),
        "coming_s": _spread(late[True]),
        "leaving_s": _spread(late[False]),
        "both_s": _spread(late[True] + late[False]),
        "not_said": dict(Counter(event.why for event in play.events if isinstance(event, Unsaid))),
    }


async def texts(way: Way, voice: Voice, rounds: int = TEXTS) -> dict[str, Any]:
    """From the appearing of each sign to the first sound of its letters."""
    play = stand(way, voice, doorway(rounds, SIGNS))
    await play.run()
    late, came = list[float](), [(at, text) for at, text, came in play.camera.changes if came]
    for at, text in came:
        told = (one for one in _replies(play) if at - 0.001 <= one.asked_at < at + SHOWN and _reads(one.text, text))
        late += [one.answered_at - at for one in told][:1]
    return {"signs": len(came), "told": len(late), "seconds": _spread(late)}


def _reads(said: str, text: str) -> bool:
    return any(letters(text) == letters(one.text) and one.sense != "gone" for one in claims(said))


def _replies(play: Stand) -> list[Reply]:
    return [event for event in play.events if isinstance(event, Reply)]


def _tells(text: str, thing: str, came: bool) -> bool:
    """Whether it tells that this is there, or is not any more."""
    about = [one for one in claims(text) if one.subject == thing]
    return any((one.sense in ("gone", "absent", "away")) is not came for one in about)


def _spread(seconds: Sequence[float]) -> dict[str, float]:
    return {"median": percentile(seconds, 0.5), "p95": percentile(seconds, 0.95), "max": percentile(seconds, 1.0)}


async def hazards(way: Way, voice: Voice, many: int = 12) -> list[float]:
    """Seconds from a hazard's being offered to its first sound, while something long is being said."""
    play = stand(way, voice, doorway(1000))
    running = asyncio.create_task(play.run())
    loop, delays = asyncio.get_running_loop(), []
    await asyncio.sleep(1.0)
    for number in range(many):
        play.controls.conversation.say(
            "This is a long answer that goes on for quite a while, word after word.", asked=True
        )
        await asyncio.sleep(0.6 + 0.05 * (number % 7))
        offered = loop.time()
        play.session.conversation.agenda.offer(
            Remark("Watch out, a car ahead.", Priority.HAZARD, offered, source="test")
        )
        await asyncio.sleep(1.5)
        delays.append(min(began for began in _begun(play.speaker) if began >= offered) - offered)
        await play.controls.conversation.stop()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    return delays


async def stops(way: Way, voice: Voice, many: int = 12) -> list[float]:
    """Seconds from the stop key to silence."""
    play = stand(way, voice, doorway(1000))
    running = asyncio.create_task(play.run())
    loop, delays = asyncio.get_running_loop(), []
    await asyncio.sleep(1.0)
    for number in range(many):
        play.controls.conversation.say(
            "This is a long answer that goes on for quite a while, word after word.", asked=True
        )
        await asyncio.sleep(0.5 + 0.05 * (number % 7))
        began, before = loop.time(), len(play.speaker.sounds)
        await play.controls.conversation.stop()
        ended = [end for _, end in play.speaker.sounds[before:]]
        delays.append(max(0.0, max(ended, default=loop.time()) - began))
        await asyncio.sleep(0.3)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    return delays


def _begun(speaker: Heard) -> list[float]:
    """When sounds began, that which is being played among them."""
    playing = [speaker.began_at] if speaker.began_at is not None else []
    return [*(began for began, _ in speaker.sounds), *playing]
