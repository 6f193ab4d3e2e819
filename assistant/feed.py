"""News for everyone who wants it: each event goes to every subscriber, and none of them can hold up another."""

from __future__ import annotations

from devices.lines import Latest
from pipelines.types import Event, Trouble


class Feed:
    """Each subscriber has a line of its own; one that reads too slowly misses the oldest, which is counted there."""

    def __init__(self) -> None:
        self.troubles = 0
        self._lines: list[Latest[Event]] = []

    def subscribe(self, size: int = 256, name: str = "feed") -> Latest[Event]:
        """A line with all events from now on; it is closed when the feed ends. `name`: who reads it."""
        line = Latest[Event](size, name)
        self._lines.append(line)
        return line

    def emit(self, event: Event) -> None:
        """Put an event on every line, at once; what comes after the end is nobody's news."""
        self.troubles += isinstance(event, Trouble)
        for line in self._lines:
            if not line.closed:
                line.put(event)

    def counters(self) -> dict[str, int]:
        """How many events each subscriber missed that missed any."""
        return {f"events for the {line.name} dropped": line.dropped for line in self._lines if line.dropped}

    def close(self) -> None:
        """No more events; what is on the lines can still be read."""
        for line in self._lines:
            line.close()
