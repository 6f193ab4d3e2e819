"""The Piper voice: sound as long as the text, understood by a recogniser, each script by its own voice."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from devices.media import SPEECH_RATE
from pipelines import backends
from pipelines.backends import Adjustable, BackendError, Manner, TimedVoice, Voice
from pipelines.transcribers.guards import plain
from pipelines.voices import onnx as onnx_voice
from pipelines.voices import piper
from pipelines.voices.piper import Piper, PiperVoices
from pipelines.wordtimes import heard_until, tokens
from tests.conftest import REPOSITORY
from tests.humming import hum, hum_by_letter
from tests.standins import stand_in

pytest.importorskip("piper", reason="the extra `piper` is not installed")
soxr = pytest.importorskip("soxr")

FILE = "unit_voice.onnx"
CHINESE: dict[str, Any] = {"language": {"code": "zh_CN", "family": "zh"}, "espeak": {"voice": "cmn"}}


def load(**options: object) -> PiperVoices:
    given = {"weights": str(stand_in("piper-unitvoice")), "threads": 1, **options}
    voice: PiperVoices = backends.load(Piper.model_validate(given), "voice")
    return voice


@pytest.fixture(scope="module")
def voice() -> PiperVoices:
    return load()


@pytest.fixture
def own_voice(tmp_path: Path) -> Path:
    """A copy of the voice, for changing what its file says."""
    for name in (FILE, f"{FILE}.json"):
        shutil.copy(stand_in("piper-unitvoice") / name, tmp_path)
    return tmp_path


def tell(folder: Path, **changes: object) -> None:
    path = folder / f"{FILE}.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | changes), "utf-8")


def seconds(voice: PiperVoices, text: str) -> float:
    return len(voice.synthesize(text)) / voice.rate


def test_a_sentence_becomes_sound_at_the_rate_of_its_file(voice: PiperVoices) -> None:
    said = voice.synthesize("I see at least two people.")
    assert isinstance(voice, Voice)
    assert (said.dtype, said.ndim, voice.rate) == (np.float32, 1, 22050)
    assert 0.1 < np.abs(said).max() <= 1
    assert 1 < len(said) / voice.rate < 3


def test_a_longer_text_is_longer(voice: PiperVoices) -> None:
    texts = ["Stop.", "What time is it?", "I see a person sitting at a desk.", "I see a person. There is a dog. Yes."]
    lengths = [seconds(voice, text) for text in texts]
    assert lengths == sorted(lengths)
    assert seconds(voice, "What time is it? " * 30) == pytest.approx(30 * seconds(voice, "What time is it? "), rel=0.1)


def test_nothing_to_say_is_no_sound(voice: PiperVoices) -> None:
    for text in ("", "  \n", "\x00\x01\x1b"):
        assert len(voice.synthesize(text)) == 0


def test_marks_that_mean_something_to_piper_are_only_text(voice: PiperVoices) -> None:
    """`[[..]]` would be phoneme names."""
    assert seconds(voice, "[[aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa]]") < 1.5 * seconds(voice, "a" * 40)
    assert seconds(voice, "hello\x1b[2J") > seconds(voice, "hello")


def test_softer_is_softer(voice: PiperVoices) -> None:
    text = "how many people are in the room"
    assert np.abs(load(volume=0.25).synthesize(text)).max() == pytest.approx(0.25, rel=0.05)
    with pytest.raises(ValidationError):
        Piper(volume=0, threads=1)


def test_speed_and_noise_reach_the_network(own_voice: Path) -> None:
    hum(own_voice / FILE)
    tell(own_voice, inference={"noise_scale": 0.5, "length_scale": 1.2, "noise_w": 0.25})
    folder, text = str(own_voice), "how many people are in the room"
    as_told = seconds(load(weights=folder), text)
    assert seconds(load(weights=folder, speed=2.0), text) == pytest.approx(as_told / 2, rel=0.01)
    assert seconds(load(weights=folder, noise=1.0), text) == pytest.approx(as_told * 2, rel=0.01)
    assert seconds(load(weights=folder, rhythm=0.5), text) == pytest.approx(as_told * 2, rel=0.01)
    tell(own_voice, inference={"noise_scale": 0.5, "length_scale": 2.4, "noise_w": 0.25})
    assert seconds(load(weights=folder), text) == pytest.approx(as_told * 2, rel=0.01)


def test_a_long_sentence_is_spoken_in_pieces(own_voice: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hum(own_voice / FILE)
    humming, text = load(weights=str(own_voice)), "how many people are in the room"
    whole = seconds(humming, text)
    monkeypatch.setattr(onnx_voice, "LONGEST_PIECE", 10)
    assert seconds(humming, text) > whole, "each piece has a beginning and an end of its own"


def test_it_tells_when_it_says_each_word(voice: PiperVoices) -> None:
    """This voice does not know, so it is an estimate, and the words of espeak-ng stand where that speaks."""
    text = "The sign says 出口, and EXIT."
    said = voice.speak(text)
    assert isinstance(voice, TimedVoice)
    assert [word.text for word in said.words] == ["The", "sign", "says", "出", "口", "and", "EXIT"]
    assert [word.start for word in said.words] == sorted(word.start for word in said.words)
    before, chinese = seconds(voice, "The sign says "), seconds(voice, "出口, ")
    assert said.words[2].end <= before <= said.words[3].start
    assert said.words[4].end <= before + chinese <= said.words[5].start + 0.02
    assert heard_until(text, said.words, before) == "The sign says"


@pytest.mark.parametrize("text", ["how many people are in the room", "none of the 25 at all", "Yes. It is. No."])
def test_a_voice_that_knows_how_long_its_sounds_are_is_believed(own_voice: Path, text: str) -> None:
    """Each letter hums as long as its number says; espeak-ng says "of the" as one word, and "25" as two."""
    hum_by_letter(own_voice / FILE)
    said = load(weights=str(own_voice)).speak(text)
    words = [token.text for token in tokens(text)]
    assert [word.text for word in said.words] == words
    true = [seconds(load(weights=str(own_voice)), text[: token.start]) for token in tokens(text)]
    for word, start in zip(said.words, true, strict=True):
        assert word.start == pytest.approx(start, abs=0.4 if word.text == "the" else 0.08), word


def test_what_it_says_is_understood(voice: PiperVoices) -> None:
    pytest.importorskip("faster_whisper", reason="the extra `neural` is not installed")
    from pipelines.transcribers.whisper import FasterWhisper

    folder = stand_in("whisper-fixture")
    whisper = FasterWhisper(weights=str(folder), threads=1, beam=1).load()
    phrases = json.loads((folder / "PHRASES.json").read_text("utf-8"))["phrases"]["en"][1::12]
    heard = {}
    for phrase in phrases:
        said = soxr.resample(voice.synthesize(phrase), voice.rate, SPEECH_RATE)
        heard[plain(phrase)] = plain(whisper.transcribe(said).text)
    assert heard == {plain(phrase): plain(phrase) for phrase in phrases}


def test_another_script_is_read_by_espeak(voice: PiperVoices) -> None:
    espeak = pytest.importorskip("pipelines.voices.espeak").Espeak()
    pytest.importorskip("espeakng_loader", reason="the extra `embedded` is not installed")
    alone = len(espeak.load().synthesize("出口 ")) / 22050
    assert voice.stand_in == ""
    assert seconds(voice, "The sign says 出口 and EXIT.") == pytest.approx(
        seconds(voice, "The sign says ") + alone + seconds(voice, "and EXIT."), abs=0.05
    )
    assert 0.3 < seconds(voice, "こんにちは") < 3


def test_another_script_is_left_out_where_no_voice_can_read_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(piper, "_espeak", lambda: None)
    voice = load()
    assert voice.stand_in == "Chinese text is not read aloud: voice.chinese names a voice for it."
    assert len(voice.synthesize("出口")) == 0
    assert seconds(voice, "The sign says 出口.") > 0.5


def test_chinese_is_read_by_the_voice_named_for_it_at_the_rate_of_the_first(own_voice: Path) -> None:
    tell(own_voice, audio={"sample_rate": 16000}, **CHINESE)
    both = load(chinese=str(own_voice))
    alone = len(load(weights=str(own_voice)).synthesize("你好")) / 16000
    assert both.rate == 22050
    assert seconds(both, "你好") == pytest.approx(alone, rel=0.02)


def test_a_pulled_chinese_voice_is_found_by_itself(
    own_voice: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(own_voice, **CHINESE)
    monkeypatch.setenv("OMNI_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(piper, "_espeak", lambda: None)
    shutil.copytree(own_voice, tmp_path / "home" / "models" / "piper-zh", ignore=shutil.ignore_patterns("home"))
    voice = load()
    assert voice.stand_in == ""
    assert seconds(voice, "你好") > 0.3


def test_a_voice_that_is_chinese_reads_all_text(own_voice: Path) -> None:
    tell(own_voice, **CHINESE)
    chinese = load(weights=str(own_voice), chinese="no-such-voice")
    assert seconds(chinese, "你好") > 0.3
    assert seconds(chinese, "hello") > 0.3


def test_a_file_may_be_named_instead_of_its_folder(voice: PiperVoices) -> None:
    named = load(weights=str(stand_in("piper-unitvoice") / FILE))
    np.testing.assert_array_equal(named.synthesize("Stop."), voice.synthesize("Stop."))


def failure(**options: object) -> str:
    with pytest.raises(BackendError) as error:
        load(**options)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_what_is_wrong_is_one_line(own_voice: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMNI_HOME", str(tmp_path / "home"))
    assert failure(weights="piper-en") == "the weights 'piper-en' are not here: omni models pull piper-en"
    assert "has 1 speakers" in failure(weights=str(own_voice), speaker=3)
    tell(own_voice, phoneme_type="pinyin")
    assert "needs the model g2pW in its folder" in failure(weights=str(own_voice))
    tell(own_voice, phoneme_type="runes")
    assert "describes no Piper voice" in failure(weights=str(own_voice))
    (own_voice / f"{FILE}.json").write_text("[", "utf-8")
    assert "cannot be read, pull it anew" in failure(weights=str(own_voice))
    (own_voice / f"{FILE}.json").unlink()
    assert "there is no voice in" in failure(weights=str(own_voice))


def test_a_broken_network_is_one_line(own_voice: Path) -> None:
    for damaged in (b"not a network", b""):
        (own_voice / FILE).write_bytes(damaged)
        assert f"{FILE} cannot be read, pull it anew" in failure(weights=str(own_voice))


@pytest.mark.parametrize(
    "changes", [{"espeak": {"voice": "../../x"}}, {"audio": {"sample_rate": -5}}, {"espeak": 5}, {"phoneme_id_map": 5}]
)
def test_a_file_that_tells_nonsense_is_one_line(own_voice: Path, changes: dict[str, Any]) -> None:
    tell(own_voice, **changes)
    assert "pull it anew" in failure(weights=str(own_voice))


def test_a_file_nested_without_end_is_one_line(own_voice: Path) -> None:
    (own_voice / f"{FILE}.json").write_text('{"a":' * 50_000, "utf-8")
    assert "cannot be read, pull it anew" in failure(weights=str(own_voice))


@pytest.mark.parametrize("first", ["piper", "espeak"])
def test_it_shares_a_process_with_the_espeak_voice(first: str) -> None:
    """Both carry an espeak-ng of their own; whichever comes first must not change what the other says."""
    pytest.importorskip("espeakng_loader", reason="the extra `embedded` is not installed")
    script = f"""
import sys, threading
from pipelines.voices.espeak import Espeak
from pipelines.voices.piper import Piper
make = {{"espeak": Espeak, "piper": lambda: Piper(weights={str(stand_in("piper-unitvoice"))!r}, threads=1)}}
names = ["espeak", "piper"] if {first!r} == "espeak" else ["piper", "espeak"]
voices = {{name: make[name]().load() for name in names}}
alone = {{name: len(voices[name].synthesize("what is on the table")) for name in names}}
def speak(name):
    for _ in range(20):
        there = len(voices[name].synthesize("what is on the table"))
        assert abs(there - alone[name]) < 0.05 * alone[name], (name, there)
threads = [threading.Thread(target=speak, args=(name,)) for name in names]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(alone["espeak"] > 10000, alone["piper"] > 10000)
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert (done.stdout.split(), done.stderr) == (["True", "True"], "")


def test_it_speaks_as_fast_as_it_is_told(own_voice: Path) -> None:
    hum(own_voice / FILE)
    text, own = "how many people are in the room", load(weights=str(own_voice), speed=1.25)
    assert isinstance(own, Adjustable)
    usual = seconds(own, text)
    for rate in (0.8, 2.0, 3.0):
        own.adjust(Manner(rate))
        assert seconds(own, text) == pytest.approx(usual / rate, rel=0.01)
    own.adjust(Manner())
    assert seconds(own, text) == usual


def test_another_voice_is_taken_by_its_name_and_none_that_is_not_here(own_voice: Path) -> None:
    hum(own_voice / FILE)
    text, own = "how many people are in the room", load()
    usual = seconds(own, text)
    own.adjust(Manner(voice=str(own_voice)))
    humming = seconds(own, text)
    assert humming != usual
    with pytest.raises(BackendError, match="no-such-voice"):
        own.adjust(Manner(2.0, voice="no-such-voice"))
    assert seconds(own, text) == humming
    own.adjust(Manner())
    assert seconds(own, text) == usual
