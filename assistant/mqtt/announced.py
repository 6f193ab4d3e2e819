"""Where a configuration was announced last: whoever renames its node finds no second device in Home Assistant."""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from pathlib import Path

from assistant.mqtt import outbox
from assistant.mqtt.options import MqttOptions


class Announced:
    """A small file beside the outbox, one for each configuration: two of them may be two devices.

    What cannot be read or written is forgotten; all that comes of it is a device to be removed by hand.
    """

    def __init__(self, options: MqttOptions, configuration: Path) -> None:
        digest = hashlib.sha256(os.path.realpath(configuration).encode(errors="surrogateescape")).hexdigest()[:8]
        self._path = outbox.place(options).with_name(f"announced-{digest}.json")
        self._broker = options.place

    def before(self, topic: str) -> str:
        """The topic where it was announced at this broker, if that is another one; else empty."""
        kept = self._kept()
        known = kept["topic"] if kept is not None and kept["broker"] == self._broker else ""
        return known if known != topic else ""

    def keep(self, topic: str) -> None:
        """It is announced there now; empty: nowhere."""
        now = {"broker": self._broker, "topic": topic}
        if now == self._kept():
            return
        with suppress(OSError):
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            beside = self._path.with_suffix(".new")
            beside.write_text(json.dumps(now), encoding="utf-8")
            beside.replace(self._path)

    def _kept(self) -> dict[str, str] | None:
        try:
            kept = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return None
        whole = isinstance(kept, dict) and all(isinstance(kept.get(name), str) for name in ("broker", "topic"))
        return kept if whole else None
