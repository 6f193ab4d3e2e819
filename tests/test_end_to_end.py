"""The whole assistant on real media and real models, on a clock that jumps: asked aloud, it answers aloud."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assistant import app, config
from assistant.demo import EMBEDDED, ask_aloud
from assistant.feed import Feed
from assistant.places import configs
from devices.lines import Latest
from pipelines import backends, weights
from pipelines.backends import BackendError
from pipelines.types import Caption, Event, Reply, Transcript, Trouble

pytest.importorskip("pocketsphinx", reason="the embedded extra is not installed")
pytest.importorskip("espeakng_loader", reason="the embedded extra is not installed")


@pytest.fixture(scope="module")
def _weights() -> None:
    try:
        weights.find("people")
    except BackendError as error:
        pytest.skip(str(error))


def _desktop(camera: Path, folder: Path, questions: list[tuple[float, str]], seconds: float) -> dict[str, Any]:
    """The desktop configuration without weights, between a picture or a film, questions in its own voice, and a WAV."""
    sections = config.tables(configs() / "desktop.toml")
    sections |= {kind: {"backend": name} for kind, name in EMBEDDED.items()}
    voice = backends.load(config.parse(sections, "desktop").voice, "voice")  # type: ignore[arg-type]  # it has one
    ask_aloud(folder / "questions.wav", voice, questions, seconds)
    sections["camera"] = [{"name": "desk", "source": str(camera)}]
    sections["microphone"] = {"source": str(folder / "questions.wav")}
    sections["speaker"] = {"sink": str(folder / "reply.wav")}
    sections["chat"] = {"backend": "grounded"}
    return sections


async def _run(sections: dict[str, Any]) -> list[Event]:
    feed = Feed()
    line: Latest[Event] = feed.subscribe(10_000)
    await app.run(config.parse(sections, "test"), feed)
    feed.close()
    return [event async for event in line]


def _told(events: list[Event], kind: type[Any]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


@pytest.mark.usefixtures("_weights")
async def test_a_spoken_question_about_a_photo_is_answered_aloud(media: Path, tmp_path: Path) -> None:
    import soundfile

    questions = [(1.5, "how many people are there"), (8.0, "is anyone there")]
    events = await _run(_desktop(media / "images" / "ski-astronaut.png", tmp_path, questions, 16.0))
    assert _told(events, Trouble) == []
    assert [one.text for one in _told(events, Transcript)] == [text for _, text in questions]
    replies = _told(events, Reply)
    assert "one person" in replies[0].text
    assert not any(reply.cut for reply in replies)
    sound, rate = soundfile.read(tmp_path / "reply.wav", dtype="float32")
    spoken = np.flatnonzero(np.abs(sound) > 0.02) / rate
    assert 3.0 < spoken[0] < 5.0, "silence until the first answer, which follows the first question"
    assert spoken[-1] > 9.0, "the second answer is there as well"


@pytest.mark.usefixtures("_weights")
async def test_each_hard_cut_of_a_film_is_captioned_within_a_second(media: Path, tmp_path: Path) -> None:
    film = media / "video" / "psd-testvideo.mp4"
    sections = _desktop(film, tmp_path, [(1.0, "what do you see")], 24.0)
    events = await _run(sections)
    captions = _told(events, Caption)
    start = captions[0].captured_at
    seen = [caption.captured_at - start for caption in captions]
    for cut in (30 / 29.97, 180 / 29.97, 394 / 29.97):
        assert any(cut - 0.1 <= at <= cut + 1.0 for at in seen), f"the cut at {cut:.1f} s among {seen}"
    assert len(captions) < 24


@pytest.mark.usefixtures("_weights")
async def test_two_cameras_are_seen_side_by_side(media: Path, tmp_path: Path) -> None:
    sections = _desktop(media / "images" / "ski-astronaut.png", tmp_path, [(3.0, "how many people are there")], 8.0)
    sections["camera"].append({"name": "garden", "source": str(media / "images" / "ski-chelsea.png")})
    events = await _run(sections)
    assert {caption.camera for caption in _told(events, Caption)} == {"desk", "garden"}
    assert _told(events, Reply)[0].text
