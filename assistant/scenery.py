"""The camera and the microphone of a scenario: pictures that change at their seconds, and speech over a faint hiss."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from assistant.config import ConfigError
from assistant.scenarios import Drawing, Say, Shape, Show
from devices import soundfiles
from devices.lines import Latest
from devices.media import SPEECH_RATE, Frame, Pixels, Samples
from devices.speaker import WavFile
from devices.stills import load_still
from pipelines.backends import Voice

if TYPE_CHECKING:
    from PIL import Image, ImageDraw

Span = tuple[float, float]
"""Two moments, in seconds on the loop's clock."""

SIZE = (640, 480)
"""Width and height of what is drawn, in pixels."""
LONGER_SIDE = 1280
"""Pixels of a picture file."""
FRAMES = 10
"""A second."""
LONGEST_SOUND = 600.0
"""Seconds that are heard of a sound file."""
HISS = 0.0005
"""Loudness of the hiss under all that is said: digital silence is not what a microphone hears."""


class ScriptedCamera:
    """Shows each picture from its second on, until the end."""

    live, endless = False, False

    def __init__(self, name: str, pictures: Sequence[tuple[float, Pixels]], seconds: float) -> None:
        self.name = name
        self._pictures, self._seconds = pictures, seconds

    def probe(self) -> None:
        """It is always there."""

    async def run(self, frames: Latest[Frame]) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        for number in range(int(self._seconds * FRAMES)):
            await asyncio.sleep(began + number / FRAMES - loop.time())
            shown = [pixels for at, pixels in self._pictures if at <= number / FRAMES]
            frames.put(Frame(shown[-1], loop.time(), self.name))


class Witness(WavFile):
    """A sound file in the place of a speaker, which puts on a list from when to when something was heard from it."""

    def __init__(self, path: Path, heard: list[Span]) -> None:
        super().__init__(path)
        self._heard = heard

    async def play(self, samples: Samples, rate: int) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            await super().play(samples, rate)
        finally:
            self._heard.append((self.began_at or began, loop.time()))


def picture(shown: Show) -> Pixels:
    """What one entry shows, H×W×3 RGB. Raises ConfigError for a sample photo that is not here, or DeviceError."""
    from PIL import Image, ImageDraw

    if shown.picture is not None:
        image = Image.fromarray(load_still(shown.picture, LONGER_SIDE))
    elif shown.photo is not None:
        image = Image.fromarray(load_still(_sample(shown.photo), LONGER_SIDE))
    else:
        image = Image.new("RGB", SIZE, (shown.draw or Drawing()).background)
    if shown.draw is not None:
        brush = ImageDraw.Draw(image)
        for shape in shown.draw.shapes:
            _draw_shape(brush, image, shape)
        if shown.draw.text:
            _draw_card(brush, image, shown.draw)
    return np.asarray(image, np.uint8)


def _sample(name: str) -> Path:
    if find_spec("skimage") is None:
        raise ConfigError("sample photos need scikit-image: pip install 'omni-assistant[demo]'")
    from skimage import data

    for ending in (".png", ".jpg"):
        if (path := Path(data.__file__).parent / f"{name}{ending}").is_file():
            return path
    raise ConfigError(f"scikit-image carries no photo {name!r}: astronaut, coffee, chelsea and rocket are some")


def _draw_shape(brush: ImageDraw.ImageDraw, image: Image.Image, shape: Shape) -> None:
    from PIL import Image

    x, y, half = shape.at[0] * image.width, shape.at[1] * image.height, shape.size * image.height / 2
    if shape.photo is not None:
        photo = Image.fromarray(load_still(_sample(shape.photo), LONGER_SIDE))
        photo = photo.resize((max(1, round(2 * half * photo.width / photo.height)), max(1, round(2 * half))))
        image.paste(photo, (round(x - photo.width / 2), round(y - half)))
    elif shape.kind == "circle":
        brush.ellipse((x - half, y - half, x + half, y + half), fill=shape.colour)
    elif shape.kind == "square":
        brush.rectangle((x - half, y - half, x + half, y + half), fill=shape.colour)
    else:
        brush.polygon([(x, y - half), (x - half, y + half), (x + half, y + half)], fill=shape.colour)


def _draw_card(brush: ImageDraw.ImageDraw, image: Image.Image, drawing: Drawing) -> None:
    """The lines, as large as they fit, on a card in the middle."""
    from PIL import ImageFont

    width, height = 0.72 * image.width, 0.46 * image.height
    size, longest = 96.0, max(drawing.text, key=len)
    while size > 12 and (
        ImageFont.load_default(size).getbbox(longest)[2] > 0.9 * width or 1.3 * size * len(drawing.text) > 0.9 * height
    ):
        size *= 0.9
    left, top = (image.width - width) / 2, (image.height - height) / 2
    brush.rounded_rectangle((left, top, left + width, top + height), 18, fill=drawing.card)
    middle = image.height / 2 - 1.3 * size * (len(drawing.text) - 1) / 2
    for number, line in enumerate(drawing.text):
        place = (image.width / 2, middle + 1.3 * size * number)
        brush.text(place, line, fill="white", font=ImageFont.load_default(size), anchor="mm")


def write_speech(path: Path, said: Sequence[Say], voice: Callable[[], Voice], seconds: float) -> None:
    """A sound file, 16 kHz mono, with everything that is said at its second. Raises DeviceError or BackendError.

    The voice is made only where something is to be spoken.
    """
    sound = np.random.default_rng(0).normal(0, HISS, round(seconds * SPEECH_RATE)).astype(np.float32)
    speaker = voice() if any(one.text is not None for one in said) else None
    for one in said:
        spoken, start = _sound(one, speaker, seconds - one.at), round(one.at * SPEECH_RATE)
        sound[start : start + len(spoken)] += spoken[: len(sound) - start]
    writer = soundfiles.WavWriter(path, SPEECH_RATE)
    writer.write(0, np.clip(sound, -1, 1))
    writer.close()


def _sound(said: Say, voice: Voice | None, longest: float) -> Samples:
    """At 16 kHz; of a file what lies within the first `longest` seconds."""
    if said.sound is None:
        spoken, rate = (
            (voice.synthesize(said.text or ""), voice.rate) if voice else (np.zeros(0, np.float32), SPEECH_RATE)
        )
    else:
        spoken, rate = _beginning(said.sound, min(longest, LONGEST_SOUND))
    return soundfiles.resample(spoken, rate, SPEECH_RATE)


def _beginning(path: Path, seconds: float) -> tuple[Samples, int]:
    """So many seconds of a sound file, and its rate; a file may claim to be of any length. Raises DeviceError."""
    blocks, length, rate = list[Samples](), 0, SPEECH_RATE
    for block, its_rate in soundfiles.read(path):
        blocks.append(block)
        length, rate = length + len(block), its_rate
        if length >= seconds * rate:
            break
    return np.concatenate(blocks)[: round(seconds * rate)], rate
