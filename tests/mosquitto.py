"""A real Mosquitto on a free port with a configuration of its own, which tests may kill and start again.

    with running(tmp_path, users={"ada": "secret"}) as broker:
        with broker.listening("omni/#") as heard:
            broker.publish("omni/x", b"1", retain=True)
            assert [message.payload for message in heard.wait(1)] == [b"1"]
        broker.restart()
        assert broker.retained() == {}

The helpers are synchronous: in a coroutine, `await asyncio.to_thread(heard.wait, 1)`.
"""

from __future__ import annotations

import os
import random
import shutil
import socket
import ssl
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from assistant.mqtt.message import Message
from tests.certificates import Authority, authority

__all__ = ["Authority", "Heard", "Mosquitto", "authority", "running"]

PROGRAM = shutil.which("mosquitto", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
PATIENCE = 10.0
"""Seconds that anything here waits for at most."""


@dataclass
class Heard:
    """What a listener has received so far, in order."""

    messages: list[Message] = field(default_factory=list)
    _more: threading.Condition = field(default_factory=threading.Condition)

    def add(self, message: Message) -> None:
        with self._more:
            self.messages.append(message)
            self._more.notify_all()

    def wait(self, count: int = 1, seconds: float = PATIENCE) -> list[Message]:
        """All that was heard, once it is at least so many; fewer after so many seconds."""
        return self.until(lambda messages: len(messages) >= count, seconds)

    def until(self, enough: Callable[[list[Message]], bool], seconds: float = PATIENCE) -> list[Message]:
        """All that was heard, once it is enough, or after so many seconds."""
        with self._more:
            self._more.wait_for(lambda: enough(self.messages), seconds)
            return list(self.messages)


@dataclass
class Mosquitto:
    """One broker: its port stays the same as long as it lives, however often the program is started."""

    folder: Path
    port: int
    users: Mapping[str, str] = field(default_factory=dict)
    trusted: Path | None = None
    """The authority's file, where the broker speaks TLS."""
    certificate: tuple[Path, Path] | None = None
    """With which the helpers here connect, where the broker asks for one."""
    host: str = "127.0.0.1"
    _process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns once it takes connections."""
        command = [str(PROGRAM), "-c", str(self.folder / "mosquitto.conf")]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + PATIENCE
        while not _answers(self.host, self.port):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"mosquitto does not start:\n{self.log()}")
            time.sleep(0.005)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def stop(self) -> None:
        """As the system ends it: it writes down what it shall keep."""
        self._end(subprocess.Popen.terminate)

    def kill(self) -> None:
        """Without warning."""
        self._end(subprocess.Popen.kill)

    def restart(self, kill: bool = False) -> None:
        self.kill() if kill else self.stop()
        self.start()

    def _end(self, how: Callable[[subprocess.Popen[bytes]], None]) -> None:
        if self._process is not None:
            how(self._process)
            self._process.wait(PATIENCE)
            self._process = None

    def log(self) -> str:
        """What it wrote about itself."""
        with suppress(OSError):
            return (self.folder / "mosquitto.log").read_text(encoding="utf-8", errors="replace")
        return ""

    @contextmanager
    def client(self, user: str | None = None, version: str = "5") -> Iterator[Any]:
        """A connected paho client whose thread runs; of any user where the broker knows some."""
        import paho.mqtt.client as paho

        protocol = paho.MQTTv5 if version == "5" else paho.MQTTv311
        client = paho.Client(paho.CallbackAPIVersion.VERSION2, f"test-{uuid.uuid4().hex[:12]}", protocol=protocol)
        if self.users:
            name = user or next(iter(self.users))
            client.username_pw_set(name, self.users[name])
        if self.trusted:
            client.tls_set_context(_context(self.trusted, self.certificate))
        connected = threading.Event()
        client.on_connect = lambda *_: connected.set()
        client.connect(self.host, self.port)
        client.loop_start()
        try:
            assert connected.wait(PATIENCE), self.log()
            yield client
        finally:
            client.disconnect()
            client.loop_stop()

    def publish(self, topic: str, payload: bytes | str = b"", *, retain: bool = False, qos: int = 1, **v5: Any) -> None:
        """Returns once the broker has it. `v5`: paho's properties by name, such as ResponseTopic="…"."""
        with self.client() as client:
            client.publish(topic, payload, qos, retain, properties=_properties(v5)).wait_for_publish(PATIENCE)

    @contextmanager
    def listening(self, *filters: str, user: str | None = None, version: str = "5", qos: int = 1) -> Iterator[Heard]:
        """What is heard from here on, and what is retained; inside, the broker knows of the subscriptions."""
        heard, subscribed = Heard(), threading.Semaphore(0)
        with self.client(user, version) as client:
            client.on_subscribe = lambda *_: subscribed.release()
            client.on_message = lambda _client, _data, message: heard.add(_read(message))
            for wanted in filters or ("#",):
                client.subscribe(wanted, qos)
                assert subscribed.acquire(timeout=PATIENCE)
            yield heard

    def retained(self, *filters: str) -> dict[str, bytes]:
        """What the broker keeps, by topic: all of it, since a message of our own comes after the last."""
        mark = f"tests/{uuid.uuid4().hex}"
        with self.listening(mark, *(filters or ("#",)), qos=0) as heard:
            self.publish(mark, b"", qos=0)
            messages = heard.until(lambda messages: any(message.topic == mark for message in messages))
        return {message.topic: message.payload for message in messages if message.retain}


@contextmanager
def running(
    folder: Path,
    *,
    users: Mapping[str, str] | None = None,
    tls: Authority | None = None,
    names: str = "localhost,127.0.0.1,::1",
    client_certificates: bool = False,
    persistence: bool = False,
    extra: tuple[str, ...] = (),
) -> Iterator[Mosquitto]:
    """A broker that has started; it ends with the block. Skips where the program is absent.

    `users`: names and passwords (none: anyone may). `tls`: whose certificate it shows, good for `names`;
    `client_certificates`: it asks for one by the same authority. `persistence`: what is retained or queued outlives the
    program, even when it is killed. `extra`: lines of its configuration, such as "max_packet_size 20000".
    """
    if PROGRAM is None:
        pytest.skip("no mosquitto on this machine (Debian: apt-get install mosquitto)")
    folder.mkdir(parents=True, exist_ok=True)
    own = tls.certificate("broker", names) if tls else None
    broker = Mosquitto(folder, _free_port(), users or {}, tls.ca if tls else None)
    lines = [f"listener {broker.port} {broker.host}", "user root", f"log_dest file {folder}/mosquitto.log"]
    lines += ["log_type all", "max_queued_messages 0", f"allow_anonymous {str(not users).lower()}"]
    if users:
        lines.append(f"password_file {_passwords(folder, users)}")
    if tls and own:
        lines += [f"cafile {tls.ca}", f"certfile {own[0]}", f"keyfile {own[1]}"]
        lines.append(f"require_certificate {str(client_certificates).lower()}")
        broker.certificate = tls.certificate("helper") if client_certificates else None
    if persistence:
        lines += ["persistence true", f"persistence_location {folder}/"]
        lines += ["autosave_on_changes true", "autosave_interval 1"]
    (folder / "mosquitto.conf").write_text("\n".join([*lines, *extra, ""]), encoding="utf-8")
    try:
        broker.start()
        yield broker
    finally:
        broker.kill()


def _passwords(folder: Path, users: Mapping[str, str]) -> Path:
    file = folder / "passwords"
    file.write_text("".join(f"{name}:{password}\n" for name, password in users.items()), encoding="utf-8")
    subprocess.run(["mosquitto_passwd", "-U", str(file)], check=True, capture_output=True, timeout=PATIENCE)
    return file


def _free_port() -> int:
    """Below those that the system gives to clients: one who tries again and again must never connect to itself."""
    for port in random.sample(range(20_000, 30_000), 100):
        with socket.socket() as taken, suppress(OSError):
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            taken.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("no free port")


def _answers(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), 1):
            return True
    except OSError:
        return False


def _context(ca: Path, own: tuple[Path, Path] | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(ca))
    if own:
        context.load_cert_chain(*own)
    return context


def _properties(given: Mapping[str, Any]) -> Any:
    from paho.mqtt.packettypes import PacketTypes
    from paho.mqtt.properties import Properties

    properties = Properties(PacketTypes.PUBLISH)
    for name, value in given.items():
        setattr(properties, name, value)
    return properties


def _read(message: Any) -> Message:
    """A message of paho's as one of ours."""
    more = message.properties
    return Message(
        message.topic,
        message.payload,
        message.retain,
        message.qos,
        getattr(more, "MessageExpiryInterval", None),
        getattr(more, "ContentType", ""),
        getattr(more, "ResponseTopic", ""),
        getattr(more, "CorrelationData", b""),
    )
