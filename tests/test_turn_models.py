"""The models that hear whether a speaker has ended."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from devices.media import Samples
from pipelines.backends import BackendError, TurnModel
from pipelines.turns.mels import log_mels, normalised
from pipelines.turns.smart_turn import SmartTurn
from tests.small import turn_smart_turn


def noise(seconds: float, loudness: float = 0.1) -> Samples:
    made = np.random.default_rng(1).standard_normal(round(16_000 * seconds))
    return (loudness * made).astype(np.float32)


def silence(seconds: float) -> Samples:
    return np.zeros(round(16_000 * seconds), np.float32)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> TurnModel:
    return SmartTurn(**turn_smart_turn.make(tmp_path_factory.mktemp("smart-turn"))).load()


def test_the_log_mels_are_those_that_whisper_was_trained_on() -> None:
    transformers = pytest.importorskip("transformers")
    sound = np.concatenate((silence(3), noise(1), silence(1), noise(3, loudness=0.3)))
    extractor = transformers.WhisperFeatureExtractor(chunk_length=8)
    wanted = extractor(sound, sampling_rate=16_000, do_normalize=True, return_tensors="np").input_features[0]
    found = log_mels(normalised(sound))
    assert found.shape == (80, 800)
    assert found.dtype == np.float32
    assert np.abs(found - wanted).max() < 1e-4


def test_it_hears_the_end_of_the_sound_however_long_that_is(small: TurnModel) -> None:
    for begun in (0.0, 1.0, 20.0):
        spoken = noise(begun + 1)
        assert small.finished(spoken) < 0.4
        assert small.finished(np.concatenate((spoken, silence(1)))) > 0.6


def test_it_judges_any_sound_even_none(small: TurnModel) -> None:
    for sound in (silence(0), silence(8), noise(0.001), noise(9, loudness=0.3)):
        assert 0 <= small.finished(sound) <= 1


def test_before_it_was_pulled_it_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMNI_HOME", str(tmp_path))
    with pytest.raises(BackendError, match="omni models pull smart-turn"):
        SmartTurn().load()


def test_a_folder_without_the_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BackendError, match=r"holds 0 \.onnx files"):
        SmartTurn(weights=str(tmp_path)).load()


def test_another_network_is_refused_in_one_line(tmp_path: Path) -> None:
    onnx.save(turn_smart_turn.network(columns=300), tmp_path / "other.onnx")
    with pytest.raises(BackendError, match=r"other\.onnx is no smart-turn v3"):
        SmartTurn(weights=str(tmp_path)).load()


def test_a_damaged_file_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "half.onnx").write_bytes(b"\x08")
    with pytest.raises(BackendError, match=r"half\.onnx .*pull it anew"):
        SmartTurn(weights=str(tmp_path)).load()
