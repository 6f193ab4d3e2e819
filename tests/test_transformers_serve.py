"""The client and a real server that others wrote: `transformers serve`, offline, small models of random weights."""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from devices.media import Frame
from pipelines.backends import BackendError, Exchange, Look, Prompt
from pipelines.captioners.openai import OpenAi as Seeing
from pipelines.chats.openai import OpenAi
from tests import tiny, vlms

NEEDED = ("transformers", "torch", "httpx", "fastapi", "uvicorn", "openai")
ABSENT = [name for name in NEEDED if importlib.util.find_spec(name) is None]
pytestmark = pytest.mark.skipif(bool(ABSENT), reason=f"transformers serve needs {', '.join(ABSENT)}")

LONGEST_START = 60.0


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the running server; it loads whatever folder a request names as its model."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("serve") / "log"
    command = [sys.executable, "-c", "from transformers.cli.transformers import main; main()", "serve"]
    offline = os.environ | {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    with log.open("w") as out:
        server = subprocess.Popen(
            [*command, "--device", "cpu", "--host", "127.0.0.1", "--port", str(port)],
            env=offline, stdout=out, stderr=out, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    try:
        _wait(server, port, log)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.kill()
        server.wait()


def _wait(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until = time.monotonic() + LONGEST_START
    while time.monotonic() < until and server.poll() is None:
        try:
            return socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"the server did not start: {log.read_text()[-500:]}")


def test_a_chat_is_held(url: str, tmp_path: Path) -> None:
    model = str(tiny.chat_checkpoint(tmp_path))
    chat = OpenAi(url=url, model=model, max_tokens=12, temperature=0).load()
    prompt = Prompt("You are brief.", (Exchange("hello", "Hi."),), (), "what do you see", 1.0)
    first = [piece for piece in chat.reply(prompt) if piece]
    assert len(first) > 2  # it was streamed
    assert "".join(chat.reply(prompt)) == "".join(first)


def test_a_picture_is_looked_at(url: str, tmp_path: Path) -> None:
    model = str(vlms.llava(tmp_path))
    eyes = Seeing(url=url, model=model, max_tokens=12, temperature=0, max_side=64).load()
    black, noise = (np.zeros((90, 120, 3), np.uint8), np.random.default_rng(1).integers(0, 255, (90, 120, 3), np.uint8))
    answers = [
        "".join(eyes.look(Look(Frame(one, 0.0, "desk"), "What is it?", max_tokens=12))) for one in (black, noise)
    ]
    assert all(answers)
    assert answers[0] != answers[1]  # random weights, but not blind ones
    again = Look(Frame(black, 0.0, "desk"), "And now?", (Exchange("What is it?", "A ball."),), max_tokens=12)
    closed = eyes.look(again)
    next(piece for piece in closed if piece)
    closed.close()
    assert "".join(eyes.look(Look(Frame(black, 0.0, "desk"), "What is it?", max_tokens=12))) == answers[0]


def test_what_it_says_of_a_mistake_is_one_line(url: str, tmp_path: Path) -> None:
    with pytest.raises(BackendError) as caught:
        list(OpenAi(url=url, model=str(tmp_path / "nothing"), retries=0).load().reply(Prompt("", (), (), "hi", 1.0)))
    assert str(caught.value).startswith("127.0.0.1:")
    assert "(HTTP 500)" in str(caught.value)
    assert "\n" not in str(caught.value)
