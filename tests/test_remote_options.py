"""What a configuration may say of a server, and that what it must not say is one line that repeats no secret."""

from __future__ import annotations

from typing import Any

import pytest

from assistant.config import Config, ConfigError, parse
from pipelines.captioners.embedded import Embedded
from pipelines.chats.grounded import Grounded

HERE = "http://127.0.0.1:8080/v1"
THERE = "https://models.example/v1"


def chat(**options: Any) -> Config:
    return parse({"chat": {"backend": "openai", "model": "m"} | options}, "mine.toml")


@pytest.mark.parametrize("url", [HERE, "http://localhost:1/v1", "http://[::1]:8080", THERE, "http://10.0.0.5:11434/v1"])
def test_a_server_may_be_anywhere_that_is_named(url: str) -> None:
    assert chat(url=url).chat is not None


@pytest.mark.parametrize("url", [HERE, "http://localhost:1/v1", "http://[::1]:8080", THERE])
def test_a_key_may_be_read_by_nobody_on_the_way(url: str) -> None:
    assert chat(url=url, key="MY_KEY").chat is not None


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "chat.url: field required"),
        ({"url": "models.example"}, "chat: url is no address of a server: http:// or https://host…"),
        ({"url": "ws://models.example"}, "chat: url is no address"),
        ({"url": "http://"}, "chat: url is no address"),
        ({"url": "http://host:port/v1"}, "chat: url is no address"),
        ({"url": "http://models example/v1"}, "chat: url is no address"),
        ({"url": "http://models.example/v1\n"}, "chat: url is no address"),
        ({"url": "http://[::1/v1"}, "chat: url is no address"),
        ({"url": "https://me:hunter2@models.example"}, "a key belongs into the environment"),
        ({"url": "https://models.example/v1?key=hunter2"}, "a key belongs into the environment"),
        ({"url": THERE, "key": "sk-hunter2"}, "chat: key is the name of an environment variable, not the key itself"),
        ({"url": "http://models.example", "key": "MY_KEY"}, "not sent unencrypted over the network: use https://"),
        ({"url": "http://127.0.0.1.models.example", "key": "MY_KEY"}, "not sent unencrypted"),
        ({"url": HERE, "fallback": "oracle"}, "chat.fallback: no chat is called 'oracle'; there are auto, embedded"),
        ({"url": HERE, "fallback": "openai"}, "openai is on a server as well: name a backend on this machine"),
        ({"url": HERE, "fallback": {"weights": "x"}}, "chat.fallback: names no backend"),
        ({"url": HERE, "fallback": {"backend": "grounded", "sauce": 1}}, "chat.fallback: grounded: sauce: unknown key"),
        ({"url": HERE, "fallback": 7}, "chat.fallback"),
    ],
)
def test_mistakes_are_named_in_one_line(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        chat(**options)
    (line,) = caught.value.lines
    assert said in line
    assert "hunter2" not in line


def test_a_fallback_is_a_name_or_a_table() -> None:
    assert chat(url=HERE).chat.fallback is None  # type: ignore[union-attr]
    assert chat(url=HERE, fallback="").chat.fallback is None  # type: ignore[union-attr]
    assert chat(url=HERE, fallback="grounded").chat.fallback == Grounded()  # type: ignore[union-attr]
    seen = {
        "backend": "nexa-ws",
        "url": "ws://127.0.0.1/ws/process-image/",
        "fallback": {"backend": "embedded", "text": False},
    }
    config = parse({"captioner": seen, "chat": {"backend": "grounded"}}, "mine.toml")
    assert config.captioner.fallback == Embedded(text=False)  # type: ignore[union-attr]


def test_a_captioner_takes_both_the_options_of_servers_and_of_pictures() -> None:
    seen = {"backend": "openai", "url": HERE, "model": "m", "max_side": 512, "retries": 0, "key": "MY_KEY"}
    assert parse({"captioner": seen, "chat": {"backend": "grounded"}}, "mine.toml").captioner is not None
