"""Whisper hears real speech and synthetic speech exactly, in its language, and nothing where nobody speaks.

The weights know the sentences that are asked here and no others: this proves the way, not how well it understands.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from devices.media import SPEECH_RATE, Samples
from pipelines import backends
from pipelines.backends import BackendError, Transcriber
from pipelines.transcribers.guards import Evidence, plain
from pipelines.transcribers.whisper import FasterWhisper, Whisper
from pipelines.types import Heard
from tests.standins import stand_in

pytest.importorskip("faster_whisper", reason="the extra `neural` is not installed")
soxr = pytest.importorskip("soxr")

CLIPS = {
    "jfk.flac": "And so, my fellow Americans, ask not what your country can do for you, "
    "ask what you can do for your country.",
    "LJ001-0002.wav": "in being comparatively modern.",
    "leopard-en.wav": "Mr. Quilter is the apostle of the middle classes and we are glad to welcome his gospel.",
    "sb-spk1_snt1.wav": "The child almost hurt the small dog.",
    "tinygrad-box.wav": "Could you please let me out of the box?",
    "uberi-english.wav": "one two three",
    "va-describe_what_you_see.mp3": "describe what you see",
    "ww-okay_nabu-1.wav": "okay nabu",
}


@pytest.fixture(scope="module")
def whisper() -> Whisper:
    return FasterWhisper(weights=str(stand_in("whisper-fixture")), threads=1, beam=1).load()


@pytest.fixture(scope="module")
def say() -> Callable[[str], Samples]:
    """A sentence as the espeak voice says it, at the rate of a microphone."""
    pytest.importorskip("espeakng_loader", reason="the extra `embedded` is not installed")
    from pipelines.voices.espeak import Espeak

    voice = Espeak().load()
    return lambda text: soxr.resample(voice.synthesize(text), voice.rate, SPEECH_RATE)


def sound(path: Path) -> Samples:
    import soundfile

    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    heard: Samples = soxr.resample(samples.mean(axis=1), rate, SPEECH_RATE)
    return heard


@pytest.mark.parametrize("name", CLIPS)
def test_real_speech_is_put_into_words_exactly(name: str, whisper: Whisper, media: Path) -> None:
    heard = whisper.transcribe(sound(media / "audio" / name))
    assert (heard.text, heard.language) == (CLIPS[name], "en")
    assert heard.confidence is not None
    assert 0.3 < heard.confidence <= 1


def test_it_tells_when_each_word_was_said_where_that_is_wanted(media: Path) -> None:
    whisper = FasterWhisper(weights=str(stand_in("whisper-fixture")), threads=1, beam=1, words=True).load()
    heard = whisper.transcribe(sound(media / "audio" / "tinygrad-box.wav"))
    assert " ".join(word.text for word in heard.words) == heard.text == CLIPS["tinygrad-box.wav"]
    assert [word.start for word in heard.words] == sorted(word.start for word in heard.words)


def test_chinese_is_recognised_as_chinese(whisper: Whisper, media: Path) -> None:
    heard = whisper.transcribe(sound(media / "audio" / "zh-aishell-BAC009S0724W0121.wav"))
    assert (heard.text, heard.language) == ("广州市房地产中介协会分析", "zh")


def test_what_the_voice_says_is_understood(whisper: Whisper, say: Callable[[str], Samples]) -> None:
    phrases = json.loads((stand_in("whisper-fixture") / "PHRASES.json").read_text("utf-8"))["phrases"]["en"][::6]
    heard = {phrase: whisper.transcribe(say(phrase)) for phrase in phrases}
    assert {plain(phrase): plain(one.text) for phrase, one in heard.items()} == {plain(p): plain(p) for p in phrases}
    assert {one.language for one in heard.values()} == {"en"}


def test_what_the_voice_says_in_chinese_is_understood(whisper: Whisper, say: Callable[[str], Samples]) -> None:
    heard = whisper.transcribe(say("停止"))  # the weights learnt their other Chinese from another voice
    assert (heard.text, heard.language) == ("停止", "zh")


@pytest.mark.parametrize("name", ["noise-sb-noise1.wav", "leopard-empty.wav"])
def test_noise_is_no_words(name: str, whisper: Whisper, media: Path) -> None:
    assert whisper.transcribe(sound(media / "audio" / name)[: 10 * SPEECH_RATE]).text == ""


def test_too_little_sound_is_no_words(whisper: Whisper) -> None:
    assert isinstance(whisper, Transcriber)
    for samples in (0, 1, 400, 1600, SPEECH_RATE):
        assert whisper.transcribe(np.zeros(samples, np.float32)) == Heard("", 0.0)


def test_words_at_the_very_edge_are_kept(whisper: Whisper, say: Callable[[str], Samples]) -> None:
    said = say("what is on the table")
    loud = np.flatnonzero(np.abs(said) > 0.01)
    assert plain(whisper.transcribe(said[loud[0] : loud[-1]]).text) == "what is on the table"


def test_the_same_sound_gives_the_same_words(whisper: Whisper, say: Callable[[str], Samples]) -> None:
    said = say("turn on the light")
    assert whisper.transcribe(said) == whisper.transcribe(said)


class Measuring:
    """A model that writes how much sound it was given."""

    def transcribe(self, sound: Samples, **options: object) -> tuple[list[Any], Any]:
        text = f" {len(sound) / SPEECH_RATE:.1f} seconds"
        words = [SimpleNamespace(word=" seconds", start=0.1, end=0.8)]
        segment = SimpleNamespace(
            text=text, avg_logprob=-0.1, no_speech_prob=0, compression_ratio=1, tokens=[1], words=words
        )
        return [segment], SimpleNamespace(language="en")


def test_silence_is_laid_around_the_sound(whisper: Whisper, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whisper, "_model", Measuring())
    heard = whisper.transcribe(np.ones(SPEECH_RATE, np.float32))
    assert heard.text == "1.6 seconds"
    (word,) = heard.words
    assert (word.text, word.start, round(word.end, 6)) == ("seconds", 0.0, 0.5), "in the sound's own time"


def test_a_loop_of_the_model_is_heard_as_nothing(whisper: Whisper, monkeypatch: pytest.MonkeyPatch) -> None:
    caught = ([Evidence("so it is, " * 9, -0.1)], "en")
    monkeypatch.setattr(whisper, "_segments", lambda samples, vad: caught)
    assert whisper.transcribe(np.ones(SPEECH_RATE, np.float32)) == Heard("", 0.0)


def load(**options: object) -> object:
    return backends.load(FasterWhisper.model_validate({"threads": 1, **options}), "transcriber")


def test_absent_weights_are_told_with_the_line_that_pulls_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMNI_HOME", str(tmp_path))
    with pytest.raises(BackendError, match="omni models pull whisper-small"):
        load()


def test_what_is_wrong_with_the_weights_is_one_line(tmp_path: Path) -> None:
    for name in ("config.json", "model.bin", "tokenizer.json"):
        shutil.copy(stand_in("whisper-fixture") / name, tmp_path)
    (tmp_path / "model.bin").write_bytes(b"not a model")
    with pytest.raises(BackendError, match="cannot be read, pull them anew") as broken:
        load(weights=str(tmp_path))
    assert "\n" not in str(broken.value)
    (tmp_path / "tokenizer.json").unlink()
    with pytest.raises(BackendError, match=r"lack tokenizer.json: they must be Whisper in CTranslate2's form"):
        load(weights=str(tmp_path))


def test_an_unknown_language_and_an_absent_gpu_are_one_line() -> None:
    import ctranslate2

    folder = str(stand_in("whisper-fixture"))
    with pytest.raises(BackendError, match="Whisper knows no language 'klingon': auto, "):
        load(weights=folder, language="klingon")
    if not ctranslate2.get_cuda_device_count():
        with pytest.raises(BackendError, match='set device = "cpu"'):
            load(weights=folder, device="cuda")


@pytest.mark.parametrize(
    ("name", "content"),
    [("tokenizer.json", "{"), *(("preprocessor_config.json", bad) for bad in ("null", "{", '{"a":' * 50_000))],
)
def test_files_beside_the_weights_may_be_broken_too(
    name: str, content: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for file in ("config.json", "model.bin", "tokenizer.json"):
        shutil.copy(stand_in("whisper-fixture") / file, tmp_path)
    (tmp_path / name).write_text(content)
    with pytest.raises(BackendError, match=r"pull (it|them) anew") as broken:
        FasterWhisper(weights=str(tmp_path), threads=1).load()
    assert "\n" not in str(broken.value)
    assert not caplog.records
