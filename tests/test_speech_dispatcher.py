"""speech-dispatcher as a voice: what is heard is known, it speaks with a screen reader, and it may go and come back."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from assistant import duplex
from assistant.config import ConfigError, parse
from assistant.parts import Devices, backend_options
from assistant.recording import Recorder
from devices.lines import Lossless
from devices.media import Samples
from devices.microphone import open_microphone
from pipelines.backends import Adjustable, BackendError, Manner, SelfSpeaking
from pipelines.playing import Telling
from pipelines.remarks import Priority
from pipelines.speaking import Aloud, Mouth
from pipelines.trouble import Patience
from pipelines.types import Event, SpeechChunk, Trouble
from pipelines.voices import speech_dispatcher, ssip
from pipelines.voices.scripts import speakable
from pipelines.voices.speech_dispatcher import SpeechDispatcher, SpeechServer, faster, marked
from pipelines.wordtimes import tokens
from pipelines.worker import Worker
from tests.dispatcher import Dispatcher, dispatcher
from tests.pulse import RATE

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
"""Its client ends its thread by sys.exit where the server goes away."""

COUNTING = "one two three four five six seven eight nine ten"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dispatcher]:
    with dispatcher(tmp_path_factory.mktemp("speechd")) as running:
        yield running


@pytest.fixture(scope="module")
def voice(server: Dispatcher) -> SpeechServer:
    return SpeechDispatcher(address=server.address, autospawn=False).load()


class Listener:
    """Hears which words are begun, and does something at one of them."""

    def __init__(self, at: int | None = None, then: Callable[[], object] = lambda: None) -> None:
        self.begun: list[int] = []
        self.unwanted = False
        self._at, self._then = at, then

    def reached(self, number: int) -> None:
        self.begun.append(number)
        if number == self._at:
            self._then()

    def hears(self, voice: SpeechServer, text: str, priority: Priority = Priority.ANSWER) -> bool:
        """Whether it was said to its end."""
        return voice.say(text, priority, self.reached, lambda: self.unwanted)

    def hush(self, voice: SpeechServer) -> None:
        self.unwanted = True
        voice.hush()


def test_it_is_a_voice_with_a_mouth_of_its_own(voice: SpeechServer) -> None:
    assert isinstance(voice, SelfSpeaking)
    assert isinstance(voice, Adjustable)
    assert SpeechDispatcher.speaks_itself
    assert len(voice.synthesize("hello")) == 0


@pytest.mark.parametrize("priority", Priority)
def test_each_word_is_told_as_it_is_begun(voice: SpeechServer, priority: Priority) -> None:
    listener = Listener()
    assert listener.hears(voice, "It's <b> & 3,000 more.", priority)
    assert listener.begun == [0, 1, 2, 3, 4]


def test_what_it_says_is_heard(voice: SpeechServer, server: Dispatcher) -> None:
    with server.sound.listening() as recording:
        assert Listener().hears(voice, "I see two people.")
    assert np.abs(recording.samples).max() > 0.05


def test_text_without_a_word_is_over_at_once(voice: SpeechServer) -> None:
    for text in ("", " \n", "\x01"):
        assert Listener().hears(voice, text)


def test_chinese_is_read_by_a_chinese_voice_and_english_again_by_an_english_one(
    voice: SpeechServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen: list[str] = []
    choose = voice._speak_in
    monkeypatch.setattr(voice, "_speak_in", lambda to, language: (chosen.append(language), choose(to, language)))
    listener = Listener()
    assert listener.hears(voice, "左边有人。")
    assert listener.begun == [0, 1, 2, 3]
    assert Listener().hears(voice, "左。")
    assert Listener().hears(voice, "One.")
    assert chosen == ["zh", "en-US"]


def test_hushed_it_is_silent_and_says_where(voice: SpeechServer, server: Dispatcher) -> None:
    listener = Listener(3, lambda: listener.hush(voice))
    assert not listener.hears(voice, COUNTING)
    assert listener.begun in ([0, 1, 2, 3], [0, 1, 2, 3, 4])
    assert Listener().hears(voice, "Two.")  # what is said next is not concerned


def test_what_is_unwanted_before_its_first_word_is_not_said(voice: SpeechServer) -> None:
    listener = Listener()
    listener.hush(voice)
    assert not listener.hears(voice, COUNTING)
    assert listener.begun == []


def test_a_caption_gives_way_to_the_screen_reader(voice: SpeechServer, server: Dispatcher) -> None:
    """Both with the priority `text`: the newer one is said, and what was cut is known."""
    reader = server.screen_reader()
    reader.set_priority("text")
    listener = Listener(3, threading.Thread(target=reader.speak, args=("Button.",)).start)
    assert not listener.hears(voice, COUNTING, Priority.CAPTION)
    assert listener.begun[:4] == [0, 1, 2, 3]
    assert len(listener.begun) < 8
    reader.close()


def test_a_small_change_is_lost_while_the_screen_reader_speaks(voice: SpeechServer, server: Dispatcher) -> None:
    reader = server.screen_reader()
    reader.set_priority("message")
    reader.speak(COUNTING)
    listener = Listener()
    assert not listener.hears(voice, "Somebody moved.", Priority.CHANGE)
    assert listener.begun == []
    assert Listener().hears(voice, "Look out.", Priority.HAZARD)  # which does not wait for its end
    reader.cancel()
    reader.close()


def test_faster_takes_less_time(voice: SpeechServer, server: Dispatcher) -> None:
    seconds = {}
    for rate in (1.0, 2.0):
        voice.adjust(Manner(rate))
        with server.sound.listening() as recording:
            assert Listener().hears(voice, "I see two people in front of the door.")
        loud = np.flatnonzero(np.abs(recording.samples) > 1e-3)
        seconds[rate] = (loud[-1] - loud[0]) / RATE
    voice.adjust(Manner())
    assert seconds[2.0] == pytest.approx(seconds[1.0] / 2, rel=0.15)


def test_softer_is_softer(voice: SpeechServer, server: Dispatcher) -> None:
    loudest = {}
    for volume in (1.0, 0.3):
        voice.adjust(Manner(volume=volume))
        with server.sound.listening() as recording:
            assert Listener().hears(voice, "Hello there.")
        loudest[volume] = np.abs(recording.samples).max()
    voice.adjust(Manner())
    assert loudest[0.3] < 0.6 * loudest[1.0]


def test_a_voice_by_name_and_none_of_that_name(voice: SpeechServer) -> None:
    voice.adjust(Manner(voice="female1"))
    with pytest.raises(BackendError, match="no voice called 'klingonese': spd-say -L lists them"):
        voice.adjust(Manner(voice="klingonese"))
    assert Listener().hears(voice, "Still here.")
    voice.adjust(Manner())


def test_a_server_that_goes_away_is_one_line_and_is_found_again(voice: SpeechServer, server: Dispatcher) -> None:
    with pytest.raises(BackendError, match="speech-dispatcher: it is gone: try spd-say hello"):
        Listener(2, server.stop).hears(voice, COUNTING)
    with pytest.raises(BackendError, match="it cannot be reached"):
        Listener().hears(voice, "Anyone?")
    server.start()
    assert Listener().hears(voice, "Back.")


def test_a_server_that_hangs_is_left_alone(
    voice: SpeechServer, server: Dispatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ssip, "PATIENCE", 0.3)
    monkeypatch.setattr(speech_dispatcher, "HEARTBEAT", 0.3)
    with pytest.raises(BackendError, match="does not answer"):
        Listener(2, server.freeze).hears(voice, COUNTING)
    monkeypatch.setattr(ssip, "STARTING", 0.3)
    with pytest.raises(BackendError, match="does not answer"):
        Listener().hears(voice, "Anyone?")
    server.stop()
    monkeypatch.undo()
    server.start()
    assert Listener().hears(voice, "Back.")


def test_where_none_runs_one_is_started(server: Dispatcher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SPEECHD_ADDRESS", raising=False)
    running = Path(os.environ["XDG_RUNTIME_DIR"])  # of the sound server: nobody speaks there
    assert running.is_relative_to(server.folder)
    try:
        started = SpeechDispatcher().load()
        assert Listener().hears(started, "One.")
    finally:
        for pid in running.rglob("speech-dispatcher.pid"):
            os.kill(int(pid.read_text()), signal.SIGTERM)


def test_without_a_server_there_is_no_voice(tmp_path: Path) -> None:
    if ssip.client_package() is None:
        pytest.skip(ssip.ABSENT)
    with pytest.raises(BackendError, match="cannot be reached") as error:
        SpeechDispatcher(address=f"unix_socket:{tmp_path}/none", autospawn=False).load()
    assert "\n" not in str(error.value)


@pytest.fixture
def hung(tmp_path: Path) -> Iterator[str]:
    """The address of a server that takes connections and never says a word."""
    if ssip.client_package() is None:
        pytest.skip(ssip.ABSENT)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "speechd.sock"))
        server.listen(64)
        yield f"unix_socket:{tmp_path}/speechd.sock"


def test_a_server_that_hangs_for_hours_gathers_no_threads(hung: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ssip, "STARTING", 0.01)
    begun = set(threading.enumerate())
    options = SpeechDispatcher(address=hung, autospawn=False)
    for _ in range(50):
        with pytest.raises(BackendError, match="does not answer"):
            options.load()
    for thread in set(threading.enumerate()) - begun:
        thread.join(5)
    assert set(threading.enumerate()) <= begun


def test_a_server_that_takes_words_and_says_none_is_one_line(
    voice: SpeechServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speech_dispatcher, "HEARTBEAT", 0.05)
    monkeypatch.setattr(speech_dispatcher, "MUTE", 0.2)
    monkeypatch.setattr(ssip.Connection, "speak", lambda connection, text: -1)  # a message of which nothing is told
    with pytest.raises(BackendError, match="takes words and says nothing: try spd-say hello"):
        Listener().hears(voice, "Anyone?")
    monkeypatch.undo()
    assert Listener().hears(voice, "Back.")


def test_a_server_that_stays_away_is_tried_less_and_less_often(
    voice: SpeechServer, server: Dispatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, tried = [1000.0], []
    connect = ssip.Connection.open

    def opening(connection: ssip.Connection, address: str, autospawn: bool) -> None:
        tried.append(clock[0])
        connect(connection, address, autospawn)

    monkeypatch.setattr(ssip.Connection, "open", opening)
    monkeypatch.setattr(speech_dispatcher, "monotonic", lambda: clock[0])
    with pytest.raises(BackendError, match="it is gone"):
        Listener(2, server.stop).hears(voice, COUNTING)
    for _ in range(1200):
        with pytest.raises(BackendError, match="it cannot be reached"):
            Listener().hears(voice, "Anyone?")
        clock[0] += 0.5
    assert tried[:2] == [1000.0, 1000.5]
    assert len(tried) < 40
    assert max(after - before for before, after in pairwise(tried)) == 30
    server.start()
    clock[0] += 30
    assert Listener().hears(voice, "Back.")


def test_without_its_client_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ssip, "client_package", lambda: None)
    with pytest.raises(BackendError, match="apt install speech-dispatcher python3-speechd"):
        SpeechDispatcher().load()


def test_an_address_is_checked_before_anything_runs() -> None:
    with pytest.raises(ValidationError):
        SpeechDispatcher(address="somewhere")


@given(st.text(max_size=80))
def test_any_text_is_only_text(text: str) -> None:
    said = speakable(text)
    tree = ElementTree.fromstring(marked(said).replace("\ufffe", " ").replace("\uffff", " "))
    assert [mark.get("name") for mark in tree] == [str(number) for number in range(len(tokens(said)))]
    assert "".join(tree.itertext()) == said.replace("\ufffe", " ").replace("\uffff", " ")


def test_rates_are_those_of_the_users_own() -> None:
    assert (faster(0, 1), faster(30, 1), faster(-40, 1)) == (0, 30, -40)
    assert faster(0, 2) == 61
    assert faster(0, 0.8) == -38
    assert faster(0, 3) == faster(60, 3) == 100  # the fastest there is


class Told:
    """A mouth of this voice, and what came of a turn."""

    def __init__(self, voice: SpeechServer) -> None:
        self.events: list[Event] = []
        self.worker = Worker("voice")
        troubles = {part: Patience(part, self.events.append) for part in ("voice", "speaker")}
        self.mouth, self.aloud = Mouth(voice, self.worker, None, troubles), Aloud()

    async def say(self, *sentences: str, priority: Priority = Priority.ANSWER) -> str:
        chunks = Lossless[SpeechChunk](1, "sentences")
        async with asyncio.TaskGroup() as group:
            group.create_task(self.mouth.say(chunks, self.aloud, priority))
            for sentence in sentences:
                await chunks.put(await self.mouth.synthesize(sentence))
            chunks.close()
        return self.aloud.text


def test_without_a_speaker_a_turn_is_spoken_and_heard(voice: SpeechServer) -> None:
    async def story() -> None:
        told = Told(voice)
        assert told.mouth.present
        assert await told.say("One two.", "Three.") == "One two. Three."
        assert told.aloud.began_at is not None
        assert not told.aloud.cut

    asyncio.run(story())


def at_word(voice: SpeechServer, patch: pytest.MonkeyPatch, number: int, then: Callable[[], object]) -> list[str]:
    """Do that once, in a thread, as the word is begun; all that is said from now on."""
    said: list[str] = []
    say, to_come = voice.say, [then]

    def saying(text: str, priority: Priority, reached: Callable[[int], None], unwanted: Callable[[], bool]) -> bool:
        said.append(text)

        def reaching(reached_now: int) -> None:
            reached(reached_now)
            if reached_now == number and to_come:
                threading.Thread(target=to_come.pop()).start()

        return say(text, priority, reaching, unwanted)

    patch.setattr(voice, "say", saying)
    return said


def test_held_it_goes_on_from_the_word_at_which_it_was_held(
    voice: SpeechServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        told, loop = Told(voice), asyncio.get_running_loop()

        def cough() -> None:
            loop.call_soon_threadsafe(told.mouth.hold)
            loop.call_soon_threadsafe(told.mouth.resume)

        said = at_word(voice, monkeypatch, 3, cough)
        assert await told.say("one two three four five six") == "one two three four five six"
        assert said == ["one two three four five six", " four five six"]

    asyncio.run(story())


def test_after_others_silenced_it_the_rest_of_an_answer_is_left_out(
    voice: SpeechServer, server: Dispatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = server.screen_reader()

    async def story() -> None:
        told = Told(voice)
        said = at_word(voice, monkeypatch, 3, lambda: reader.stop("all"))
        heard = await told.say(COUNTING, "Eleven.")
        assert told.aloud.cut
        assert heard.startswith("one two three")
        assert heard != COUNTING
        assert said == [COUNTING]

    asyncio.run(story())
    reader.close()


def test_where_the_server_is_gone_it_is_only_written(tmp_path: Path, voice: SpeechServer, server: Dispatcher) -> None:
    async def story() -> None:
        told = Told(voice)
        await asyncio.to_thread(server.stop)
        assert await told.say("One.", "Two.") == "One. Two."
        assert [type(event) for event in told.events] == [Trouble]
        await asyncio.to_thread(server.start)
        await told.say("Three.")
        assert len(told.events) == 2  # it is well again

    asyncio.run(story())


def test_what_is_hushed_before_it_began_is_not_said() -> None:
    """The thread has taken it up, and the silence is wanted before the server was asked."""
    asked, go_on = threading.Event(), threading.Event()

    class Slow:
        rate = 22_050
        said = True

        def synthesize(self, text: str) -> Samples:
            return np.zeros(0, np.float32)

        def say(self, text: str, priority: Priority, reached: object, unwanted: Callable[[], bool]) -> bool:
            asked.set()
            go_on.wait()
            self.said = not unwanted()
            return self.said

        def hush(self) -> None:
            go_on.set()

    async def story() -> None:
        slow, worker = Slow(), Worker("voice")
        telling = asyncio.create_task(Telling("One.", slow, worker, Priority.ANSWER).run())
        await asyncio.to_thread(asked.wait)
        telling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await telling
        await worker.call(lambda: None)
        assert not slow.said

    asyncio.run(story())


async def _duplex(mode: str, source: str = "default") -> tuple[bool, str]:
    """Whether the microphone closes while it speaks, and what is told of that; there is a speaker, for earcons."""
    sections = {"conversation": {"duplex": mode}, "voice": {"backend": "speech-dispatcher"}, "speaker": {}}
    parts = {"microphone": {"source": source}, "detector": {"backend": "silero"}, "transcriber": {"backend": "auto"}}
    config = parse(sections | parts, "test")
    assert await duplex.canceller(config) is None
    assert config.microphone is not None
    devices = Devices([], open_microphone(config.microphone), None, [])
    return duplex.half_duplex(config, devices), duplex.notice(config, devices) or ""


async def test_nobody_can_take_its_echo_out_of_what_the_microphone_hears() -> None:
    closed, told = await _duplex("auto")
    assert closed
    assert "not played by me" in told
    assert await _duplex("half") == (True, "")
    assert await _duplex("full") == (False, "")
    assert await _duplex("auto", "said.wav") == (False, "")


def test_it_is_loaded_without_a_speaker_and_others_are_not() -> None:
    camera = {"camera": [{"name": "desk", "source": "clip.mp4"}]}
    kinds = backend_options(parse(camera | {"voice": {"backend": "speech-dispatcher"}}, "test"))
    assert "voice" in kinds
    assert "voice" not in backend_options(parse(camera | {"voice": {"backend": "auto"}}, "test"))


async def test_it_cannot_be_recorded(tmp_path: Path) -> None:
    config = parse({"chat": {"backend": "grounded"}, "voice": {"backend": "speech-dispatcher"}}, "test")
    with pytest.raises(ConfigError, match="name another"):
        await Recorder(tmp_path / "kept").open(config)
    assert not (tmp_path / "kept").exists()
