"""A voice that needs no weights: espeak-ng (GPL-3.0-or-later, hence an extra) called through ctypes."""

from __future__ import annotations

import ctypes
import threading
from functools import cache
from itertools import count, takewhile
from typing import ClassVar, NamedTuple

import numpy as np
from pydantic import Field

from devices.media import Samples
from pipelines.backends import BackendError, BackendOptions
from pipelines.voices.scripts import runs, script_of, speakable

QUIET = 0.002
LEAD, TAIL = 0.01, 0.15
"""Seconds of the silence around a sentence that are kept: little before it, so that it is heard early."""

_SYNCHRONOUS, _DONT_EXIT, _UTF8, _OK = 2, 0x8000, 1, 0
_RATE, _VOLUME, _PITCH = 1, 2, 3
_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)

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
        self._options = options
        with _lock:
            self._engine = _engine()
            self._engine.choose(options, options.voice)

    @property
    def rate(self) -> int:
        return self._engine.rate

    def synthesize(self, text: str) -> Samples:
        """The text as sound in [-1, 1] at `rate`; no samples where nothing in it can be spoken.

        Raises BackendError when espeak-ng refuses.
        """
        with _lock:
            spoken = [self._engine.speak(self._options, run) for run in _runs(text, self._options.voice)]
        return np.concatenate([_trimmed(samples, self.rate) for samples in spoken] or [_silence()])


class Run(NamedTuple):
    """A stretch of text in one script, and the voice that can read it."""

    text: str
    voice: str


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

    def speak(self, options: Espeak, run: Run) -> Samples:
        """Samples of one run. Plain text only: neither SSML nor phoneme names are switched on."""
        self.choose(options, run.voice)
        self._heard.clear()
        data = run.text.encode()
        if self._library.espeak_Synth(data, len(data) + 1, 0, 0, 0, _UTF8, None, None) != _OK:
            raise BackendError("espeak-ng could not speak this sentence: try a shorter one")
        return np.frombuffer(b"".join(self._heard), np.int16).astype(np.float32) / np.float32(32768)

    def _voice_names(self) -> dict[str, str]:
        """From language to the voice file that speaks it; `en-gb` is no file's own name."""
        self._library.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_VoiceEntry))
        entries = self._library.espeak_ListVoices(None)
        names: dict[str, str] = {}
        for entry in takewhile(bool, (entries[i] for i in count())):
            language = entry.contents.languages[1:]  # its first byte is a priority
            names.setdefault(language.decode(), entry.contents.identifier.decode())
        return names

    def _collect(self, samples: ctypes._Pointer[ctypes.c_short], many: int, _events: int | None) -> int:
        if many > 0:
            self._heard.append(ctypes.string_at(samples, many * 2))
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


def _trimmed(samples: Samples, rate: int) -> Samples:
    """Without the long silences espeak puts around a sentence."""
    loud = np.flatnonzero(np.abs(samples) > QUIET)
    if not len(loud):
        return _silence()
    return samples[max(0, loud[0] - int(LEAD * rate)) : loud[-1] + int(TAIL * rate)]


def _silence() -> Samples:
    return np.zeros(0, np.float32)
