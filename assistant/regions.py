"""What a page would say through a screen reader, as ARIA live regions; for the page's server, which sends them on.

Pure: events go in, regions come out. `alert` interrupts a screen reader, `status` waits for its pause, and `log` is the
conversation, which can be read again. What is out of date when it could be sent is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import Literal

from pipelines.types import Attention, CameraEvent, Caption, Event, Notice, Recovered, Reply, Transcript, Trouble
from pipelines.wording import one_line

Role = Literal["alert", "status", "log"]

ALERT = 10.0
"""Seconds for which a hazard, or a camera's trouble, is news."""
STATUS = 6.0
"""The same of what is seen."""
STATE = 30.0
"""The same of what is switched, or does not work."""
BLIND = ("camera_lost", "camera_covered", "camera_dark", "camera_frozen")


@dataclass(frozen=True, slots=True)
class Region:
    """One change of one live region."""

    role: Role
    text: str
    expires_at: float
    """Seconds on the loop's clock after which it is not sent any more."""
    about: str = ""
    """Its subject: a newer region about the same takes the place of an older one; empty: it has none."""


class Regions:
    """What is waiting to be sent to one screen reader."""

    def __init__(self, narrates: bool = False) -> None:
        """`narrates`: what is worth saying of what is seen comes as replies, so that captions would say it twice."""
        self._narrates = narrates
        self._waiting: list[Region] = []
        self._sent: dict[Role, str] = {}
        """From role to the text that was sent last: the same text again would be no news."""

    def take(self, event: Event) -> None:
        """Let the event wait, where it is for people."""
        if self._narrates and isinstance(event, Caption):
            return
        if (region := region_of(event)) is not None:
            self._waiting = superseded([*self._waiting, region])

    def send(self, now: float) -> list[Region]:
        """All that is still news, alerts first, and nothing twice in a row."""
        fresh, self._waiting = fresh_of(self._waiting, now), []
        found = []
        for region in sorted(fresh, key=lambda one: one.role != "alert"):
            if self._sent.get(region.role) != region.text:
                found.append(region)
            self._sent[region.role] = region.text
        return found


def region_of(event: Event) -> Region | None:
    """The live region that tells of an event; None for what is no news for people."""
    region = _region_of(event)
    return replace(region, text=one_line(region.text)) if region and region.text.strip() else None


def superseded(regions: Sequence[Region]) -> list[Region]:
    """Without those about which there is something newer, in the order of the newest words; a log loses nothing."""
    newest = {one.about: number for number, one in enumerate(regions)}
    return [
        one for number, one in enumerate(regions) if one.role == "log" or not one.about or newest[one.about] == number
    ]


def fresh_of(regions: Sequence[Region], now: float) -> list[Region]:
    """Without those that are out of date."""
    return [one for one in regions if now <= one.expires_at]


def _region_of(event: Event) -> Region | None:
    match event:
        case Reply(priority="hazard"):
            return Region("alert", event.text, event.answered_at + ALERT)
        case Reply(priority="answer"):
            return Region("log", event.text, inf)
        case Reply():
            return Region("status", event.text, event.answered_at + STATUS, "narration")
        case Caption():
            return Region("status", event.text, event.captured_at + STATUS, f"caption of {event.camera}")
        case Transcript():
            return Region("log", event.text, inf)
        case CameraEvent() if event.kind in BLIND:
            return _blind(event)
        case Trouble() if event.part.split(" ")[0] == "camera":
            return Region("alert", f"{event.part}: {event.why}", event.at + ALERT, event.part)
        case _:
            return _state_of(event)


def _blind(event: CameraEvent) -> Region:
    """The camera shows nothing, or shows something again."""
    about = f"camera {event.camera}"
    if event.change == "end":
        return Region("status", f"{event.camera}: {event.caption or event.title}", event.captured_at + STATE, about)
    return Region("alert", f"{event.camera}: {event.title or event.caption}", event.captured_at + ALERT, about)


def _state_of(event: Event) -> Region | None:
    """What is switched, works again, or does not."""
    match event:
        case Attention():
            return Region("status", _attends(event), event.at + STATE, "attention")
        case Trouble():
            return Region("status", f"{event.part}: {event.why}", event.at + STATE, event.part)
        case Recovered():
            return Region("status", f"{event.part} works again", event.at + STATE, event.part)
        case Notice():
            return Region("status", event.text, event.at + STATE, f"notice of {event.part}" if event.part else "")
        case _:
            return None


def _attends(state: Attention) -> str:
    devices = {"camera": state.camera, "microphone": state.microphone and state.mode != "text"}
    return ", ".join(f"{name} {'on' if on else 'off'}" for name, on in devices.items() if on is not None)
