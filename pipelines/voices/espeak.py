"""A voice that needs no weights: espeak-ng (GPL-3.0-or-later, hence an extra) called through ctypes."""

from __future__ import annotations

import ctypes
import threading
from bisect import bisect_right
from functools import cache
from itertools import count, takewhile
from typing import ClassVar, NamedTuple

import numpy as np
from pydantic import Field

from devices.media import Samples
from pipelines.backends import BackendError, BackendOptions, Manner, Spoken
from pipelines.voices.parts import SILENCE, joined, later
from pipelines.voices.scripts import runs, script_of, speakable
from pipelines.wordtimes import Token, aligned, tokens

QUIET = 0.002
LEAD, TAIL = 0.01, 0.15
"""Seconds of the silence around a sentence that are kept: little before it, so that it is heard early."""

_SYNCHRONOUS, _DONT_EXIT, _UTF8, _OK = 2, 0x8000, 1, 0
_RATE, _VOLUME, _PITCH = 1, 2, 3
_NO_MORE, _WORD = 0, 1

_lock = threading.Lock()  # espeak keeps its state in the library: one synthesis at a time in the whole process


class Espeak(BackendOptions):
    """The options of the espeak-ng voice."""

    needs: ClassVar[tuple[str, ...]] = ("espeakng_loader",)
    extra: ClassVar[str] = "embedded"
    stand_in: ClassVar[str] = "The voice is a simple synthetic one: it is clear, but sounds like a machine."

    voice: str = "en-us"
    """Any espeak-ng voice, with a variant if wanted: `en-gb`, `de`, `en-us+f3`. CJK text gets its own."""
    words_per_minute: int = Field(default=170, ge=80, le=450)
    pitch: int = Field(default=50, ge=0, le=99)
    volume: int = Field(default=100, ge=0, le=200)

    def load(self) -> EspeakVoice:
        return EspeakVoice(self)


class EspeakVoice:
    """Speaks with espeak-ng; may be called from any thread."""

    def __init__(self, options: Espeak) -> None:
        self._options = self._usual = options
        with _lock:
            self._engine = _engine()
            self._engine.choose(options, options.voice)

    @property
    def rate(self) -> int:
        return self._engine.rate

    def adjust(self, manner: Manner) -> None:
        """Speak so from now on. Raises BackendError where there is no such voice."""
        usual = self._usual
        words = round(usual.words_per_minute * manner.rate)
        wanted = usual.model_copy(update={"words_per_minute": words, "voice": manner.voice or usual.voice})
        with _lock:
            self._engine.choose(wanted, wanted.voice)
        self._options = wanted

    def synthesize(self, text: str) -> Samples:
        """The text as sound in [-1, 1] at `rate`; no samples where nothing in it can be spoken.

        Raises BackendError when espeak-ng refuses.
        """
        return self.speak(text).samples

    def speak(self, text: str) -> Spoken:
        """The same, with its words where espeak-ng itself says that they begin."""
        with _lock:
            said = [self._engine.speak(self._options, run) for run in _runs(text, self._options.voice)]
        return joined([_trimmed(part, self.rate) for part in said], self.rate)


class Run(NamedTuple):
    """A stretch of text in one script, and the voice that can read it."""

    text: str
    voice: str


class _Event(ctypes.Structure):
    """espeak-ng's `espeak_EVENT`."""

    _fields_: ClassVar = [
        ("type", ctypes.c_int),
        ("message", ctypes.c_uint),
        ("position", ctypes.c_int),  # of a character, from 1
        ("length", ctypes.c_int),
        ("milliseconds", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", ctypes.c_char * 8),
    ]


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


class _VoiceEntry(ctypes.Structure):
    """The beginning of espeak-ng's `espeak_VOICE`."""

    _fields_: ClassVar = [
        ("name", ctypes.c_char_p),
        ("languages", ctypes.c_char_p),
        ("identifier", ctypes.c_char_p),
    ]


class _Engine:
    """The one espeak-ng of this process. Every call needs `_lock`."""

    def __init__(self) -> None:
        import espeakng_loader

        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        data = espeakng_loader.get_data_path().encode()
        self.rate: int = self._library.espeak_Initialize(_SYNCHRONOUS, 0, data, _DONT_EXIT)
        if self.rate <= 0:
            raise BackendError("espeak-ng finds no voice data: pip install --force-reinstall espeakng-loader")
        self._names = self._voice_names()
        self._heard: list[bytes] = []
        self._words: list[tuple[int, int]] = []
        self._callback = _Callback(self._collect)
        self._library.espeak_SetSynthCallback(self._callback)

    def choose(self, options: Espeak, voice: str) -> None:
        """Make the next words sound like this. Raises BackendError where there is no such voice."""
        language, plus, variant = voice.partition("+")
        name = self._names.get(language.lower(), language) + plus + variant
        if self._library.espeak_SetVoiceByName(name.encode()) != _OK:
            raise BackendError(f"espeak-ng has no voice called {voice!r}: use a language such as en-us, de or cmn")
        self._library.espeak_SetParameter(_RATE, options.words_per_minute, 0)
        self._library.espeak_SetParameter(_PITCH, options.pitch, 0)
        self._library.espeak_SetParameter(_VOLUME, options.volume, 0)

    def speak(self, options: Espeak, run: Run) -> Spoken:
        """One run. Plain text only: neither SSML nor phoneme names are switched on."""
        self.choose(options, run.voice)
        self._heard.clear()
        self._words.clear()
        data = run.text.encode()
        if self._library.espeak_Synth(data, len(data) + 1, 0, 0, 0, _UTF8, None, None) != _OK:
            raise BackendError("espeak-ng could not speak this sentence: try a shorter one")
        samples = np.frombuffer(b"".join(self._heard), np.int16).astype(np.float32) / np.float32(32768)
        words = tokens(run.text)
        return Spoken(samples, aligned(words, _marks(words, self._words), samples, self.rate))

    def _voice_names(self) -> dict[str, str]:
        """From language to the voice file that speaks it; `en-gb` is no file's own name."""
        self._library.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_VoiceEntry))
        entries = self._library.espeak_ListVoices(None)
        names: dict[str, str] = {}
        for entry in takewhile(bool, (entries[i] for i in count())):
            language = entry.contents.languages[1:]  # its first byte is a priority
            names.setdefault(language.decode(), entry.contents.identifier.decode())
        return names | {"zh": names.get("cmn", "cmn")}

    def _collect(self, samples: ctypes._Pointer[ctypes.c_short], many: int, events: ctypes._Pointer[_Event]) -> int:
        if many > 0:
            self._heard.append(ctypes.string_at(samples, many * 2))
        told = takewhile(lambda event: event.type != _NO_MORE, (events[i] for i in count()))
        for event in told if events else ():
            if event.type == _WORD:
                self._words.append((event.position - 1, event.sample))
        return 0


@cache
def _engine() -> _Engine:
    return _Engine()


def _runs(text: str, voice: str) -> list[Run]:
    return [Run(run, _voice_for(run, voice)) for run in runs(speakable(text))]


def _voice_for(run: str, voice: str) -> str:
    language = script_of(run)
    if language is None or voice.startswith(("cmn", "yue", "ja", "ko")):
        return voice
    return {"zh": "cmn"}.get(language, language)


def _marks(words: list[Token], events: list[tuple[int, int]]) -> dict[int, int]:
    """From word to first sample: espeak-ng tells of parts of words too, and of several words as one."""
    ends = [word.end for word in words]
    marks: dict[int, int] = {}
    for position, sample in events:
        word = bisect_right(ends, position)
        if word < len(words) and word > max(marks, default=-1):
            marks[word] = sample
    return marks


def _trimmed(said: Spoken, rate: int) -> Spoken:
    """Without the long silences espeak puts around a sentence."""
    loud = np.flatnonzero(np.abs(said.samples) > QUIET)
    if not len(loud):
        return SILENCE
    first = max(0, int(loud[0]) - int(LEAD * rate))
    return Spoken(said.samples[first : loud[-1] + int(TAIL * rate)], later(said.words, -first / rate))
