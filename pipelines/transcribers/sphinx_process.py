"""The process in which PocketSphinx searches: it would keep all other threads of its own from running meanwhile.

Run as a file, without anything else of this project, so that it is there at once. A message is four bytes, which are
its length, little-endian, and then so many bytes: the grammars by name first, in JSON, and then utterances: a byte that
tells which grammar, counted from 0, and 16 kHz PCM of 16 bits. Each is answered in JSON: the grammars with `null` or
what is wrong, an utterance with a `Found`. It ends with its input.
"""

from __future__ import annotations

import json
import math
import os
import queue
import re
import signal
import struct
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, TypedDict

PIECE = 3200
"""Bytes, a tenth of a second, that the decoder is given at once: between them the end of the input is seen."""

_LENGTH = struct.Struct("<I")


class Found(TypedDict):
    """The best path through the grammar."""

    text: str
    accepted: bool
    """False where the path stops in the middle of a request."""
    path: list[tuple[bool, int, int, float]]
    """Of each segment: whether it is a word and no silence, its first frame of 10 ms and the one after its last, and
    its log-likelihood summed over them, each against the best of all sounds: 0 where none fits better."""


class Refused(Exception):
    """Why there can be no recogniser, in one line."""


class Recogniser:
    """A decoder for several grammars, which share what it knows of sounds and words. Raises Refused."""

    def __init__(self, grammars: Mapping[str, str]) -> None:
        """`grammars`: each by what it is called where something is wrong in it."""
        self._decoder = _decoder(cmn="live", compallsen=True)
        self._levels = _Levels()
        self._grammars = [_grammar(self._decoder, text, name) for name, text in grammars.items()]
        self._names = list(grammars)

    def find(self, pcm: bytes, number: int = 0) -> Found:
        """What is heard by the grammar of that number, counted from 0."""
        levels = self._levels.of(pcm)
        self._decoder.activate_search(self._names[number])
        self._decoder.start_utt()
        for start in range(0, len(pcm), PIECE):
            self._decoder.set_cmn(levels)  # it would shift them little by little
            self._decoder.process_raw(pcm[start : start + PIECE])
        self._decoder.set_cmn(levels)
        self._decoder.end_utt()
        best = self._decoder.hyp()
        if best is None:
            return Found(text="", accepted=False, path=[])
        path = [_segment(found) for found in self._decoder.seg()]
        return Found(text=best.hypstr, accepted=bool(self._grammars[number].accept(best.hypstr)), path=path)


class _Levels:
    """The mean of each feature of an utterance, by which all of it is normalised; found with hardly any search."""

    def __init__(self) -> None:
        self._decoder = _decoder(cmn="batch", ds=100, topn=1)
        self._decoder.add_keyphrase("nothing", "hello")
        self._decoder.activate_search("nothing")

    def of(self, pcm: bytes) -> str:
        """As the decoder writes them."""
        self._decoder.start_utt()
        self._decoder.process_raw(pcm, no_search=True, full_utt=True)
        self._decoder.end_utt()
        return str(self._decoder.get_cmn(False))


def _segment(found: Any) -> tuple[bool, int, int, float]:
    is_word = found.word[0] not in "<[(+"
    return is_word, found.start_frame, found.end_frame + 1, math.log(max(found.ascore, 1e-300))


def _decoder(**settings: Any) -> Any:
    """PocketSphinx with its own English model, mute on stderr."""
    from pocketsphinx import Config, Decoder, get_model_path

    model = Path(get_model_path()) / "en-us"
    files = {"hmm": str(model / "en-us"), "dict": str(model / "cmudict-en-us.dict")}
    try:
        return Decoder(Config(**files, **settings, lm=None, loglevel="FATAL"))
    except (RuntimeError, ValueError) as error:
        raise Refused("PocketSphinx finds no model: pip install --force-reinstall pocketsphinx") from error


def _grammar(decoder: Any, text: str, name: str) -> Any:
    """Let the decoder know this grammar. What it would only log, or crash on, is looked for beforehand."""
    what = f"the grammar {name}"
    if unknown := [word for word in _words(text) if decoder.lookup_word(word) is None]:
        raise Refused(f"{what} has words without a known pronunciation: {', '.join(unknown)}")
    if undefined := sorted(set(re.findall(r"<[\w.]+>", text)) - set(re.findall(r"(<[\w.]+>)\s*=", text)) - _BUILT_IN):
        raise Refused(f"{what} uses rules that it does not define: {', '.join(undefined)}")
    try:
        if not text.lstrip("\ufeff").startswith("#JSGF"):
            raise ValueError("no #JSGF header")
        decoder.add_jsgf_string(name, text)
    except ValueError as error:
        raise Refused(f"{what} is no JSGF: it needs `#JSGF V1.0;` and a public rule") from error
    return decoder.get_fsg(name)


_BUILT_IN = {"<NULL>", "<VOID>"}
_NO_WORDS = re.compile(
    r"//.*|/\*.*?\*/|#JSGF[^;]*;|\bgrammar [^;]*;|<[^>]*>|\{[^}]*\}|/[\d.]+/|\bpublic\b|[=|()\[\];*+]", re.S
)


def _words(grammar: str) -> list[str]:
    """The words that a grammar can hear, each once."""
    return sorted(set(_NO_WORDS.sub(" ", re.sub(r"//[^\n]*", " ", grammar)).split()))


def write(stream: IO[bytes], message: bytes) -> None:
    """Send one message. Raises OSError where nobody is left to read it."""
    stream.write(_LENGTH.pack(len(message)) + message)
    stream.flush()


def read(stream: IO[bytes]) -> bytes:
    """Receive one message. Raises EOFError where the other side has ended."""
    (length,) = _LENGTH.unpack(_exactly(stream, _LENGTH.size))
    return _exactly(stream, length)


def _exactly(stream: IO[bytes], size: int) -> bytes:
    found = stream.read(size)
    if len(found) < size:
        raise EOFError
    return found


def _messages(stream: IO[bytes], line: queue.SimpleQueue[bytes]) -> None:
    """Hand on what comes, and end the whole process with it, in the middle of an utterance, too."""
    try:
        while True:
            line.put(read(stream))
    except EOFError:
        os._exit(0)


def _serve(line: queue.SimpleQueue[bytes], answers: IO[bytes]) -> None:
    try:
        recogniser = Recogniser(json.loads(line.get()))
    except Refused as error:
        return write(answers, json.dumps(str(error)).encode())
    write(answers, b"null")
    while True:
        asked = line.get()
        write(answers, json.dumps(recogniser.find(asked[1:], asked[0])).encode())


def main() -> None:
    """`python sphinx_process.py`, and then messages."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started it says when it ends
    line: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_messages, args=(sys.stdin.buffer, line), daemon=True).start()
    try:
        _serve(line, sys.stdout.buffer)
    finally:
        os._exit(1)  # an orderly end would wait for the thread that reads


if __name__ == "__main__":
    main()
