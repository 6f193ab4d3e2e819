"""A scenario as its file tells it: what is shown, said and typed at which second, and what is expected to be said."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError, field_validator, model_validator

from assistant.config import ConfigError
from devices import soundfiles
from devices.media import Options
from devices.stills import PICTURES
from pipelines.mistakes import mistake

Second = Annotated[float, Field(ge=0, le=3600, allow_inf_nan=False)]
"""Seconds from the beginning of the scenario."""
Share = Annotated[float, Field(ge=0, le=1)]
"""Of the picture's width or height."""
Words = Annotated[str, Field(min_length=1, max_length=400)]

LONGEST = 3600.0
"""Seconds of a scenario."""
AFTERMATH = 1.0
"""Seconds that a scenario goes on after the last thing in it, where its length is not given."""


class Shape(Options):
    """Something simple that is drawn, or a photo of something that stands there."""

    kind: Literal["circle", "square", "triangle", "photo"]
    photo: str | None = Field(default=None, pattern=r"^[a-z_]+$")
    """For the kind of that name: a sample photo of scikit-image, of somebody who comes into a room say."""
    colour: str = "red"
    """A name of a colour, or #rrggbb."""
    at: tuple[Share, Share] = (0.5, 0.5)
    """Its centre: from the left, from the top."""
    size: float = Field(default=0.3, gt=0, le=1)
    """Of the picture's height."""

    @model_validator(mode="after")
    def _a_photo_of_something(self) -> Shape:
        if (self.kind == "photo") != (self.photo is not None):
            raise ValueError('kind = "photo" and photo = "astronaut" go with each other')
        return self


class Drawing(Options):
    """A picture that is drawn: a card with lines of text, shapes, or nothing but a colour."""

    background: str = "#c4ccd2"
    """Of the whole picture; it hides a photo only where there is none."""
    text: tuple[Words, ...] = ()
    """Lines on a card that is held up in the middle."""
    card: str = "#10603c"
    shapes: tuple[Shape, ...] = ()


class Show(Options):
    """What the camera sees from one moment to the next such entry."""

    at: Second
    draw: Drawing | None = None
    photo: str | None = Field(default=None, pattern=r"^[a-z_]+$")
    """A sample photo of scikit-image by its name: astronaut, coffee, chelsea, rocket, …"""
    picture: Path | None = None
    """A picture file beside the scenario."""

    @model_validator(mode="after")
    def _something(self) -> Show:
        if self.photo and self.picture:
            raise ValueError("either a photo or a picture, not both")
        if not (self.draw or self.photo or self.picture):
            raise ValueError("what is shown? give it draw, photo or picture")
        return self


class Say(Options):
    """Something that is said aloud."""

    at: Second
    text: Words | None = None
    """Spoken by a synthetic voice."""
    sound: Path | None = None
    """A sound file beside the scenario: a recorded question, a cough, a door."""

    @model_validator(mode="after")
    def _one_of_both(self) -> Say:
        if (self.text is None) == (self.sound is None):
            raise ValueError("either text or sound")
        return self


class Ask(Options):
    """Something that is typed."""

    at: Second
    text: Words


class Expect(Options):
    """What must be true within a stretch of time: of the replies that begin there, one meets all that is said here."""

    after: Second
    within: float = Field(gt=0, le=600)
    """Seconds from `after` on."""
    says: tuple[Words, ...] = ()
    """Any of these is in it, as whole words, in capitals or not."""
    never: tuple[Words, ...] = ()
    """None of these is in any of those replies."""
    silent: bool = False
    """The voice is not heard at all, not even with the rest of an answer that began before."""
    interrupted: bool | None = None
    wait: float | None = Field(default=None, gt=0, le=60)
    """Seconds from the end of the question to the first sound, at most."""
    ends_before: Second | None = None
    """Second at which it has fallen silent."""

    @property
    def before(self) -> float:
        return self.after + self.within

    @model_validator(mode="after")
    def _makes_sense(self) -> Expect:
        of_a_reply = self.says or self.interrupted is not None or self.wait is not None or self.ends_before is not None
        if self.silent and (of_a_reply or self.never):
            raise ValueError("silent goes with nothing else")
        if not (self.silent or self.never or of_a_reply):
            raise ValueError("what is expected? give it says, never, silent, interrupted, wait or ends_before")
        return self


class Scenario(Options):
    """One scenario, from second 0 to its end."""

    about: Words
    """What it shows, in a sentence."""
    seconds: float | None = Field(default=None, gt=0, le=3600)
    show: tuple[Show, ...] = ()
    say: tuple[Say, ...] = ()
    ask: tuple[Ask, ...] = ()
    expect: tuple[Expect, ...]

    @property
    def end(self) -> float:
        """Its length in seconds."""
        moments = [one.at for one in self.show] + [one.at for one in self.say] + [one.at for one in self.ask]
        if self.seconds is not None:
            return self.seconds
        return min(LONGEST, max(moments + [one.before for one in self.expect]) + AFTERMATH)

    @field_validator("show")
    @classmethod
    def _from_the_beginning(cls, shown: tuple[Show, ...]) -> tuple[Show, ...]:
        if shown and min(one.at for one in shown) > 0:
            raise ValueError("the first picture is shown at = 0")
        return tuple(sorted(shown, key=lambda one: one.at))

    @field_validator("expect")
    @classmethod
    def _something_expected(cls, expected: tuple[Expect, ...]) -> tuple[Expect, ...]:
        if not expected:  # Field's own min_length counts only those without a mistake
            raise ValueError("expect something")
        return expected

    @model_validator(mode="after")
    def _within_its_length(self) -> Scenario:
        moments = {f"show.{number}.at": one.at for number, one in enumerate(self.show)}
        moments |= {f"say.{number}.at": one.at for number, one in enumerate(self.say)}
        moments |= {f"ask.{number}.at": one.at for number, one in enumerate(self.ask)}
        moments |= {f"expect.{number}.after": one.after for number, one in enumerate(self.expect)}
        for name, at in moments.items():
            if at >= self.end:
                raise ValueError(f"{name}: is at {at:g} s, after the end at {self.end:g} s")
        for number, one in enumerate(self.expect):
            if one.before > min(self.end, LONGEST):  # what is never run would always be met
                raise ValueError(f"expect.{number}: waits until {one.before:g} s, after the end at {self.end:g} s")
        return self


def read(path: Path) -> Scenario:
    """A scenario file, the files it names looked for beside it. Raises ConfigError, a line for each mistake."""
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
        scenario = Scenario.model_validate(tables)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from error
    except ValidationError as error:
        raise ConfigError(*(f"{path}: {mistake(one, Scenario)}" for one in error.errors())) from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not UTF-8 text (byte {error.start})") from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path}: is not TOML: {error}") from error
    placed = _beside(scenario, path.parent)
    if wrong := list(_absent(placed)):
        raise ConfigError(*(f"{path}: {line}" for line in wrong))
    return placed


def files(names: list[str]) -> list[Path]:
    """The scenario files of a command line, those of a folder in the order of their names. Raises ConfigError."""
    found: list[Path] = []
    for name in names:
        path = Path(name)
        inside = sorted(path.glob("*.toml")) if path.is_dir() else [path]
        if not inside:
            raise ConfigError(f"{path}: there is no scenario in this folder")
        found += inside
    return found


def _beside(scenario: Scenario, folder: Path) -> Scenario:
    """The scenario with the paths in it as they are from here."""
    show = [
        one.model_copy(update={"picture": folder / os.path.expanduser(one.picture)}) if one.picture else one
        for one in scenario.show
    ]
    say = [
        one.model_copy(update={"sound": folder / os.path.expanduser(one.sound)}) if one.sound else one
        for one in scenario.say
    ]
    return scenario.model_copy(update={"show": tuple(show), "say": tuple(say)})


def _absent(scenario: Scenario) -> Iterator[str]:
    """What is named and is not there, or is not what it should be."""
    for number, shown in enumerate(scenario.show):
        if shown.picture and not _is_file(shown.picture, PICTURES):
            yield f"show.{number}.picture: there is no picture {_shortened(shown.picture)}"
        drawn = shown.draw or Drawing()
        for colour in (drawn.background, drawn.card, *(shape.colour for shape in drawn.shapes)):
            if not _is_colour(colour):
                yield f"show.{number}.draw: {colour!r} is no colour: give a name or #rrggbb"
    for number, said in enumerate(scenario.say):
        if said.sound and not _is_file(said.sound, soundfiles.READABLE):
            yield f"say.{number}.sound: there is no sound file {_shortened(said.sound)}"


def _is_file(path: Path, endings: Collection[str]) -> bool:
    try:
        return path.is_file() and path.suffix.lower() in endings
    except (OSError, ValueError):  # no file can have that name
        return False


def _shortened(path: Path) -> str:
    """An over-long name is known by its end."""
    return str(path) if len(str(path)) <= 200 else f"…{str(path)[-200:]}"


def _is_colour(name: str) -> bool:
    from PIL import ImageColor

    return bool(re.fullmatch(r"#[0-9a-fA-F]{6}", name)) or name.lower() in ImageColor.colormap
