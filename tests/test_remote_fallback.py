"""A server that goes away and comes back: who answers meanwhile, when the server is asked again, and what is said."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from devices.media import Frame
from pipelines.backends import BackendError, Chat, Loaded, Look, Prompt
from pipelines.captioners.openai import OpenAi as Seeing
from pipelines.chats.openai import OpenAi
from pipelines.remote.fallback import Retreat, SteadyChat, SteadyLooker
from pipelines.types import Caption, Facts, Recovered, Seen, Trouble
from tests.fakes import FakeCamera, FakeMicrophone, frame
from tests.servers import ChatServer, says
from tests.stage import COUNT, HELLO, SILENCE, Stage

pytest.importorskip("httpx")

PROMPT = Prompt("", (), (), "hello", 0.0)


class Now:
    at = 0.0

    def __call__(self) -> float:
        return self.at


class Far:
    """A model on a server that is away while `away`; with `breaks`, it goes after its first word."""

    def __init__(self) -> None:
        self.away, self.breaks, self.asked = False, False, 0

    def reply(self, prompt: Prompt) -> Iterator[str]:
        return self._answer()

    def look(self, request: Look) -> Iterator[str]:
        return self._answer()

    def describe(self, frame: Frame) -> Iterator[str]:
        return self._answer()

    def caption(self, frame: Frame) -> Seen:
        return Seen("".join(self._answer()))

    def _answer(self) -> Iterator[str]:
        self.asked += 1
        yield ""
        if self.away:
            raise BackendError("host is not reached: is it running?")
        yield "From "
        if self.breaks:
            raise BackendError("host broke off")
        yield "afar."


class Near:
    """A captioner that knows no questions, and a chat."""

    def reply(self, prompt: Prompt) -> Iterator[str]:
        yield "From here."

    def caption(self, frame: Frame) -> Seen:
        return Seen("From here.", Facts(people=1))


@pytest.fixture
def now() -> Now:
    return Now()


def chat(far: Far, now: Now) -> SteadyChat:
    return SteadyChat(far, Near(), Retreat("grounded", now))


def said(chat: Chat) -> str:
    return "".join(chat.reply(PROMPT))


def test_the_server_answers_while_it_is_there(now: Now) -> None:
    both = chat(Far(), now)
    assert (said(both), both.trouble) == ("From afar.", "")


def test_the_other_answers_and_the_server_is_tried_again_after_longer_and_longer(now: Now) -> None:
    far = Far()
    both, far.away = chat(far, now), True
    asked_at = []
    for second in range(0, 1300):
        now.at, before = float(second), far.asked
        assert said(both) == "From here."
        if far.asked > before:
            asked_at.append(second)
    assert asked_at == [0, 5, 15, 35, 75, 155, 315, 615, 915, 1215]
    assert both.trouble.startswith("host is not reached: is it running?; grounded answers")


def test_the_server_is_used_again_when_it_is_back(now: Now) -> None:
    far = Far()
    both, far.away = chat(far, now), True
    said(both)
    far.away, now.at = False, 4.9
    assert said(both) == "From here."
    now.at = 5.0
    assert (said(both), both.trouble) == ("From afar.", "")
    far.away = True
    said(both)
    far.away, now.at = False, 10.1
    assert said(both) == "From afar."  # the first pause is short again


def test_an_answer_that_broke_off_is_not_finished_by_another(now: Now) -> None:
    far = Far()
    far.breaks = True
    answer = chat(far, now).reply(PROMPT)
    assert [next(answer), next(answer)] == ["", "From "]
    with pytest.raises(BackendError, match="broke off"):
        next(answer)


def test_a_captioner_that_steps_in_keeps_its_facts_and_cannot_be_asked(now: Now) -> None:
    far = Far()
    both, far.away = SteadyLooker(far, Near(), Retreat("embedded", now)), True
    assert both.caption(frame()) == Seen("From here.", Facts(people=1))
    assert "".join(both.describe(frame())) == "From here."
    assert both.facts == Facts(people=1)
    with pytest.raises(BackendError, match=r"not reached.*embedded answers.*cannot answer questions"):
        list(both.look(Look(frame(), "How many?")))
    far.away, now.at = False, 5.0
    assert "".join(both.describe(frame())) == "From afar."
    assert both.facts is None
    assert both.caption(frame()) == Seen("From afar.")
    far.away, now.at = True, 99.0
    assert both.caption(frame()).facts == Facts(people=1)
    assert both.trouble


async def test_a_session_says_once_that_the_server_is_gone_and_once_that_it_is_back() -> None:
    class AwayTwice(Far):
        def _answer(self) -> Iterator[str]:
            self.away = self.asked < 2
            return super()._answer()

    late = itertools.count(0.0, 1000.0).__next__  # whenever the server is asked, the pause is over
    stage = Stage(microphone=FakeMicrophone([HELLO, *[SILENCE] * 4, COUNT, *[SILENCE] * 4, HELLO, *[SILENCE] * 4]))
    stage.chat = SteadyChat(AwayTwice(), Near(), Retreat("grounded", late))  # type: ignore[assignment]
    await stage.run()
    assert stage.said() == ["From here.", "From here.", "From afar."]
    assert [(one.part, "grounded answers" in one.why) for one in stage.told(Trouble)] == [("chat", True)]
    assert [one.part for one in stage.told(Recovered)] == ["chat"]


async def test_a_session_goes_on_seeing_with_the_captioner_on_this_machine() -> None:
    far = Far()
    far.away = True
    both = SteadyLooker(far, Near(), Retreat("embedded", Now()))
    stage = Stage(cameras=[FakeCamera([10, 20, 30])], captioner=both)
    await stage.run()
    assert {(caption.text, caption.facts) for caption in stage.told(Caption)} == {("From here.", Facts(people=1))}
    assert len(stage.told(Trouble)) == 1


def test_a_named_fallback_is_loaded_at_the_start_and_told() -> None:
    with ChatServer(says("Hi.")) as server:
        found = OpenAi(url=server.url, model="m", retries=0, fallback="grounded").load()
        assert isinstance(found, Loaded)
        assert found.name == "openai"
        assert found.notice.startswith("While the server is gone: grounded. Answers are made by rule")
        assert said(found.backend) == "Hi."
    assert said(found.backend) == "Hello! Ask me what I see."
    assert "is not reached" in found.backend.trouble


def test_a_fallback_that_is_not_to_be_had_is_missed_at_the_start() -> None:
    wanted = {"backend": "transformers", "weights": "no-such-weights", "threads": 1}
    with pytest.raises(BackendError, match=r"fallback: .*no-such-weights"):
        OpenAi(url="http://127.0.0.1:1", model="m", fallback=wanted).load()
    assert Seeing(url="http://127.0.0.1:1", model="m").load() is not None
