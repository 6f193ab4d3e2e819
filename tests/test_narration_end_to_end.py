"""By ear: what a session narrated into a sound file is understood again, sentence for sentence, by the recogniser."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from devices.media import SPEECH_RATE, Samples
from devices.speaker import WavFile
from pipelines.backends import Transcriber
from pipelines.clock import run
from tests.benchmarks._narration_oracles import Film
from tests.benchmarks._narration_runs import Narrated, Way, session_of
from tests.narrating import Script
from tests.standins import stand_in
from tests.test_narration_quality import NARRATOR, TABLE, VISITORS

pytest.importorskip("pocketsphinx", reason="the extra `embedded` is not installed")
pytest.importorskip("espeakng_loader", reason="the extra `embedded` is not installed")

PLACES = ("on your left", "ahead", "on your right")
SILENCES = (0, 1600, 3200, 4800, 8000)
"""Samples of it before a sentence, and after it."""
THINGS = ("person", "cup", "cat", "dog", "car")


def sentences() -> list[str]:
    """What may be heard: everything that a narrator says of one of these coming or going, in whatever place."""
    came = [f"a {thing} {place}" for thing, place in product(THINGS, PLACES)]
    more = [f"one more {thing} {place} now two" for thing, place in product(THINGS, PLACES)]
    gone = [f"the {thing} {place} is gone" for thing, place in product(THINGS, PLACES)]
    return [*came, *more, *gone, *(f"{one} now one" for one in gone)]


def grammar(folder: Path) -> Path:
    path = folder / "said.jsgf"
    path.write_text(f"#JSGF V1.0;\ngrammar said;\npublic <said> = {' | '.join(sentences())};\n")
    return path


def spelled(text: str) -> str:
    """As the grammar has it."""
    words = re.sub(r"[^\w\s]", " ", text.lower()).split()
    return " ".join({"1": "one", "2": "two"}.get(word, word) for word in words)


def narrated_into(path: Path, script: Script, way: Way) -> Narrated:
    """The session, with a sound file in the place of the speaker."""
    from pipelines.voices.espeak import Espeak

    async def session() -> Narrated:
        film = Film(script)
        speaker = WavFile(path)
        try:
            return await session_of(film, way, Espeak().load(), speaker)
        finally:
            await speaker.close()

    return run(session())


def heard(path: Path, told: Narrated, folder: Path) -> list[str]:
    """Sentence by sentence, as the recogniser understands what stands in the file at the time that it was said."""
    import soundfile
    import soxr

    from pipelines.transcribers.sphinx import Sphinx

    sound, rate = soundfile.read(path, dtype="float32")
    sound = soxr.resample(sound, rate, SPEECH_RATE)
    sphinx = Sphinx(grammar=grammar(folder), strictness=0.0).load()
    return [understood(sphinx, piece) for piece in _pieces(sound, told)]


def understood(sphinx: Transcriber, piece: Samples) -> str:
    """Short sentences are lost on it with some silences before them: that which it is surest of counts."""
    tries = [sphinx.transcribe(np.pad(piece, samples)) for samples in SILENCES]
    return max(tries, key=lambda one: one.confidence or 0.0).text


def _pieces(sound: Samples, told: Narrated) -> Sequence[Samples]:
    """The file begins with the session, which is when the film does."""
    pieces = []
    for one in told.said:
        begins, ends = (round(at * SPEECH_RATE) for at in (one.began_at, one.ended_at))
        pieces.append(sound[max(0, begins - 160) : ends + 160])
    return pieces


@pytest.mark.parametrize("script", [VISITORS, TABLE], ids=lambda one: one.name)
def test_every_sentence_is_heard_as_it_was_said(script: Script, tmp_path: Path) -> None:
    told = narrated_into(tmp_path / "told.wav", script, NARRATOR)
    said = [spelled(one.text) for one in told.said]
    assert len(said) >= 4
    known = [one for one in said if one in sentences()]
    assert len(known) >= 3, said
    texts = heard(tmp_path / "told.wav", told, tmp_path)
    assert [text for one, text in zip(said, texts, strict=True) if one in sentences()] == known


def test_photos_before_a_real_detector_are_heard_by_name_and_place(tmp_path: Path) -> None:
    pytest.importorskip("skimage", reason="the extra `demo` is not installed")
    from pipelines.spotters.fastestdet import FastestDet
    from tests.benchmarks._narration_scenes import table

    spotter = FastestDet(weights=str(stand_in("fastestdet"))).load()
    told = narrated_into(tmp_path / "told.wav", table(), replace(NARRATOR, spotter=spotter, reader=None))
    texts = heard(tmp_path / "told.wav", told, tmp_path)
    for sentence in ("a cup on your right", "a cat on your left"):
        assert sentence in texts, [one.text for one in told.said]


def test_silence_in_the_file_is_where_nothing_was_said(tmp_path: Path) -> None:
    import soundfile

    told = narrated_into(tmp_path / "told.wav", VISITORS, NARRATOR)
    sound, rate = soundfile.read(tmp_path / "told.wav", dtype="float32")
    silent = np.ones(len(sound), bool)
    for one in told.said:
        silent[round((one.began_at - 0.1) * rate) : round((one.ended_at + 0.1) * rate)] = False
    assert float(np.abs(sound[silent]).max()) < 1e-3
    assert float(np.abs(sound[~silent]).max()) > 0.05
