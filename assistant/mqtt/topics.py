"""The names of all topics of one node."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pipelines.wording import printable

STATES = ("bridge", "status", "answer", "outcome", "transcript", "reply")
"""Levels below the node that are neither a camera nor the name of an order."""


@dataclass(frozen=True, slots=True)
class Topics:
    """`<base>/<node>/…`; what belongs to one camera stands below its name."""

    base: str
    node: str

    @property
    def root(self) -> str:
        return f"{self.base}/{self.node}"

    @property
    def status(self) -> str:
        """Retained `online` or `offline`; the latter is the will."""
        return f"{self.root}/status"

    @property
    def health(self) -> str:
        return f"{self.root}/bridge/health"

    @property
    def outcome(self) -> str:
        """What became of an order that named a transaction; never retained, so that a state is never a message."""
        return f"{self.root}/outcome"

    def state(self, name: str) -> str:
        """What is so at present, retained: of a switch, a dial, the last answer, …"""
        return f"{self.root}/{name}"

    def order(self, name: str) -> str:
        """Where a switch or a dial is set, or something is asked."""
        return f"{self.root}/{name}/set"

    @property
    def orders(self) -> str:
        """The filter for all of these."""
        return f"{self.root}/+/set"

    def camera(self, camera: str, name: str) -> str:
        """`status`, `caption`, `keyframe`, `motion`, `people` (all retained) or `event` (never) of a camera."""
        return f"{self.root}/{camera}/{name}"


def unfit(camera: str) -> str:
    """Why a camera's name can be no level of a topic; empty where it can."""
    from assistant.mqtt.forms import FORMS  # a configuration without [mqtt] has no use for them

    if re.search(r"[+#/]", camera) or camera.startswith("$") or len(camera.encode(errors="replace")) > 64:
        return "a name of at most 64 bytes without + # /, that does not begin with $"
    if not camera.strip() or camera != camera.strip() or camera != printable(camera):
        return "a name of letters that can be printed, that neither begins nor ends with a space"
    if camera in STATES or camera in FORMS:
        return f"another name than {camera}, which is a topic of its own"
    return ""
