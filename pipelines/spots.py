"""Where things are in a picture: boxes with a name, as object detectors and readers of text find them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Sought = Literal["objects", "text"]
"""What one look was for: people and things by name, or text and codes."""
PERSON, TEXT, CODE = "person", "text", "code"
"""Names of spots that have a meaning here; all others are words for things, in English."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle, in shares of the picture's width and height from its top left corner, 0 to 1."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def x(self) -> float:
        """Its middle."""
        return (self.left + self.right) / 2

    @property
    def y(self) -> float:
        """Its middle."""
        return (self.top + self.bottom) / 2

    @property
    def area(self) -> float:
        """Share of the picture."""
        return max(0.0, self.right - self.left) * max(0.0, self.bottom - self.top)

    def overlap(self, other: Box) -> float:
        """Intersection over union, 0 to 1."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        if width <= 0 or height <= 0:
            return 0.0
        return width * height / (self.area + other.area - width * height)


@dataclass(frozen=True, slots=True)
class Spot:
    """One thing that was found."""

    label: str
    """`person`, `text`, `code`, or the name of a thing."""
    box: Box
    score: float
    """How sure the model is, 0 to 1."""
    text: str = ""
    """What is read, exactly; of texts and codes only."""


@dataclass(frozen=True, slots=True)
class Spots:
    """All that one look at one picture found."""

    camera: str
    captured_at: float
    """Seconds on the loop's clock."""
    sought: Sought
    found: tuple[Spot, ...]
    """Empty: it looked, and there is nothing of what it can find."""
    took: float = 0.0
    """Seconds from the picture's capture to this."""
