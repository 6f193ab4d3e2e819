"""Films with known truth: rooms in which people, things and signs come, go and grow, darkness falls; and real clips."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from devices.media import Pixels
from pipelines.spots import Box
from tests.benchmarks._narration_pictures import NOISES, WIDTH, Pasted, View, boxed, shown
from tests.benchmarks.gate import changes as labelled
from tests.narrating import EVERYTHING, Script, Spell, State

ALSO = {
    "person": frozenset({"tie"}),
    "cup": frozenset({"spoon", "diningtable"}),
    "cat": frozenset[str](),
    "motorbike": frozenset[str](),
}
"""What each photo shows beside the thing that it is there for."""
Story = Callable[[float], View]


def rendered() -> list[Script]:
    """All of them."""
    return [visitors(), table(), sign(), light(), frozen(), nearer(), motorbike(), walker(), busy(), still()]


def visitors() -> Script:
    """One comes, another comes, the first leaves, and then the other."""
    left, right = Pasted("person", 0.22, 220), Pasted("person", 0.78, 220, True)
    return _steps("visitors", 30, [(0, ()), (4, (left,)), (10, (left, right)), (16, (right,)), (22, ())])


def table() -> Script:
    """A cup is put there, a cat joins it, the cup is taken away, and the cat goes."""
    cup, cat = Pasted("cup", 0.78, 190), Pasted("cat", 0.22, 200)
    return _steps("table", 30, [(0, ()), (5, (cup,)), (12, (cup, cat)), (18, (cat,)), (24, ())])


def busy() -> Script:
    """Every two seconds something else is true: more than can be told in the words that there are."""
    one, cup, cat = Pasted("person", 0.2, 220), Pasted("cup", 0.8, 190), Pasted("cat", 0.5, 170)
    round_of = [(), (one,), (one, cup), (cup,), (cup, cat), (cat,), (cat, one), (one,)]
    steps = [(2.0 * number, round_of[number % len(round_of)]) for number in range(45)]
    return _steps("busy", 90, steps, scored=False)


def still() -> Script:
    """Somebody sits there for three minutes."""
    return _steps("still", 180, [(0, (Pasted("person", 0.3, 220),))])


def sign() -> Script:
    """A sign is put up, half taken out of the picture, and gone; then one that warns."""
    views = [(0, View()), (4, View(sign="EXIT 12")), (12, View(sign="EXIT 12", sign_x=0.92)), (18, View()),
             (22, View(sign="WET FLOOR")), (30, View())]  # fmt: skip
    states = [
        State(),
        State(texts=("EXIT 12",)),
        State(cropped=("EXIT 12",)),
        State(),
        State(texts=("WET FLOOR",)),
        State(),
    ]
    return _script("sign", 36, views, states)


def light() -> Script:
    """The light goes off and on again; then a hand is on the lens."""
    views = [(0, View()), (9, View(light=0.02)), (17, View()), (25, View(covered=True)), (35, View())]
    states = [State(), State(camera="dark"), State(), State(camera="covered"), State()]
    return _script("light", 42, views, states)


def frozen() -> Script:
    """The camera hangs with somebody in the picture; that it does is known half a minute after."""
    who = (Pasted("person", 0.25, 220),)
    story = [(0, View(who)), (6, View(who, frozen=True)), (44, View(who))]
    there = _state(who)
    spells = [(0, there), (36, State(there.things, camera="frozen")), (44, there)]
    views = partial(_view, story)
    return Script("frozen", 52, _spells(spells, 52), _film(views), slack=0.5, boxes=_boxes(views))


def nearer() -> Script:
    """Somebody comes from the far end, and goes back there."""

    def story(at: float) -> View:
        away = float(np.clip(max((10 - at) / 6, (at - 14) / 5), 0, 1))
        return View((Pasted("person", 0.5, 340 - 220 * away),) if 4 <= at < 20 else ())

    here = {"person": (0.5,)}
    course = [(0, State()), (4, State(here, course={"person": "closer"})), (10, State(here)),
              (14, State(here, course={"person": "away"})), (19, State(here)), (20, State())]  # fmt: skip
    return Script("nearer", 26, _spells(course, 26), _film(story), boxes=_boxes(story))


def motorbike() -> Script:
    """One comes closer quickly, which is a hazard."""

    def story(at: float) -> View:
        return View((Pasted("motorbike", 0.5, 110 + 220 * float(np.clip((at - 6) / 4, 0, 1))),) if 4 <= at < 16 else ())

    here = {"motorbike": (0.5,)}
    spells = [
        (0, State()),
        (4, State(here)),
        (6, State(here, course={"motorbike": "closer"})),
        (10, State(here)),
        (16, State()),
    ]
    return Script("motorbike", 22, _spells(spells, 22), _film(story), boxes=_boxes(story))


def walker() -> Script:
    """Somebody on the left walks over to the right."""

    def story(at: float) -> View:
        return View((Pasted("person", 0.2 + 0.6 * float(np.clip((at - 8) / 4, 0, 1)), 220),))

    there = Spell(0, 8, State({"person": (0.2,)})), Spell(12, 20, State({"person": (0.8,)}))
    return Script("walker", 20, there, _film(story), boxes=_boxes(story))


def clips(media: Path) -> list[Script]:
    """The real ones of which it is known what happens in them."""
    truth, folder = json.loads((media / "ground_truth.json").read_text())["videos"], media / "video"
    return [
        _bottles(folder, truth),
        _cars(folder, truth),
        _cut(folder, truth, "psd-testvideo.mp4"),
        _cut(folder, truth, "psd-counter.mp4"),
    ]


def _bottles(folder: Path, truth: dict[str, Any]) -> Script:
    name = "intel-bottle-detection.mp4"
    hand = frozenset({"person", "text"})
    spells = [
        Spell(start, end, State({"bottle": (None,) * many}, unknown=hand))
        for start, end, many in truth[name]["bottle_count"]
    ]
    return Script(name, truth[name]["duration"], tuple(spells), clip(str(folder / name)), slack=1.0)


def _cars(folder: Path, truth: dict[str, Any]) -> Script:
    name, spells, before = "intel-car-detection.mp4", [], 0.0
    road = State({}, unknown=frozenset({"text"}))
    driven = State({"car": (None,)}, least=frozenset({"car"}), unknown=frozenset({"text"}))
    for start, end in truth[name]["car_intervals"]:
        spells += [Spell(before, start, road), Spell(start, end, driven)]
        before = end
    spells.append(Spell(before, truth[name]["duration"], road))
    return Script(name, truth[name]["duration"], tuple(spells), clip(str(folder / name)), slack=0.7)


def _cut(folder: Path, truth: dict[str, Any], name: str) -> Script:
    """Of these it is only known when there is another picture altogether."""
    cuts, seconds = [0.0, *sorted(one.at for one in labelled(folder, name, truth[name]))], truth[name]["duration"]
    scenes = [State(scene=number, unknown=frozenset({EVERYTHING})) for number in range(len(cuts))]
    spells = _spells(list(zip(cuts, scenes, strict=True)), seconds)
    return Script(name, seconds, spells, clip(str(folder / name)))


def clip(path: str) -> Callable[[float], Pixels]:
    """The pictures of a film by their time, no wider than a camera of ours gives them."""
    pictures, rate = _read(path)
    return lambda at: pictures[min(len(pictures) - 1, max(0, round(at * rate)))]


@lru_cache(maxsize=1)
def _read(path: str) -> tuple[list[Pixels], float]:
    film, pictures = cv2.VideoCapture(path), list[Pixels]()
    every = max(1, round(film.get(cv2.CAP_PROP_FPS) / 10))
    while film.grab():
        if len(pictures) * every == film.get(cv2.CAP_PROP_POS_FRAMES) - 1 or every == 1:
            pixels = film.retrieve()[1]
            scale = min(1.0, WIDTH / pixels.shape[1])
            small = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            pictures.append(np.ascontiguousarray(small[:, :, ::-1]))
    return pictures, film.get(cv2.CAP_PROP_FPS) / every


def _steps(
    name: str, seconds: float, steps: Sequence[tuple[float, tuple[Pasted, ...]]], *, scored: bool = True
) -> Script:
    views = [(at, View(photos)) for at, photos in steps]
    return _script(name, seconds, views, [_state(photos) for _, photos in steps], scored=scored)


def _script(
    name: str, seconds: float, views: Sequence[tuple[float, View]], states: Sequence[State], *, scored: bool = True
) -> Script:
    timed = [(at, state) for (at, _), state in zip(views, states, strict=True)]
    story = partial(_view, views)
    return Script(name, seconds, _spells(timed, seconds), _film(story), scored=scored, boxes=_boxes(story))


def _state(photos: Sequence[Pasted]) -> State:
    things = {
        name: tuple(sorted(one.x for one in photos if one.thing == name)) for name in {one.thing for one in photos}
    }
    return State(things, also=frozenset().union(*(ALSO[one.thing] for one in photos)))


def _spells(timed: Sequence[tuple[float, State]], seconds: float) -> tuple[Spell, ...]:
    ends = [*(at for at, _ in timed[1:]), seconds]
    return tuple(Spell(at, end, state) for (at, state), end in zip(timed, ends, strict=True))


def _view(views: Sequence[tuple[float, View]], at: float) -> View:
    return [view for since, view in views if since <= at + 1e-6][-1]


def _boxes(story: Story) -> Callable[[float], dict[str, list[Box]]]:
    """Where each photo is: what comes nearer fills more of the picture."""

    def boxes(at: float) -> dict[str, list[Box]]:
        photos = story(at).photos
        return {thing: [boxed(one) for one in photos if one.thing == thing] for thing in {one.thing for one in photos}}

    return boxes


def _film(story: Story) -> Callable[[float], Pixels]:
    """With a sensor's noise, never that of the picture before, unless the camera hangs."""

    def frame(at: float) -> Pixels:
        view = story(at)
        return shown(view, 0 if view.frozen else round(at * 10) % NOISES)

    return frame
