"""How many people are surely in the picture, and where: two small neural detectors, or OpenCV's own without them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np

from devices.media import Pixels
from pipelines.backends import BackendError
from pipelines.captioners.ssd import Detection, Layout, SingleShot, suppress
from pipelines.types import Place
from pipelines.weights import find

WEIGHTS = "people"
FACES = "face_detection_full_range_sparse.tflite", Layout(192, (4,))
BODIES = "pose_detection.tflite", Layout(224, (8, 8, 16, 16, *[32] * 6))

SURE = 0.9
"""A face or a body that needs nothing to bear it out."""
LIKELY = 0.6
"""A face or a body that counts where the other one may be as well."""
BODY = 0.4
"""A body that bears out a likely face."""
FACE_HINT = 0.3
"""A face that bears out a likely body, when it is near: by itself a bottle or a hand looks like a body."""
DOUBTFUL = 0.5
"""A body that may be a person."""
UNPROVED = 0.6
"""What the score of a body counts that nothing bears out."""
UPRIGHT = 0.7
"""How sure OpenCV's own detectors may be called."""
SLIM = 0.4
"""How wide somebody is who stands upright, as a share of the height."""
FACES_TALL = 7.0
"""How tall somebody is, in faces."""
SEARCHED = 640
"""Pixels of the longer side in which the cascades look for people."""


@dataclass(frozen=True, slots=True)
class People:
    """Who was found."""

    places: tuple[Place, ...] = ()
    """Where each of them is, from left to right as seen."""
    maybe: bool = False
    """Something that may be a person, where nobody was found."""


class Finder(Protocol):
    """Something that finds people."""

    def find(self, pixels: Pixels) -> People:
        """Look at an H×W×3 RGB picture."""

    def boxes(self, pixels: Pixels) -> Sequence[Detection]:
        """Everyone once, from head to foot as far as that is in the picture; where nobody surely is, who may be.

        Who only may be there has a score below that of everyone who is.
        """
        ...


class NeuralFinder:
    """Faces and bodies, each bearing out the other."""

    def __init__(self, folder: Path) -> None:
        self._faces = SingleShot(folder / FACES[0], FACES[1])
        self._bodies = SingleShot(folder / BODIES[0], BODIES[1])

    def find(self, pixels: Pixels) -> People:
        everyone, maybe = judge(*self._detected(pixels))
        return People(places(everyone), maybe=bool(maybe))

    def boxes(self, pixels: Pixels) -> Sequence[Detection]:
        faces, bodies = self._detected(pixels)
        heads, trunks, maybe = parts(faces, bodies)
        aspect = pixels.shape[1] / pixels.shape[0]
        if not (heads or trunks):
            return [replace(figure(body, aspect), score=body.score * UNPROVED) for body in maybe]
        return together(heads, [figure(body, aspect) for body in trunks], aspect)

    def _detected(self, pixels: Pixels) -> tuple[Sequence[Detection], Sequence[Detection]]:
        """Faces, and bodies: of those, a box has nearly the same size whatever the body, so that the same body twice
        overlaps little."""
        return self._faces.detect(pixels, FACE_HINT), self._bodies.detect(pixels, BODY, overlap=0.1)


class CascadeFinder:
    """Faces and upright bodies by OpenCV's own cascades and gradients: finds about half as many people."""

    def __init__(self) -> None:
        import cv2

        cascades = Path(cv2.__file__).parent / "data"
        self._faces = cv2.CascadeClassifier(str(cascades / "haarcascade_frontalface_alt2.xml"))
        self._bodies = cv2.HOGDescriptor()
        self._bodies.setSVMDetector(np.asarray(cv2.HOGDescriptor.getDefaultPeopleDetector()))

    def find(self, pixels: Pixels) -> People:
        return People(places(max(self._found(pixels), key=len)))

    def boxes(self, pixels: Pixels) -> Sequence[Detection]:
        heads, trunks = self._found(pixels)
        return together(heads, trunks, pixels.shape[1] / pixels.shape[0])

    def _found(self, pixels: Pixels) -> tuple[Sequence[Detection], Sequence[Detection]]:
        """Faces, and upright bodies. Neither gives a probability: so sure they may be called."""
        import cv2

        scale = min(1.0, SEARCHED / max(pixels.shape[:2]))
        grey = cv2.cvtColor(cv2.resize(pixels, None, fx=scale, fy=scale), cv2.COLOR_RGB2GRAY)
        if grey.shape[0] < 128 or grey.shape[1] < 64:  # smaller than the body detector's window
            return [], []
        seen = self._faces.detectMultiScale(grey, 1.1, 6, minSize=(32, 32))
        faces = [_box(face, grey.shape, UPRIGHT) for face in seen]
        found, weights = self._bodies.detectMultiScale(grey, winStride=(8, 8), scale=1.1)
        bodies = [_box(body, grey.shape, float(weight)) for body, weight in zip(found, weights, strict=True)]
        sure = suppress([body for body in bodies if body.score >= 1.2], 0.3)
        return faces, [replace(body, score=UPRIGHT) for body in sure]


def finder() -> Finder:
    """The neural finder where its weights have been pulled, else the cascades."""
    try:
        folder = find(WEIGHTS)
    except BackendError:
        return CascadeFinder()
    return NeuralFinder(folder)


def judge(faces: Sequence[Detection], bodies: Sequence[Detection]) -> tuple[Sequence[Detection], Sequence[Detection]]:
    """Who is surely there, by faces or by bodies, whichever are more; then those who may be, where nobody surely is."""
    heads, trunks, maybe = parts(faces, bodies)
    return max(heads, trunks, key=len), maybe


def parts(
    faces: Sequence[Detection], bodies: Sequence[Detection]
) -> tuple[Sequence[Detection], Sequence[Detection], Sequence[Detection]]:
    """Faces, and bodies, of who is surely there: the sure, and the likely where faces and bodies bear each other out.

    Then bodies of those who may be, where nobody surely is.
    """
    borne_out = any(body.score >= BODY for body in bodies)
    heads = [face for face in faces if face.score >= (LIKELY if borne_out else SURE)]
    trunks = [body for body in bodies if body.score >= (LIKELY if _has_face(body, faces) else SURE)]
    return heads, trunks, [] if heads or trunks else [body for body in bodies if body.score >= DOUBTFUL]


def together(heads: Sequence[Detection], figures: Sequence[Detection], aspect: float) -> Sequence[Detection]:
    """Everyone once, the surest first: whoever was found by face and body counts by the body, as surely as by either.

    `aspect`: the picture's width through its height.
    """
    alone, everyone = [*heads], []
    for body in sorted(figures, key=lambda one: -one.score):
        own = min((head for head in alone if _belongs(head, body)), key=lambda one: abs(one.x - body.x), default=None)
        if own is not None:
            alone.remove(own)
        everyone.append(replace(body, score=max(body.score, own.score if own else 0.0)))
    return sorted([*everyone, *(beneath(head, aspect) for head in alone)], key=lambda one: -one.score)


def figure(body: Detection, aspect: float) -> Detection:
    """A body from head to foot: its own box is of the same size for all, but two of its points span a circle around it.

    They are the middle of the hips, and a point of the circle beyond the head.
    """
    if len(body.points) < 2:
        return body
    (x, y), (end_x, end_y) = body.points[:2]
    along, up = abs(end_x - x), abs(end_y - y)
    return _cut(x, y, along + up * SLIM / aspect, up + along * SLIM * aspect, body)


def beneath(head: Detection, aspect: float) -> Detection:
    """Whoever has that face, from head to foot: as large as a body is for its face."""
    tall = (head.bottom - head.top) * FACES_TALL / 2
    return _cut(head.x, head.top + tall * (1 - 1 / FACES_TALL), tall * SLIM / aspect, tall, head)


def _belongs(head: Detection, body: Detection) -> bool:
    """Whether the face lies in the body's box."""
    return body.left <= head.x <= body.right and body.top <= (head.top + head.bottom) / 2 <= body.bottom


def _cut(x: float, y: float, along: float, up: float, found: Detection) -> Detection:
    """So far to both sides of a middle, as far as that is in the picture."""
    left, top, right, bottom = (min(max(share, 0.0), 1.0) for share in (x - along, y - up, x + along, y + up))
    return Detection(left, top, right, bottom, found.score)


def _has_face(body: Detection, faces: Sequence[Detection]) -> bool:
    """Whether something like a face is no further to the side than the body is wide."""
    return any(abs(face.x - body.x) < body.right - body.left for face in faces)


def places(found: Sequence[Detection]) -> tuple[Place, ...]:
    """Where each of them is, from left to right."""
    return tuple(place(box.x) for box in sorted(found, key=lambda box: box.x))


def place(x: float) -> Place:
    """The third of the picture that lies at `x`, a share of its width from the left."""
    return "left" if x < 1 / 3 else "right" if x > 2 / 3 else "centre"


def _box(found: Sequence[int], shape: Sequence[int], score: float) -> Detection:
    """OpenCV's x, y, width and height in pixels as shares of an H×W picture."""
    x, y, width, height = found
    return Detection(x / shape[1], y / shape[0], (x + width) / shape[1], (y + height) / shape[0], score)
