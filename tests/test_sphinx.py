"""The recogniser: requests come back word for word, other speech comes back as nothing, bad grammars as one line."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from devices.media import SPEECH_RATE
from pipelines.backends import BackendError, Transcriber
from pipelines.transcribers import sphinx_process
from pipelines.transcribers.sphinx import REQUESTS as GRAMMAR
from pipelines.transcribers.sphinx import WISHES, Sphinx, SphinxTranscriber, pcm
from pipelines.transcribers.sphinx_child import SphinxChild
from pipelines.voices.espeak import Espeak
from pipelines.wishes import Wish, wish_of
from tests.benchmarks.hearing import OUTSIDE, REQUESTS, clips, spoken, understood, utterances

pytest.importorskip("pocketsphinx", reason="the extra `embedded` is not installed")

SAY = spoken(Espeak(voice="en-us"))


@pytest.fixture(scope="module")
def sphinx() -> SphinxTranscriber:
    return Sphinx().load()


def test_most_requests_come_back_word_for_word(sphinx: SphinxTranscriber) -> None:
    """33 of 36 exact, one taken for another, when this was written. The voice is not bit-repeatable: hence the room."""
    heard = [understood(sphinx, sentence, SAY(sentence)) for sentence in REQUESTS[::3]]
    exact = sum(one.text == one.said for one in heard)
    wrong = [one for one in heard if one.text not in (one.said, "")]
    assert exact >= 0.8 * len(heard)
    assert len(wrong) <= 0.12 * len(heard), wrong


def test_little_of_other_speech_is_taken_for_a_request(sphinx: SphinxTranscriber) -> None:
    """None of 27 was accepted when this was written; over six voices, see tests/benchmarks/hearing.py."""
    heard = [understood(sphinx, sentence, SAY(sentence)) for sentence in OUTSIDE[::3]]
    accepted = [one for one in heard if one.text]
    assert len(accepted) <= 0.12 * len(heard), accepted


def test_real_speech_that_is_no_request_is_rejected(sphinx: SphinxTranscriber, media: Path) -> None:
    """None of 29 utterances was accepted when this was written."""
    short = [(name, sound) for name, sound in clips(media) if len(sound) < 12 * SPEECH_RATE]
    texts = [text for name, sound in short for text in understood(sphinx, name, sound).text.split(" | ")]
    assert len(texts) > 20
    assert sum(bool(text) for text in texts) <= 2, texts


def test_a_real_request_is_understood(sphinx: SphinxTranscriber, media: Path) -> None:
    import soundfile
    import soxr

    samples, rate = soundfile.read(media / "audio" / "va-describe_what_you_see.mp3", dtype="float32")
    (utterance,) = utterances(soxr.resample(samples, rate, SPEECH_RATE))
    heard = sphinx.transcribe(utterance.samples)
    assert heard.text == "describe what you see in the video please"
    assert heard.language == "en"
    assert heard.confidence is not None
    assert heard.confidence > 0.8


def test_a_whisper_and_a_shout_are_the_same_words(sphinx: SphinxTranscriber) -> None:
    said = SAY("what time is it")
    assert [sphinx.transcribe((said * gain).astype(np.float32)).text for gain in (0.05, 0.3, 1.5)] == [
        "what time is it"
    ] * 3


def test_what_was_said_before_changes_nothing(sphinx: SphinxTranscriber) -> None:
    said = SAY("how many people do you see")
    first = sphinx.transcribe(said)
    sphinx.transcribe(np.random.default_rng(1).normal(0, 0.3, 32_000).astype(np.float32))
    again = sphinx.transcribe(said)
    assert again.text == first.text == "how many people do you see"
    assert again.confidence == pytest.approx(first.confidence, abs=0.02)


@pytest.mark.parametrize("samples", [0, 1, 100, 1600, 16_000])
def test_silence_of_any_length_is_nothing(sphinx: SphinxTranscriber, samples: int) -> None:
    assert isinstance(sphinx, Transcriber)
    assert sphinx.transcribe(np.zeros(samples, np.float32)).text == ""


def test_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    Sphinx().load().transcribe(SAY("what do you see"))
    assert capfd.readouterr() == ("", "")


def test_strictness_decides_what_is_believed() -> None:
    said = SAY("what do you see")
    assert Sphinx(strictness=0.0).load().transcribe(said).text
    strict = Sphinx(strictness=1.0).load().transcribe(said)
    assert strict.text == ""
    assert strict.confidence


def test_a_grammar_of_ones_own(tmp_path: Path) -> None:
    grammar = tmp_path / "mine.jsgf"
    grammar.write_text(
        "#JSGF V1.0;\ngrammar mine;\n/* two words */\npublic <order> = open | close the <thing>;\n<thing> = window;"
    )
    mine = Sphinx(grammar=grammar).load()
    assert mine.transcribe(SAY("close the window")).text == "close the window"
    assert mine.transcribe(SAY("how many people do you see")).text == ""


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("#JSGF V1.0;\ngrammar a;\npublic <a> = hello | wurblefix;", "without a known pronunciation: wurblefix"),
        ("#JSGF V1.0;\ngrammar a;\npublic <a> = hello | <b>;", "rules that it does not define: <b>"),
        ("#JSGF V1.0;\ngrammar a;\npublic <a> = hello (;", "no JSGF"),
        ("#JSGF V1.0;\ngrammar a;\n<a> = hello;", "no JSGF"),
        ("hello", "no JSGF"),
        ("", "no JSGF"),
    ],
)
def test_a_bad_grammar_is_told_in_one_line(tmp_path: Path, text: str, says: str) -> None:
    grammar = tmp_path / "bad.jsgf"
    grammar.write_text(text)
    with pytest.raises(BackendError, match=says) as told:
        Sphinx(grammar=grammar).load()
    assert "\n" not in str(told.value)


def test_a_grammar_that_is_not_there_is_told_in_one_line(tmp_path: Path) -> None:
    for path in (tmp_path / "none.jsgf", tmp_path):
        with pytest.raises(BackendError, match="cannot be read"):
            Sphinx(grammar=path).load()


@pytest.fixture
def child() -> SphinxChild:
    return SphinxChild({path.name: path.read_text() for path in (GRAMMAR, WISHES)})


def gone(pid: int, within: float = 5.0) -> bool:
    """Whether no process of that number runs, or will soon not."""
    until = time.monotonic() + within
    while (there := _runs(pid)) and time.monotonic() < until:
        time.sleep(0.01)
    return not there


def _runs(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


@pytest.mark.real_time
def test_a_process_of_its_own_hears_exactly_the_same(child: SphinxChild) -> None:
    """By either grammar, and whichever was asked before."""
    here = sphinx_process.Recogniser({path.name: path.read_text() for path in (GRAMMAR, WISHES)})
    said = ("what do you see", "how many people are there", "she said that she would call later", "slow down please")
    for sentence, number in product(said, (0, 1)):
        sound = pcm(SAY(sentence))
        there = child.find(sound, number)
        there["path"] = [(bool(word), int(start), int(end), fit) for word, start, end, fit in there["path"]]
        assert there == here.find(sound, number)


@pytest.mark.real_time
def test_a_process_that_breaks_at_work_costs_one_utterance(child: SphinxChild) -> None:
    noise, first = pcm(np.random.default_rng(0).normal(0, 0.1, 480_000).astype(np.float32)), child.pid
    threading.Timer(0.1, os.kill, (first, signal.SIGKILL)).start()
    with pytest.raises(BackendError, match="broke off") as told:
        child.find(noise)
    assert "\n" not in str(told.value)
    assert child.find(pcm(SAY("what do you see")))["text"] == "what do you see"
    assert child.pid != first


@pytest.mark.real_time
def test_a_process_that_breaks_with_nothing_to_do_costs_nothing(child: SphinxChild) -> None:
    os.kill(child.pid, signal.SIGKILL)
    assert gone(child.pid)
    assert child.find(pcm(SAY("what do you see")))["text"] == "what do you see"


@pytest.mark.real_time
def test_ctrl_c_is_not_meant_for_it(child: SphinxChild) -> None:
    assert os.getpgid(child.pid) != os.getpgrp()
    os.kill(child.pid, signal.SIGINT)
    assert child.find(pcm(SAY("what do you see")))["accepted"]


@pytest.mark.real_time
def test_who_lets_go_of_it_ends_it() -> None:
    sphinx = Sphinx().load()
    pid = sphinx._child.pid
    assert _runs(pid)
    del sphinx
    assert gone(pid)


@pytest.mark.real_time
@pytest.mark.parametrize("busy", [False, True])
def test_it_ends_with_its_parent_even_if_that_is_killed(busy: bool) -> None:
    """In the middle of a minute of noise, too, which takes seconds."""
    script = (
        "import numpy as np; from pipelines.transcribers.sphinx import Sphinx\n"
        "sphinx = Sphinx().load(); print(sphinx._child.pid, flush=True)\n"
        "sphinx.transcribe(np.random.default_rng(0).normal(0, 0.1, 960_000).astype(np.float32))"
    )
    if not busy:
        script = script.rpartition("\n")[0] + "; input()"
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        time.sleep(0.3 if busy else 0)
        assert _runs(pid)
        parent.kill()
        assert gone(pid, within=2.0)


def test_wishes_are_heard_beside_the_requests(sphinx: SphinxTranscriber) -> None:
    """10 of 10 when this was written; over more voices it is fewer. The voice is not bit-repeatable: hence the room."""
    wishes = (
        "repeat", "slower", "less", "what's to my left", "read that", "louder", "where was the door", "pause",
        "what did you say before", "tell me when someone comes",
    )  # fmt: skip
    heard = [understood(sphinx, wish, SAY(wish)) for wish in wishes]
    assert sum(wish_of(one.text) == wish_of(one.said) for one in heard) >= 8, heard


def test_silence_can_be_wished_for(sphinx: SphinxTranscriber) -> None:
    assert wish_of(sphinx.transcribe(SAY("stop")).text) == Wish("stop")
