"""The wake word: its own recording wakes, other words and other sound do not, and what follows it is kept."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assistant import app, config
from assistant.feed import Feed
from devices.lines import Latest
from devices.media import Samples
from pipelines import backends
from pipelines.backends import BackendError, Kind, WakeWord
from pipelines.types import Attention, Event, SpeechStarted, Transcript, Trouble
from pipelines.wakewords.micro import MicroWakeWord

if importlib.util.find_spec("pymicro_wakeword") is None:
    pytest.skip("the extra `wake` is not installed", allow_module_level=True)

WORD_ENDS = 2.86
"""Seconds into its recording at which the last vowel of “okay nabu” has faded by 15 dB."""


def real(path: Path) -> Samples:
    import soundfile
    import soxr

    sound, rate = soundfile.read(path, dtype="float32", always_2d=True)
    samples: Samples = soxr.resample(sound.mean(axis=1), rate, 16_000)
    return samples


def ends(wake: WakeWord, samples: Samples, chunk: int = 512) -> list[float]:
    """When it heard the word end, in seconds from the first sample."""
    found = []
    for at in range(0, len(samples), chunk):
        piece = samples[at : at + chunk]
        if (before := wake.heard(piece)) is not None:
            found.append((at + len(piece)) / 16_000 - before)
    return found


@pytest.fixture(scope="module")
def nabu() -> WakeWord:
    wake: WakeWord = backends.load(MicroWakeWord(), "wake")
    return wake


@pytest.fixture(autouse=True)
def _fresh(nabu: WakeWord) -> None:
    nabu.reset()


def test_it_says_what_must_be_said(nabu: WakeWord) -> None:
    assert nabu.phrase == "okay nabu"


@pytest.mark.parametrize("chunk", [160, 512, 1600, 100_000])
def test_its_own_recording_wakes_once_and_it_knows_where_the_word_ended(
    nabu: WakeWord, media: Path, chunk: int
) -> None:
    (end,) = ends(nabu, real(media / "audio" / "ww-okay_nabu-1.wav"), chunk)
    assert end == pytest.approx(WORD_ENDS, abs=0.09)


def test_the_end_of_the_word_is_found_also_when_speech_follows_in_the_same_breath(nabu: WakeWord, media: Path) -> None:
    word = real(media / "audio" / "ww-okay_nabu-1.wav")[: round(WORD_ENDS * 16_000)]
    speech = real(media / "audio" / "leopard-en.wav")[8_000:40_000]
    (end,) = ends(nabu, np.concatenate([word, speech]))
    assert end == pytest.approx(WORD_ENDS, abs=0.09)


def test_nothing_else_wakes(nabu: WakeWord, media: Path) -> None:
    others = [
        path
        for path in sorted((media / "audio").iterdir())
        if path.suffix in (".wav", ".flac", ".mp3") and "okay_nabu" not in path.name
    ]
    assert len(others) > 10
    assert {path.name: found for path in others if (found := ends(nabu, real(path)[: 16_000 * 12]))} == {}


def test_silence_noise_and_snippets_do_not_wake(nabu: WakeWord) -> None:
    noise = np.random.default_rng(1).normal(0, 0.3, 32_000).astype(np.float32)
    for sound in (np.zeros(0, np.float32), np.zeros(1, np.float32), np.zeros(32_000, np.float32), noise, 9 * noise):
        assert ends(nabu, sound) == []


def test_it_forgets(nabu: WakeWord, media: Path) -> None:
    word = real(media / "audio" / "ww-okay_nabu-1.wav")
    nabu.heard(word[: round(2.5 * 16_000)])
    nabu.reset()
    assert ends(nabu, word[round(2.7 * 16_000) :]) == []


def test_another_word_of_the_package_wakes_by_its_own_recording(media: Path) -> None:
    jarvis = backends.load(MicroWakeWord(model="hey_jarvis"), "wake")
    assert jarvis.phrase == "hey jarvis"
    assert len(ends(jarvis, real(media / "audio" / "ww-hey_jarvis-1.wav"))) == 1
    jarvis.reset()
    assert ends(jarvis, real(media / "audio" / "ww-okay_nabu-1.wav")) == []


def test_a_threshold_that_nothing_reaches_never_wakes(media: Path) -> None:
    strict = backends.load(MicroWakeWord(threshold=0.999), "wake")
    assert ends(strict, real(media / "audio" / "ww-okay_nabu-1.wav")) == []


def test_a_word_that_there_is_not_is_named_with_those_there_are() -> None:
    with pytest.raises(BackendError, match=r"no wake word computer: name one of alexa, .*okay_nabu"):
        MicroWakeWord(model="computer").load()


MINE = '{"wake_word": "mine", "model": "mine.tflite", "micro": {"probability_cutoff": 0.9, "sliding_window_size": 5}}'


@pytest.mark.parametrize("described", ["{}", "no JSON", "[]", MINE, MINE.replace("0.9", '"sure"')])
@pytest.mark.parametrize("network", [None, b"", b"no network at all"])
def test_a_damaged_model_is_one_line_and_not_the_end_of_the_process(
    tmp_path: Path, described: str, network: bytes | None
) -> None:
    (tmp_path / "mine.json").write_text(described)
    if network is not None:
        (tmp_path / "mine.tflite").write_bytes(network)
    with pytest.raises(BackendError, match=r"mine.json cannot be loaded: .+") as told:
        MicroWakeWord(model=str(tmp_path / "mine.json")).load()
    assert "\n" not in str(told.value)


EARS: tuple[tuple[Kind, str], ...] = (("transcriber", "pocketsphinx"), ("detector", "silero"))


def evening(sound: Path) -> dict[str, Any]:
    return {
        "microphone": {"source": str(sound)},
        "attention": {"mode": "wake", "awake_for": 4.0},
        "wake": {"backend": "microwakeword"},
        "detector": {"backend": "silero"},
        "transcriber": {"backend": "pocketsphinx"},
        "chat": {"backend": "grounded"},
    }


async def test_a_session_hears_a_person_after_the_wake_word_and_in_the_same_breath(tmp_path: Path, media: Path) -> None:
    for kind, name in EARS:
        if lacking := backends.missing(backends.find(kind, name)):
            pytest.skip(lacking)
    import soundfile

    asked = real(media / "audio" / "va-describe_what_you_see.mp3")
    asked = asked[np.argmax(np.abs(asked) > 0.01) :]
    word = real(media / "audio" / "ww-okay_nabu-1.wav")[32_000 : round(WORD_ENDS * 16_000)]
    pause = np.random.default_rng(1).normal(0, 0.0008, 5 * 16_000).astype(np.float32)
    soundfile.write(tmp_path / "talk.wav", np.concatenate([pause, asked, pause, word, asked, pause, pause]), 16_000)

    feed = Feed()
    line: Latest[Event] = feed.subscribe(1000)
    await app.run(config.parse(evening(tmp_path / "talk.wav"), "test"), feed)
    feed.close()
    told = [event async for event in line]
    assert [event for event in told if isinstance(event, Trouble)] == []
    (heard,) = [event for event in told if isinstance(event, Transcript)]
    assert heard.text.startswith("describe what you see")
    assert [event.awake for event in told if isinstance(event, Attention)] == [False, True, False]
    assert len([event for event in told if isinstance(event, SpeechStarted)]) == 1
