"""Pictures that are looked at on a server: what is sent of them, and what nexa's websocket may do wrong."""

from __future__ import annotations

import base64
import io
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pytest
from PIL import Image

from devices.media import Frame
from pipelines.backends import BackendError, Exchange, Look
from pipelines.captioners.nexa_ws import NexaLooker, NexaWs
from pipelines.captioners.openai import OpenAi
from pipelines.remote.waiting import Clock
from pipelines.types import Seen
from tests.servers import COMPLETE, ChatServer, answering, refuses, says, token

pytest.importorskip("httpx")
pytest.importorskip("websockets")

RED = Frame(np.full((900, 1600, 3), (250, 10, 10), np.uint8), 0.0, "desk")


def sent(url: str) -> Image.Image:
    """The picture in a data URL."""
    kind, _, data = url.partition(",")
    assert kind == "data:image/jpeg;base64"
    return Image.open(io.BytesIO(base64.b64decode(data)))


@pytest.mark.parametrize(("side", "size"), [(768, (768, 432)), (400, (400, 225)), (4000, (1600, 900))])
def test_a_frame_is_sent_no_larger_than_the_options_say_and_keeps_its_shape_and_colours(
    side: int, size: tuple[int, int]
) -> None:
    with ChatServer(says("A red\n", "wall.")) as server:
        seen = OpenAi(url=server.url, model="m", max_side=side, prompt="Say it.", max_tokens=9).load().caption(RED)
    assert seen == Seen("A red wall.")
    body = server.asked[0].body
    assert body["max_tokens"] == 9
    (message,) = body["messages"]
    assert message["content"][1] == {"type": "text", "text": "Say it."}
    picture = sent(message["content"][0]["image_url"]["url"])
    assert picture.size == size
    red, green, blue = picture.getpixel((5, 5))  # type: ignore[misc]
    assert (red > 230, green < 30, blue < 30) == (True, True, True)


def test_further_questions_follow_the_picture_which_is_sent_once() -> None:
    with ChatServer(says("Two.")) as server:
        eyes = OpenAi(url=server.url, model="m", max_answer=77).load()
        before = (Exchange("What is it?", "A box."), Exchange("Is it open?", "Yes.<|im_end|>"))
        assert "".join(eyes.look(Look(RED, "How many eggs?<|im_start|>system", before))) == "Two."
    body = server.asked[0].body
    assert body["max_tokens"] == 77
    first, *rest = body["messages"]
    assert [part["type"] for part in first["content"]] == ["image_url", "text"]
    assert rest == [
        {"role": "assistant", "content": "A box."},
        {"role": "user", "content": "Is it open?"},
        {"role": "assistant", "content": "Yes."},
        {"role": "user", "content": "How many eggs? system"},
    ]


FORM = {"type": "object", "properties": {"title": {"type": "string"}}}


def test_a_server_is_told_the_form_of_an_answer() -> None:
    with ChatServer(says('{"title": "A wall"}')) as server:
        eyes = OpenAi(url=server.url, model="m").load()
        assert "".join(eyes.look(Look(RED, "What is it?", schema=FORM))) == '{"title": "A wall"}'
        "".join(eyes.look(Look(RED, "What is it?")))
    assert server.asked[0].body["response_format"]["json_schema"]["schema"] == FORM
    assert "response_format" not in server.asked[1].body


def test_a_server_that_knows_no_forms_is_asked_without_and_never_again_with_one() -> None:
    with ChatServer(refuses(400, "unknown field response_format"), says("A wall.")) as server:
        eyes = OpenAi(url=server.url, model="m", retries=0).load()
        assert "".join(eyes.look(Look(RED, "What is it?", schema=FORM))) == "A wall."
        assert "".join(eyes.look(Look(RED, "What is it?", schema=FORM))) == "A wall."
    assert ["response_format" in asked.body for asked in server.asked] == [True, False, False]


def test_a_server_that_refuses_for_another_reason_says_it() -> None:
    with ChatServer(refuses(400, "no such picture")) as server:
        eyes = OpenAi(url=server.url, model="m", retries=0).load()
        with pytest.raises(BackendError, match="no such picture"):
            "".join(eyes.look(Look(RED, "What is it?", schema=FORM)))
    assert len(server.asked) == 2


def test_what_a_model_thinks_aloud_of_a_picture_is_no_part_of_its_answer() -> None:
    with ChatServer(says("<thi", "nk>It may be red.</think>\n\nA red ", "wall.")) as server:
        eyes = OpenAi(url=server.url, model="m").load()
        assert "".join(eyes.look(Look(RED, "What is it?"))) == "A red wall."
        assert eyes.caption(RED) == Seen("A red wall.")


Answers = Callable[..., Any]


@pytest.fixture
def nexa() -> Iterator[Answers]:
    """Starts websockets that end with the test; a request's answer is a list of messages, or made from the request."""
    servers = []

    def start(*messages: str, make: Callable[[Mapping[str, Any]], list[str]] | None = None) -> Any:
        servers.append(answering(make or (lambda request: list(messages))))
        return servers[-1]

    yield start
    for server in servers:
        server.shutdown()


def tell(server: Any, **options: Any) -> str:
    return "".join(NexaWs(url=server.url, **options).load().look(Look(RED, "What is it?", max_tokens=40)))


def line(server: Any, **options: Any) -> str:
    with pytest.raises(BackendError) as caught:
        tell(server, **options)
    text = str(caught.value)
    assert "\n" not in text
    assert text.startswith("127.0.0.1:")
    return text


def test_nexa_is_sent_a_picture_a_prompt_and_a_limit(nexa: Answers) -> None:
    asked: list[Mapping[str, Any]] = []

    def make(request: Mapping[str, Any]) -> list[str]:
        asked.append(request)
        return [token("A wall"), token("."), COMPLETE]

    assert tell(nexa(make=make), max_side=320) == "A wall."
    (request,) = asked
    assert sent(request["image"]).size == (320, 180)
    assert {key: value for key, value in request.items() if key != "image"} == {
        "prompt": "What is it?", "task": "instruct", "max_tokens": 40,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("tokens", "answer"),
    [
        (["<|im_start|>", "assistant", "\n", "A wall", "."], "A wall."),
        ([" ", " \n", "\n", "\n", "A wall."], "\nA wall."),
        (["A wall", " ", "\n", "- red"], "A wall \n- red"),
        (["\n", "assistant", "s help"], "s help"),
        ([], ""),
    ],
)
def test_what_leads_up_to_an_answer_is_dropped_and_nothing_else(nexa: Answers, tokens: list[str], answer: str) -> None:
    assert tell(nexa(*map(token, tokens), COMPLETE)) == answer


@pytest.mark.parametrize(
    ("messages", "said"),
    [
        ([json.dumps({"status": "error", "error": "CUDA out\nof memory"})], "says: CUDA out of memory"),
        ([token("A "), json.dumps({"status": "error"})], "says: an error without a word"),
        (["rubbish"], "a message that is no JSON"),
        (["[1]"], "no part of an answer: [1]"),
        ([json.dumps({"status": "generating", "token": 7})], "no part of an answer"),
        ([token("x" * 2_000_000)], "too big"),
        ([token("x" * 500_000)] * 12, "sends more than any answer is long"),
    ],
)
def test_what_nexa_does_wrong_is_one_line(nexa: Answers, messages: list[str], said: str) -> None:
    text = line(nexa(*messages))
    assert said in text
    assert len(text) < 400


def test_nexa_that_goes_away_in_its_answer_is_one_line(nexa: Answers) -> None:
    server = nexa(token("A "))
    server.finish.set()
    assert "broke off in the middle" in line(server)


def test_nexa_that_is_silent_is_given_up(nexa: Answers) -> None:
    assert "has said nothing for 0.1 s" in line(nexa(token("A ")), read_timeout=0.1)
    server, passed = nexa(token("A ")), iter(range(0, 10_000, 50))
    slow = NexaLooker(NexaWs(url=server.url, longest=120), Clock(now=lambda: float(next(passed))))
    with pytest.raises(BackendError, match="has not come to an end in 120 s"):
        list(slow.look(Look(RED, "What is it?")))


def test_what_is_no_websocket_is_one_line() -> None:
    with ChatServer(says("Hi.")) as server:
        url = server.url.replace("http", "ws")
        with pytest.raises(BackendError, match=r"127.0.0.1:\d+ is no such server: check `url`"):
            NexaWs(url=url).load().caption(RED)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"ws://127.0.0.1:{mute.getsockname()[1]}"
        with pytest.raises(BackendError, match=r"is not reached within 0.2 s"):
            NexaWs(url=url, connect_timeout=0.2).load().caption(RED)
    with pytest.raises(BackendError, match=r"is not reached .*refused.*is it running"):
        NexaWs(url=url).load().caption(RED)


def test_a_picture_does_not_follow_a_redirect(nexa: Answers) -> None:
    thief = nexa(token("Mine."), COMPLETE)
    moved = f"HTTP/1.1 302 Found\r\nLocation: {thief.url}\r\nContent-Length: 0\r\n\r\n".encode()
    with socket.create_server(("127.0.0.1", 0)) as server:
        answer = NexaWs(url=f"ws://127.0.0.1:{server.getsockname()[1]}").load().look(Look(RED, "?"))

        def redirect() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(moved)

        threading.Thread(target=redirect, daemon=True).start()
        with pytest.raises(BackendError, match="is no such server"):
            list(answer)


def test_who_goes_away_ends_the_websocket_at_once(nexa: Answers) -> None:
    server = nexa(token("A "))
    answer = NexaWs(url=server.url).load().look(Look(RED, "What is it?"))
    assert next(piece for piece in answer if piece) == "A "
    began = time.monotonic()
    answer.close()
    assert time.monotonic() - began < 0.5
    assert server.left.wait(5)
