"""Models on a server that misbehaves: every mishap is one line, is tried again where it may help, and leaks nothing."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from pipelines.backends import BackendError, Chat, Exchange, Prompt
from pipelines.chats.openai import OpenAi
from pipelines.remote.client import Server
from tests.asking import OK, Serve, Watch, ask, line, serve, watch
from tests.servers import DONE, Script, dawdles, endless, event, lingers, refuses, sends, stalls

__all__ = ["serve", "watch"]


def test_an_answer_comes_in_pieces_and_what_is_sent_is_what_was_asked(serve: Serve) -> None:
    server = serve(OK)
    chat: Chat = OpenAi(url=server.url, model="qwen", temperature=0.5, max_tokens=30).load()
    prompt = Prompt("Be brief.", (Exchange("Hi", "Hello."),), (), "do I have eggs", 10.0)
    assert [piece for piece in chat.reply(prompt) if piece] == ["Two ", "eggs."]
    assert server.asked[0].path == "/v1/chat/completions"
    assert server.asked[0].body == {
        "model": "qwen", "stream": True, "max_tokens": 30, "temperature": 0.5,
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Hi"},
            {"role": "assistant", "content": "Hello."},
            {"role": "user", "content": "Do I have eggs?"},
        ],
    }  # fmt: skip
    assert "Authorization" not in server.asked[0].headers


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param([event("Two "), event("eggs."), event(None, "stop")], id="no [DONE]"),
        pytest.param([event("Two "), event("eggs."), DONE, b"data: rubbish\n\n"], id="only [DONE]"),
        pytest.param([event("Two "), b'metrics: {"ttft": 12\n\n', event("eggs."), DONE], id="nexa's metrics"),
        pytest.param([b": hello\n\nevent: x\nid: 3\n", event("Two "), b"data:\n", event("eggs."), DONE], id="other"),
        pytest.param([(event("Two ") + event("eggs.") + DONE).replace(b"\n", b"\r\n")], id="line ends of Windows"),
        pytest.param([bytes([byte]) for byte in event("Two ") + event("eggs.") + DONE], id="byte by byte"),
        pytest.param([event("Two "), event("eggs."), b'data: {"choices": []}\n\n', DONE], id="an account"),
        pytest.param(
            [event("Two eggs."), b'data: {"choices": [{"finish_reason": "stop"}]}\n'], id="an end without delta"
        ),
        pytest.param([event("Two "), event("eg\u0007gs.\x1b"), DONE], id="what a terminal would obey"),
    ],
)
def test_answers_that_differ_in_their_wrapping_are_the_same(serve: Serve, watch: Watch, parts: list[bytes]) -> None:
    assert ask(serve(sends(*parts)), watch) == "Two eggs."


def test_an_answer_that_does_not_end_is_cut_where_its_limit_is(serve: Serve) -> None:
    chat: Chat = OpenAi(url=serve(sends(*[event("word word. ")] * 200)).url, model="qwen", max_tokens=20).load()
    said: list[str] = []
    with pytest.raises(BackendError, match=r"127.0.0.1:\d+ says more than max_tokens = 20 allows: it is cut"):
        said.extend(piece for piece in chat.reply(Prompt("", (), (), "hi", 1.0)) if isinstance(piece, str))
    assert len("".join(said)) in range(100, 201)


def test_letters_that_are_cut_by_the_network_are_put_together(serve: Serve, watch: Watch) -> None:
    sent = 'data: {"choices": [{"delta": {"content": "两个鸡蛋"}, "finish_reason": "stop"}]}\n\n'.encode()
    assert ask(serve(sends(sent[:44], sent[44:45], sent[45:])), watch) == "两个鸡蛋"


@pytest.mark.parametrize(
    ("script", "said"),
    [
        pytest.param(sends(event("Two "), b"data: {broken\n\n"), "an event that is no JSON: {broken", id="malformed"),
        pytest.param(sends(b"data: \xff\xfe\n\n"), "no JSON", id="not UTF-8"),
        pytest.param(sends(b"data: " + b"[" * 50_000 + b"\n\n"), "no JSON", id="a nest beyond reason"),
        pytest.param(sends(b'data: {"hello": 1}\n\n'), 'no part of a chat completion: {"hello": 1}', id="wrong JSON"),
        pytest.param(sends(b'data: {"choices": [{"delta": 7}]}\n\n'), "no part of a chat", id="wrong types"),
        pytest.param(sends(b"data: [1, 2]\n\n"), "no part of a chat", id="a list"),
        pytest.param(
            sends(b'data: {"error": {"message": "out of\\nmemory"}}\n\n'), "says: out of memory", id="an error"
        ),
        pytest.param(sends(event(None, "content_filter"), DONE), "withholds", id="a filter"),
        pytest.param(sends(event(None, "length"), DONE), "allow more tokens", id="only thoughts"),
        pytest.param(sends(b"<html>", kind="text/html"), "with a web page: check `url`", id="a page"),
        pytest.param(sends(b'{"error": "no such thing"}', kind="application/json"), "no such thing", id="JSON"),
        pytest.param(refuses(400, "context too long"), "refuses (HTTP 400): context too long", id="400"),
        pytest.param(refuses(401, "who are you"), "wants a key, or another one: name its", id="401"),
        pytest.param(refuses(404), "check `url` (it often ends in /v1) and `model` (HTTP 404)", id="404"),
        pytest.param(
            sends(b"<h1>Oops</h1>", kind="text/html", status=418), "refuses (HTTP 418)", id="page of an error"
        ),
        pytest.param(sends(b"x" * 99_999, kind="text/plain", status=413), "lower `max_side`", id="a long error"),
        pytest.param(endless(b": and so on\n"), "sends more than any answer is long", id="endless"),
        pytest.param(endless(b"data: never an end "), "sends more than any answer is long", id="one endless line"),
    ],
)
def test_what_will_not_get_better_is_said_at_once(serve: Serve, watch: Watch, script: Script, said: str) -> None:
    server = serve(script)
    text = line(server, watch)
    assert said in text
    assert len(text) < 400
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(refuses(500, "oops"), id="500"),
        pytest.param(refuses(503), id="503"),
        pytest.param(refuses(429), id="429"),
        pytest.param(sends(event(None)), id="cut before its first word"),
        pytest.param(sends(), id="nothing at all"),
        pytest.param(sends(b"", Content_Length="500"), id="cut in the body"),
    ],
)
def test_what_may_get_better_is_tried_again(serve: Serve, watch: Watch, script: Script) -> None:
    server = serve(script, script, OK)
    assert ask(server, watch) == "Two eggs."
    assert watch.at == pytest.approx(0.5 + 1.0)
    server = serve(script)
    line(server, watch, retries=3)
    assert len(server.asked) == 4


def test_an_answer_that_breaks_off_after_its_first_word_is_not_begun_anew(serve: Serve, watch: Watch) -> None:
    server = serve(sends(event("Two ")), OK)
    assert "broke off in the middle" in line(server, watch)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("header", "waited"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("soon", 0.5),
        ("-3", 0.5),
        ("\xb2", 0.5),
        (format_datetime(datetime.now(UTC) - timedelta(hours=1)), 0.0),
    ],
)
def test_a_server_says_when_it_wants_to_be_asked_again(serve: Serve, watch: Watch, header: str, waited: float) -> None:
    assert ask(serve(refuses(429, Retry_After=header), OK), watch) == "Two eggs."
    assert watch.at == pytest.approx(waited)


def test_a_server_that_wants_to_be_left_alone_for_long_is(serve: Serve, watch: Watch) -> None:
    server = serve(refuses(429, "quota", Retry_After="3600"), OK)
    text = line(server, watch)
    assert text.endswith("has too much to do (HTTP 429): quota (it wants to be asked again in 3600 s)")
    assert (watch.at, len(server.asked)) == (0.0, 1)


@pytest.mark.parametrize("header", ["9" * 400, "Fri, 31 Dec 9999 23:59:59 GMT"], ids=["endless", "a far century"])
def test_a_wait_beyond_all_reason_is_not_counted(serve: Serve, watch: Watch, header: str) -> None:
    text = line(serve(refuses(429, Retry_After=header)), watch)
    assert text.endswith("(it wants to be asked again a day from now or later)")


def test_nobody_there(watch: Watch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    client = Server(OpenAi(url=f"http://127.0.0.1:{port}", model="m"), watch.clock)
    with pytest.raises(BackendError, match=f"127.0.0.1:{port} is not reached .*refused.*is it running"):
        list(client.stream([], 5))
    assert watch.at == pytest.approx(1.5)


def test_silence_ends(serve: Serve, watch: Watch) -> None:
    assert "has said nothing for 0.1 s" in line(serve(stalls()), watch, read_timeout=0.1)
    assert "has said nothing for 0.1 s" in line(serve(stalls(event("Two "))), watch, read_timeout=0.1)


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(lingers(event("Two ")), id="in its answer"),
        pytest.param(dawdles(b"HTTP/1.1 200 OK\r\nX: ", b"x"), id="in its headers"),
        pytest.param(dawdles(b"HTTP/1.1 500 No\r\nContent-Type: text/plain\r\n\r\n", b"x"), id="in its error"),
    ],
)
def test_an_answer_without_end_is_given_up_and_its_turn_is_free(serve: Serve, script: Script) -> None:
    server = serve(script, OK)
    client = Server(OpenAi(url=server.url, model="m", longest=0.2, parallel=1, retries=0))
    with pytest.raises(BackendError, match=r"has not come to an end in 0.2 s"):
        list(client.stream([], 5))
    assert server.left.wait(5)
    patient = Server(OpenAi(url=server.url, model="m", longest=5, parallel=1))
    assert "".join(patient.stream([], 5)) == "Two eggs."
