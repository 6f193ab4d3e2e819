"""What a page would say through a screen reader, as ARIA live regions; for the page's server, which sends them on.

Pure: events go in, regions come out. `alert` interrupts a screen reader, `status` waits for its pause, and `log` is the
conversation, which can be read again. What is out of date when it could be sent is left out.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, replace
from math import inf
from typing import Literal

from assistant.aloud import named
from pipelines.narration.announcing import MUTE, PARTS, captured
from pipelines.phrases import Language
from pipelines.remarks import Priority, Remark
from pipelines.types import Attention, CameraEvent, Caption, Event, Notice, Recovered, Reply, Transcript, Trouble
from pipelines.wording import one_line

Role = Literal["alert", "status", "log"]

ALERT = 10.0
"""Seconds for which a hazard, or a camera's trouble, is news."""
STATUS = 6.0
"""The same of what is seen."""
STATE = 30.0
"""The same of what is switched, or does not work."""
MOST = 200
"""Regions that wait for a page that does not fetch them."""
ALERTS = 32
"""Alerts of which it is known that they were told, so that they are not told again when they were said."""
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

    def __init__(self, narrates: bool = False, language: Language = "en") -> None:
        """`narrates`: what is seen, what is captured and what does not work comes as words that are said."""
        self._narrates, self._language = narrates, language
        self._waiting: OrderedDict[tuple[Role, str], Region] = OrderedDict()
        """The oldest first; those that have a subject by that, others by their number."""
        self._number = 0
        self._alerted: deque[str] = deque(maxlen=ALERTS)
        """What was told before it was said."""
        self._sent: dict[Role, str] = {}
        """From role to the text that was sent last: the same text again would be no news."""

    def take(self, event: Event) -> None:
        """Let the event wait, where it is for people."""
        if self._narrates and is_said(event):
            return
        if isinstance(event, Reply) and not event.asked and any(text.startswith(event.text) for text in self._alerted):
            return
        if (region := region_of(event, self._language)) is not None:
            self._put(region)

    def offer(self, remark: Remark) -> None:
        """Something is about to be said: what cannot wait for the end of the words is told at once."""
        trouble = bool(remark.camera) and remark.priority is Priority.ANSWER and not remark.asked
        if remark.priority is Priority.HAZARD or trouble:
            self._alerted.append(remark.text)
            self._put(Region("alert", one_line(remark.text), remark.at + ALERT))

    def send(self, now: float) -> list[Region]:
        """All that is still news, alerts first, and nothing twice in a row."""
        fresh = [one for one in self._waiting.values() if now <= one.expires_at]
        self._waiting.clear()
        found = []
        for region in sorted(fresh, key=lambda one: one.role != "alert"):
            if self._sent.get(region.role) != region.text:
                found.append(region)
            self._sent[region.role] = region.text
        return found

    def _put(self, region: Region) -> None:
        """In place of what is older about the same; a log loses nothing but the oldest of far too much."""
        self._number += 1
        about = region.about if region.about and region.role != "log" else f"#{self._number}"
        for role in ("alert", "status"):
            self._waiting.pop((role, about), None)
        self._waiting[region.role, about] = region
        while len(self._waiting) > MOST:
            self._waiting.popitem(last=False)


def region_of(event: Event, language: Language = "en") -> Region | None:
    """The live region that tells of an event; None for what is no news for people."""
    region = _region_of(event, language)
    return replace(region, text=one_line(region.text)) if region and region.text.strip() else None


def is_said(event: Event) -> bool:
    """Whether a session that narrates says the same."""
    match event:
        case Caption() | CameraEvent() | Attention():
            return True
        case Trouble() | Recovered():
            kind = event.part.split(" ")[0]
            return kind == "camera" or (kind in PARTS and kind not in MUTE)
        case Notice():
            return not event.part
        case _:
            return False


def _region_of(event: Event, language: Language) -> Region | None:
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
            return Region("alert", _trouble(event, language), event.at + ALERT, event.part)
        case _:
            return _state_of(event, language)


def _blind(event: CameraEvent) -> Region:
    """The camera shows nothing, or shows something again."""
    about = f"camera {event.camera}"
    if event.change == "end":
        return Region("status", f"{event.camera}: {event.caption or event.title}", event.captured_at + STATE, about)
    return Region("alert", f"{event.camera}: {event.title or event.caption}", event.captured_at + ALERT, about)


def _state_of(event: Event, language: Language) -> Region | None:
    """What is switched, works again, or does not."""
    match event:
        case Attention():
            return Region("status", captured(event, None, language), event.at + STATE, "attention")
        case Trouble():
            return Region("status", _trouble(event, language), event.at + STATE, event.part)
        case Recovered():
            well = f"{named(event.part)}恢复了。" if language == "zh" else f"{event.part} works again"
            return Region("status", well, event.at + STATE, event.part)
        case Notice():
            return Region("status", event.text, event.at + STATE, f"notice of {event.part}" if event.part else "")
        case _:
            return None


def _trouble(event: Trouble, language: Language) -> str:
    return f"{named(event.part)}出了问题：{event.why}" if language == "zh" else f"{event.part}: {event.why}"
