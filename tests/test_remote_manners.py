"""Manners towards servers: no key goes astray, none is asked too much at once, and who goes away is gone at once."""

from __future__ import annotations

import asyncio
import logging
import threading
import time

import pytest

from pipelines.backends import BackendError, Prompt
from pipelines.chats.openai import OpenAi
from pipelines.remote.client import Server
from pipelines.remote.secrets import without
from pipelines.worker import Worker
from tests.asking import OK, Serve, Watch, line, serve, watch
from tests.servers import Script, event, lingers, refuses, says, sends, stalls

__all__ = ["serve", "watch"]


KEY = "sk-very-secret-0123456789"


@pytest.mark.parametrize("script", [stalls(), stalls(event("Two "))], ids=["before its first byte", "in its answer"])
def test_who_goes_away_waits_for_nothing(serve: Serve, script: Script) -> None:
    server = serve(script)
    answer = Server(OpenAi(url=server.url, model="m")).stream([], 5)
    while not server.asked:
        next(answer)
    began = time.monotonic()
    answer.close()
    assert time.monotonic() - began < 0.5


@pytest.mark.real_time
async def test_a_server_that_hangs_keeps_no_model_thread_and_no_connection(serve: Serve) -> None:
    server, worker = serve(stalls()), Worker("chat")
    chat = OpenAi(url=server.url, model="m").load()
    turn = worker.iterate(lambda: chat.reply(Prompt("", (), (), "hello", 0.0)))
    while not server.asked:
        assert await anext(turn) == ""
    readers = [thread for thread in threading.enumerate() if thread.name == "server"]
    assert readers
    await turn.aclose()
    assert await asyncio.wait_for(worker.call(str, "free"), 0.5) == "free"
    for thread in readers:
        thread.join(5)
        assert not thread.is_alive()


def test_who_goes_away_ends_the_connection(serve: Serve) -> None:
    server = serve(lingers(event("Two ")))
    answer = Server(OpenAi(url=server.url, model="m")).stream([], 5)
    assert next(piece for piece in answer if piece) == "Two "
    answer.close()
    assert server.left.wait(5)


def test_a_key_comes_from_the_environment_and_is_never_told(
    serve: Serve, watch: Watch, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("EGG_KEY", KEY)
    caplog.set_level(logging.DEBUG)
    server = serve(refuses(401, f"Incorrect key {KEY} provided"))
    assert "Incorrect key … provided" in line(server, watch, key="EGG_KEY")
    assert server.asked[0].headers["Authorization"] == f"Bearer {KEY}"
    assert KEY not in caplog.text
    assert KEY not in repr(OpenAi(url=server.url, model="m", key="EGG_KEY"))


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(refuses(401, "x" * 185 + KEY), id="where it is cut"),
        pytest.param(refuses(401, f"Bad {KEY[:14]}\u200b{KEY[14:]}"), id="with a letter nobody sees"),
        pytest.param(refuses(401, "Bad " + "\ufe0f ".join(KEY)), id="in single letters"),
        pytest.param(refuses(401, f"Bad {KEY[:6]}"), id="its beginning"),
        pytest.param(refuses(401, f"Bad {KEY[:12]}***{KEY[-6:]}"), id="without its middle"),
        pytest.param(sends(b"data: " + b"y" * 70 + KEY.encode() + b"\n\n"), id="in an event that is no JSON"),
        pytest.param(sends(b'data: {"no": "' + b"y" * 60 + KEY.encode() + b'"}\n\n'), id="in an event of another kind"),
        pytest.param(
            sends(f'{{"detail": [{{"given": "{KEY[:9]}\u200b{KEY[9:]}"}}]}}'.encode(), kind="application/json"),
            id="deep in JSON",
        ),
    ],
)
def test_no_part_of_a_key_is_told(serve: Serve, watch: Watch, monkeypatch: pytest.MonkeyPatch, script: Script) -> None:
    monkeypatch.setenv("EGG_KEY", KEY)
    seen = "".join(letter for letter in line(serve(script), watch, key="EGG_KEY") if "!" <= letter <= "~")
    assert not [start for start in range(len(KEY) - 5) if KEY[start : start + 6] in seen]


def test_what_is_no_part_of_the_key_is_told_as_it_is() -> None:
    assert without("", "Quota of 3 used up") == "Quota of 3 used up"
    assert without("EMPTY", "EMPTY is no key, EMPT neither") == "… is no key, EMPT neither"
    assert without(KEY, f"({KEY}{KEY}) 两个 {KEY[3:11]}!") == "(……) 两个 …!"


def test_a_key_does_not_follow_a_redirect(serve: Serve, watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EGG_KEY", KEY)
    thief = serve(OK)
    server = serve(sends(status=307, Location=f"{thief.url}/chat/completions"))
    assert "sends one elsewhere (HTTP 307), which is not followed" in line(server, watch, key="EGG_KEY")
    assert thief.asked == []


def test_a_key_that_is_not_there_is_missed_before_anything_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    options = OpenAi(url="https://api.example", model="m", key="EGG_KEY")
    monkeypatch.delenv("EGG_KEY", raising=False)
    with pytest.raises(BackendError, match="the environment has no EGG_KEY: export EGG_KEY="):
        options.load()
    monkeypatch.setenv("EGG_KEY", "two words")
    with pytest.raises(BackendError, match="what EGG_KEY holds is no key") as caught:
        options.load()
    assert "two words" not in str(caught.value)


def test_one_server_is_asked_by_no_more_than_it_may(serve: Serve) -> None:
    server = serve(lingers(event("One")), OK)
    first = Server(OpenAi(url=server.url, model="m", parallel=1)).stream([], 5)
    assert next(piece for piece in first if piece) == "One"
    second = Server(OpenAi(url=server.url, model="m", parallel=1)).stream([], 5)
    assert [next(second), next(second)] == ["", ""]
    assert len(server.asked) == 1
    first.close()
    assert "".join(second) == "Two eggs."


def test_who_reads_slowly_does_not_keep_others_waiting(serve: Serve) -> None:
    server = serve(says("One"), OK)
    first = Server(OpenAi(url=server.url, model="m", parallel=1)).stream([], 5)
    assert next(piece for piece in first if piece) == "One"  # and rests there, as a caption does for a question
    assert "".join(Server(OpenAi(url=server.url, model="m", parallel=1)).stream([], 5)) == "Two eggs."
