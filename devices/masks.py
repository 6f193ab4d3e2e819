"""Parts of a camera's picture that nobody may see: blackened where it is captured, before it is anywhere else."""

from __future__ import annotations

from itertools import combinations
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, BeforeValidator, Field

from devices.media import Pixels

Point = tuple[float, float]
"""x from the left and y from the top, each 0 to 1 of the picture as it is shown."""
Polygon = tuple[Point, ...]

GRID = 64
"""So many points each way stand for the picture where it is asked what is left of it."""
FINE = 4
"""Bits of a pixel that corners are placed by."""
MARGIN = 3
"""Pixels across of the line along the edges: what a smaller picture mixed across an edge goes, too."""


def written(masks: Any) -> Any:
    """The same masks. Raises ValueError where they are no polygons of [x, y]."""
    polygons = masks if isinstance(masks, list | tuple) else [masks]
    for number, polygon in enumerate(polygons, 1):
        if not _is_polygon(polygon):
            raise ValueError(
                f"mask {number} is no polygon of points [x, y]: masks = [[[0, 0], [0.4, 0], [0.4, 0.3]], …]"
            )
    return masks


def checked(masks: tuple[Polygon, ...]) -> tuple[Polygon, ...]:
    """The same masks. Raises ValueError for one that would hide something else than meant, or all there is."""
    for number, polygon in enumerate(masks, 1):
        if len(polygon) < 3:
            raise ValueError(f"mask {number} has {len(polygon)} points: a polygon needs three or more")
        if _crosses_itself(polygon):
            raise ValueError(f"mask {number} crosses itself: name its points in the order of its outline, each once")
        if abs(_area(polygon)) < 1e-6:
            raise ValueError(f"mask {number} has no area: its points lie on one line")
    if masks and bool(np.all(hidden(masks))):
        raise ValueError("the masks hide the whole picture: leave the camera out instead")
    return masks


_Share = Annotated[float, Field(ge=0, le=1)]
Masks = Annotated[
    tuple[tuple[tuple[_Share, _Share], ...], ...],
    BeforeValidator(written),
    AfterValidator(checked),
]
"""Polygons, as an option."""


def hidden(masks: tuple[Polygon, ...], points: int = GRID) -> NDArray[np.bool_]:
    """points×points: which of so many points each way, spread over the picture, lie under a mask."""
    across, down = np.meshgrid(*[(np.arange(points) + 0.5) / points] * 2)
    covered = np.zeros((points, points), np.bool_)
    for polygon in masks:
        inside = np.zeros_like(covered)
        for (x, y), (to_x, to_y) in _edges(polygon):
            if y != to_y:
                beside = (to_x - x) * (down - y) / (to_y - y) + x
                inside ^= ((y > down) != (to_y > down)) & (across < beside)
        covered |= inside
    return covered


def burnt(pixels: Pixels, masks: tuple[Polygon, ...]) -> Pixels:
    """H×W×3 with all that lies under a mask black, and a pixel more; the very same array where it may be written to."""
    if not masks:
        return pixels
    import cv2

    if not pixels.flags.writeable:
        pixels = pixels.copy()
    size = np.array(pixels.shape[1::-1], np.float64)
    for polygon in masks:
        corners = np.rint((np.array(polygon) * size - 0.5) * (1 << FINE)).astype(np.int32)
        # One after another: drawn together, what lies under two of them would be left as it is.
        cv2.fillPoly(pixels, [corners], (0, 0, 0), shift=FINE)
        cv2.polylines(pixels, [corners], True, (0, 0, 0), MARGIN, shift=FINE)
    return pixels


def _is_polygon(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(
        isinstance(point, list | tuple) and len(point) == 2 and all(isinstance(one, int | float) for one in point)
        for point in value
    )


def _edges(polygon: Polygon) -> list[tuple[Point, Point]]:
    return list(zip(polygon, (*polygon[1:], polygon[0]), strict=True))


def _area(polygon: Polygon) -> float:
    return sum(x * to_y - to_x * y for (x, y), (to_x, to_y) in _edges(polygon)) / 2


def _crosses_itself(polygon: Polygon) -> bool:
    """Drawn, a polygon that does would leave the picture as it is where it lies over itself."""
    corners = [point for point, following in _edges(polygon) if point != following]
    return len(set(corners)) < len(corners) or any(
        _cross(*one, *other) for one, other in combinations(_edges(polygon), 2)
    )


def _cross(a: Point, b: Point, c: Point, d: Point) -> bool:
    """Whether the line from a to b and that from c to d pass through each other; to touch is not enough."""
    return _side(a, b, c) * _side(a, b, d) < 0 and _side(c, d, a) * _side(c, d, b) < 0


def _side(a: Point, b: Point, c: Point) -> float:
    return float(np.sign((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])))
