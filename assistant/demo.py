"""`omni demo`: the whole pipeline in real time on a scene of sample photos, with questions that its own voice asks."""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from assistant import app, config
from assistant.config import ConfigError
from assistant.feed import Feed
from assistant.parts import Outside
from assistant.places import configs
from devices.lines import Latest
from devices.media import Frame
from pipelines import backends
from pipelines.backends import BackendOptions, Voice
from pipelines.types import Caption, Event, Reply, Started, Transcript, Trouble

if TYPE_CHECKING:
    from PIL import Image

SHOWN = 15.0
"""Seconds that each picture of the scene is shown."""
LONGEST_QUESTION = 4.0
"""Seconds within which a question that was begun must have ended."""
EMBEDDED = {"captioner": "embedded", "transcriber": "pocketsphinx", "chat": "embedded", "voice": "espeak"}
"""The backends it shows, whatever else is pulled: its questions are those which they know."""
HISS = 0.0005
"""Loudness of the hiss under the questions: digital silence is not what a microphone hears."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One picture, and what is asked about it how many seconds after it came."""

    picture: str
    questions: tuple[tuple[float, str], ...]


SCENES = (
    Scene("astronaut.png", ((2.0, "how many people are there"), (8.0, "what do you see"))),
    Scene("sign", ((2.0, "what does it say"), (7.0, "what changed"))),
    Scene("coffee.png", ((2.0, "is anyone there"), (7.0, "what is a camera"))),
)


def run(arguments: argparse.Namespace) -> int:
    """Run the demonstration. Status 0 only if every spoken question got a spoken answer."""
    if importlib.util.find_spec("skimage") is None:
        raise ConfigError("the demo's photos need scikit-image: pip install 'omni-assistant[embedded,demo]'")
    out = Path(arguments.out)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"--out {out}: cannot be used as a folder: {error.strerror or error}") from error
    try:
        return asyncio.run(demonstrate(out))
    except OSError as error:
        raise ConfigError(f"--out {out}: cannot be written: {error.strerror or error}") from error


async def demonstrate(out: Path) -> int:
    """Draw the scene, ask aloud, run, and judge what came out; 0 if every question was answered aloud."""
    with tempfile.TemporaryDirectory(prefix="omni-demo-") as made:
        scene = Path(made)
        _draw_scene(scene / "photos")
        sections = config.tables(configs() / "desktop.toml")
        sections |= {kind: {"backend": name} for kind, name in EMBEDDED.items()}
        ask_aloud(scene / "questions.wav", _load_voice(sections["voice"]), _questions(), len(SCENES) * SHOWN)
        sections["camera"] = [{"name": "desk", "source": str(scene / "photos"), "hold": SHOWN}]
        sections["microphone"] = {"source": str(scene / "questions.wav")}
        sections["speaker"] = {"sink": str(out / "reply.wav")}
        events, keyframes = await _run(config.parse(sections, "demo"), out)
    _draw_sheet(out, events, keyframes)
    return _judge(out, events)


async def _run(chosen: config.Config, out: Path) -> tuple[list[Event], list[tuple[Frame, Caption]]]:
    """The session, shown line by line; its events and its keyframes with their captions."""
    from assistant.plain import Json, Plain

    feed, keyframes = Feed(), list[tuple[Frame, Caption]]()
    events: list[Event] = []
    with (out / "events.jsonl").open("w", encoding="utf-8") as stream:
        views = [
            asyncio.create_task(Plain(sys.stdout).run(feed.subscribe())),
            asyncio.create_task(Json(stream).run(feed.subscribe())),
            asyncio.create_task(_collect(feed.subscribe(), events)),
        ]
        try:
            await app.run(chosen, feed, Outside(kept=lambda *pair: keyframes.append(pair)))
        finally:
            feed.close()
            await asyncio.gather(*views)
    return events, keyframes


async def _collect(line: Latest[Event], events: list[Event]) -> None:
    events.extend([event async for event in line])


def _draw_scene(folder: Path) -> None:
    """The photos of the scikit-image package, and a sign, as numbered files."""
    from PIL import Image
    from skimage import data

    folder.mkdir()
    photos = Path(data.__file__).parent
    for number, scene in enumerate(SCENES):
        picture = _sign() if scene.picture == "sign" else Image.open(photos / scene.picture).convert("RGB")
        picture.save(folder / f"{number}.png")


def _sign() -> Image.Image:
    """A door sign."""
    from PIL import Image, ImageDraw, ImageFont

    picture = Image.new("RGB", (640, 480), (196, 204, 210))
    draw = ImageDraw.Draw(picture)
    draw.rounded_rectangle((90, 130, 550, 350), 18, fill=(16, 96, 60))
    for text, y, size in (("EXIT", 170, 90), ("Keep this door closed", 285, 34)):
        draw.text((320, y), text, fill="white", font=ImageFont.load_default(size), anchor="mt")
    return picture


def ask_aloud(path: Path, voice: Voice, questions: Sequence[tuple[float, str]], seconds: float) -> None:
    """A sound file in which the voice asks each question at its second, over a faint hiss."""
    import soundfile

    sound = np.random.default_rng(0).normal(0, HISS, round(seconds * voice.rate)).astype(np.float32)
    for at, question in questions:
        spoken, start = voice.synthesize(question), round(at * voice.rate)
        sound[start : start + len(spoken)] += spoken[: len(sound) - start]
    soundfile.write(path, np.clip(sound, -1, 1), voice.rate)


def _load_voice(section: dict[str, Any]) -> Voice:
    options = config.parse({"voice": section, "chat": {"backend": "grounded"}}, "demo").voice
    voice: Voice = backends.load(cast(BackendOptions, options), "voice")
    return voice


def _questions() -> list[tuple[float, str]]:
    """Every question of the script, at its second of the session."""
    return [(number * SHOWN + after, text) for number, scene in enumerate(SCENES) for after, text in scene.questions]


def _draw_sheet(out: Path, events: list[Event], keyframes: list[tuple[Frame, Caption]]) -> None:
    from assistant.contact_sheet import draw

    talk = [event for event in events if isinstance(event, Transcript | Reply)]
    draw(keyframes, out / "contact_sheet.png", "omni-assistant: what it saw, heard and said", conversation=talk)


def _judge(out: Path, events: list[Event]) -> int:
    """Print how many questions were answered, and where the files are."""
    start = next(event.at for event in events if isinstance(event, Started))
    replies = [event for event in events if isinstance(event, Reply)]
    troubles = [event for event in events if isinstance(event, Trouble)]
    answers = {question: _answer(replies, start + at) for at, question in _questions()}
    for question in (question for question, reply in answers.items() if reply is None):
        print(f"not answered: {question}", file=sys.stderr)
    waits = [reply.answered_at - reply.asked_at for reply in answers.values() if reply]
    if waits:
        print(f"end of speech to first sound: {np.median(waits):.2f} s (median of {len(waits)})")
    files = ", ".join(sorted(path.name for path in out.iterdir()))
    print(f"{len(waits)} of {len(answers)} spoken questions got a spoken answer; see {out}/: {files}")
    return 0 if len(waits) == len(answers) and not troubles else 1


def _answer(replies: list[Reply], asked_from: float) -> Reply | None:
    """The answer, understood and spoken to its end, to what was asked aloud from that time on."""
    for reply in replies:
        if reply.asked and reply.text and not reply.cut and 0 < reply.asked_at - asked_from < LONGEST_QUESTION:
            return reply
    return None
