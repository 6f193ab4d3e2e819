"""A voice with a mouth of its own: speech-dispatcher, through which screen readers speak as well."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from time import monotonic
from typing import ClassVar
from xml.sax.saxutils import escape

import numpy as np
from pydantic import Field

from devices.media import Samples
from pipelines.backends import BackendError, BackendOptions, Manner
from pipelines.remarks import Priority
from pipelines.voices.scripts import runs, script_of, speakable
from pipelines.voices.ssip import ABSENT, Connection, Gone, client_place
from pipelines.wordtimes import tokens

PRIORITIES = {
    Priority.HAZARD: "important",
    Priority.ANSWER: "message",
    Priority.CAPTION: "text",
    Priority.CHANGE: "notification",
    Priority.WORKING: "progress",
}
SYMBOLIC = ("male1", "male2", "male3", "female1", "female2", "female3", "child_male", "child_female")
"""Voices that every module has, under names of the protocol."""
SLOWEST, USUAL, FASTEST = 80, 170, 449
"""Words a minute at the rates -100, 0 and 100, as speech-dispatcher's module for espeak-ng has them; those of other
modules are not known."""
MUTE = 15.0
"""Seconds for which it may say nothing of what it was given: it waits for the end of what others say. Where it is
paused, it may be silent for as long as it likes."""
LONGEST_REST = 30.0
"""Seconds between two tries to reach a server that is not there, at the most."""
HEARTBEAT = 2.0
"""Seconds without news of a message after which the server is asked for a sign of life."""


class SpeechDispatcher(BackendOptions):
    """The options; what they leave open is as the user's own settings of speech-dispatcher say."""

    speaks_itself: ClassVar[bool] = True

    address: str = Field(default="", pattern=r"^$|^(unix_socket:/.+|inet_socket:[^:]+:\d+)$")
    """`unix_socket:/path` or `inet_socket:host:port`; empty: $SPEECHD_ADDRESS, else the user's own server."""
    autospawn: bool = True
    """Start the server where none runs."""
    module: str = ""
    """The synthesizer, as `spd-say -O` lists them."""
    voice: str = ""
    """As `spd-say -L` lists them, or `female1` and the like."""
    language: str = ""
    """As `en` or `zh`. Chinese, Japanese and Korean text gets its own."""
    volume: float = Field(default=1.0, ge=0, le=1)
    """As a share of the user's own."""

    def load(self) -> SpeechServer:
        """Connect. Raises BackendError."""
        return SpeechServer(self)

    def outlook(self) -> str:
        if client_place() is None:
            raise BackendError(ABSENT)
        return ""


class SpeechServer:
    """Speaks through the server; all but `hush` in one thread. A server that went away is looked for at each saying."""

    rate = 22_050
    """Of the sound that it does not make."""

    def __init__(self, options: SpeechDispatcher) -> None:
        self._options, self._manner = options, Manner()
        self._connection: Connection | None = None
        self._tried: Connection | None = None
        self._failed, self._why, self._again_at = 0, "", 0.0
        """How often it could not be reached since it could; why; and when to try again, in seconds of any clock."""
        self._connected()

    def synthesize(self, text: str) -> Samples:
        """No sound: see `say`."""
        return np.zeros(0, np.float32)

    def adjust(self, manner: Manner) -> None:
        """Speak so from now on. Raises BackendError where there is no such voice."""
        before, self._manner = self._manner, manner
        try:
            self._tune(self._connected())
        except Gone:
            self._leave()  # as is wanted it will be when it is back
        except BackendError:
            self._manner = before
            raise

    def say(self, text: str, priority: Priority, reached: Callable[[int], None], unwanted: Callable[[], bool]) -> bool:
        """See `SelfSpeaking`. Raises BackendError."""
        if not (said := speakable(text)):
            return True
        try:
            server = self._connected()
            if (language := _language(said) or self._language) != self._spoken:
                self._speak_in(server, language)
            server.ask("set_priority", PRIORITIES[priority])
            return not unwanted() and self._followed(server, server.speak(marked(said)), reached, unwanted)
        except Gone:
            self._leave()
            raise

    def hush(self) -> None:
        """Fall silent, where what is being said is unwanted; from any thread."""
        if (server := self._connection) is not None:
            server.wake()

    def _followed(
        self, server: Connection, message: int, reached: Callable[[int], None], unwanted: Callable[[], bool]
    ) -> bool:
        """Until it was said, or is not any more: whether it was said to its end."""
        cancelled, since = False, monotonic()
        while True:
            if unwanted() and not cancelled:
                server.ask("cancel")
                cancelled = True
            happened = server.next(HEARTBEAT)
            if happened is not None and happened.message == message:
                since = inf if happened.what == "pause" else monotonic()
            if happened is None:
                server.ask("get_rate")
                if monotonic() > since + MUTE:
                    raise Gone("speech-dispatcher takes words and says nothing: try spd-say hello, which tells why")
            elif happened.message == message and happened.what == "index_marks":
                reached(int(happened.mark))
            elif happened.message == message and happened.what in ("end", "cancel"):
                return happened.what == "end"

    def _connected(self) -> Connection:
        """The connection, made anew where the server went away. Raises BackendError."""
        if self._connection is None:
            if (self._tried is not None and self._tried.stuck) or monotonic() < self._again_at:
                raise Gone(self._why)
            self._connection = self._made()
        return self._connection

    def _made(self) -> Connection:
        """A new one. What fails again and again is tried less and less often."""
        server = Connection()
        try:
            server.open(self._options.address, self._options.autospawn)
            self._greet(server)
        except BackendError as error:
            server.close()
            self._tried, self._failed, self._why = server, self._failed + 1, str(error)
            self._again_at = monotonic() + (_rest(self._failed) if isinstance(error, Gone) else 0.0)
            raise
        self._tried, self._failed, self._again_at = None, 0, 0.0
        return server

    def _greet(self, server: Connection) -> None:
        """Tell it how it is to speak. Raises BackendError."""
        server.ask("set_data_mode", "ssml")
        if self._options.module:
            server.ask("set_output_module", self._options.module)
        self._usual = int(server.ask("get_rate")), int(server.ask("get_volume"))
        self._language = self._spoken = self._options.language or server.ask("get_language") or "en"
        self._tune(server)

    def _leave(self) -> None:
        """It does not answer any more."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _tune(self, server: Connection) -> None:
        """As options and manner want it. Raises BackendError."""
        rate, volume = self._usual
        self._speak_in(server, self._language)
        server.ask("set_rate", faster(rate, self._manner.rate))
        share = min(1.0, self._options.volume * self._manner.volume)
        server.ask("set_volume", round((volume + 100) * share) - 100)

    def _speak_in(self, server: Connection, language: str) -> None:
        """With the voice that was chosen, where it is the language of that."""
        server.ask("set_language", language)
        self._spoken = language
        if language == self._language and (voice := self._manner.voice or self._options.voice):
            self._choose(server, voice)

    def _choose(self, server: Connection, voice: str) -> None:
        if voice.lower() in SYMBOLIC:
            server.ask("set_voice", voice)
            return
        if voice not in [name for name, *_ in server.ask("list_synthesis_voices")]:
            raise BackendError(f"speech-dispatcher has no voice called {voice!r}: spd-say -L lists them")
        server.ask("set_synthesis_voice", voice)


def marked(text: str) -> str:
    """SSML with a mark before each word, named by its number; whatever the text holds stays text."""
    parts, at = ["<speak>"], 0
    for number, word in enumerate(tokens(text)):
        parts += [escape(text[at : word.start]), f'<mark name="{number}"/>']
        at = word.start
    return "".join([*parts, escape(text[at:]), "</speak>"])


def faster(rate: int, times: float) -> int:
    """The server's rate, -100 to 100, at which speech is so many times as fast; the fastest there is, where that is
    not so fast."""
    words = USUAL + rate / 100 * (FASTEST - USUAL if rate > 0 else USUAL - SLOWEST)
    beyond = words * times - USUAL
    wanted = round(100 * beyond / (FASTEST - USUAL if beyond > 0 else USUAL - SLOWEST))
    return max(-100, min(100, wanted))


def _rest(failed: int) -> float:
    """Seconds before the next try: the first one after a failure is made at once, as it may just have been started."""
    return 0.0 if failed < 2 else min(LONGEST_REST, 0.25 * 2.0 ** min(failed, 16))


def _language(text: str) -> str:
    """Of text whose script tells it; such a voice reads the Latin letters in it as well."""
    return next((language for run in runs(text) if (language := script_of(run)) is not None), "")
