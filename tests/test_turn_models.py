"""The models that hear whether a speaker has ended, and the human speech they are measured on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from devices.media import Samples
from pipelines import backends
from pipelines.backends import BackendError
from pipelines.turn_models.mels import log_mels, normalised
from pipelines.turn_models.smart_turn import SmartTurn, SmartTurnModel
from tests.benchmarks._prosody import features, pitches
from tests.small import turn_smart_turn


def noise(seconds: float, loudness: float = 0.1) -> Samples:
    made = np.random.default_rng(1).standard_normal(round(16_000 * seconds))
    return (loudness * made).astype(np.float32)


def silence(seconds: float) -> Samples:
    return np.zeros(round(16_000 * seconds), np.float32)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> SmartTurnModel:
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


def test_it_hears_the_end_of_the_sound_however_long_that_is(small: SmartTurnModel) -> None:
    for begun in (0.0, 1.0, 20.0):
        spoken = noise(begun + 1)
        assert small.finished(spoken) < 0.4
        assert small.finished(np.concatenate((spoken, silence(1)))) > 0.6


def test_it_judges_any_sound_even_none(small: SmartTurnModel) -> None:
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
    turn_smart_turn.save(tmp_path / "other.onnx", columns=300)
    with pytest.raises(BackendError, match=r"other\.onnx is no smart-turn v3"):
        SmartTurn(weights=str(tmp_path)).load()


def test_a_damaged_file_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "half.onnx").write_bytes(b"\x08")
    with pytest.raises(BackendError, match=r"half\.onnx .*pull it anew"):
        SmartTurn(weights=str(tmp_path)).load()


def voice(hertz: Sequence[float], seconds: float = 0.25) -> Samples:
    """Syllables of a buzzing voice, each of another pitch, with a little silence between them."""
    parts = []
    for one in hertz:
        at = np.arange(round(16_000 * seconds)) / 16_000
        parts += [sum(np.sin(2 * np.pi * one * k * at) / k for k in range(1, 9)) * 0.1, silence(0.08)]
    return np.concatenate(parts).astype(np.float32)


@pytest.mark.parametrize("hertz", [75, 120, 210, 380])
def test_the_pitch_of_a_voice_is_found_with_noise_around_it(hertz: float) -> None:
    sound = voice([hertz], seconds=1.0)
    found = pitches((sound + noise(1.08, 0.005)).astype(np.float64))
    assert np.isnan(found[-4:]).all()  # the silence after it
    assert abs(2 ** (np.nanmedian(found) / 12) - hertz) < 0.03 * hertz
    assert np.isnan(found).mean() < 0.2


def test_a_voice_falls_at_its_end_or_draws_it_out() -> None:
    falling, level = features(voice([200, 190, 200, 190, 110])), features(voice([200, 190, 200, 190, 200]))
    drawn_out = features(np.concatenate((voice([200, 190, 200]), voice([200], 0.8))))
    assert falling is not None
    assert level is not None
    assert drawn_out is not None
    assert falling.pitch < level.pitch - 5
    assert drawn_out.length > level.length + 0.3


def test_where_no_voice_is_there_is_no_prosody() -> None:
    assert [features(sound) for sound in (silence(0), silence(3), noise(2), noise(0.01))] == [None] * 4


def test_without_weights_only_the_words_tell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OMNI_HOME", str(tmp_path))
    chosen = backends.find("turn", "auto")()
    assert chosen.outlook() == "constant"
    assert backends.load(chosen, "turn").finished(np.zeros(1600, np.float32)) is None
