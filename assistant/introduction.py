"""What is said when a session begins for the first time on a machine: what it does, which keys help, what leaves it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel

from assistant import traces
from assistant.config import Config
from assistant.keys import named
from pipelines.agenda import Agenda
from pipelines.phrases import Language
from pipelines.remarks import Priority, Remark
from pipelines.remote.options import is_local
from pipelines.spotters.embedded import Embedded
from pipelines.wording import listed

KEY = "introduction"


def marker() -> Path:
    """The empty file that tells that it was said on this machine."""
    return traces.place().with_name("introduced")


class Introduction:
    """Offered once; over as soon as somebody does or says anything."""

    def __init__(self, text: str, wanted: bool, place: Path | None) -> None:
        """`wanted`: say it whether or not it was said before; `place`: see `marker`, None: nobody need know of it."""
        self._text, self._asked, self._place = text, wanted, place
        self.on = False
        """Whether it waits to be said, or is being said."""

    @property
    def due(self) -> bool:
        """Whether it is to be said: it was not said before, or is wanted again."""
        return self._asked or self._place is None or not self._place.exists()

    def attach(self, agenda: Agenda) -> None:
        """Offer it there, where it is due."""
        if not self.due:
            return
        agenda.when_settled(self._settled)
        now = asyncio.get_running_loop().time()
        self.on = agenda.offer(Remark(self._text, Priority.ANSWER, now, key=KEY, asked=self._asked))

    def _settled(self, remark: Remark, heard: str) -> None:
        """Said, or skipped: both is enough for one machine; what nobody heard the beginning of is said another time."""
        if remark.key != KEY:
            return
        self.on = False
        if heard and self._place is not None:
            with suppress(OSError):  # then it is said once more; no session shall fail for that
                self._place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._place.touch()


@dataclass(frozen=True, slots=True)
class Kept:
    """What the command line lets a session leave behind, beside the configuration."""

    events: bool = False
    """All events, in a file."""
    recorded: bool = False
    """Sound, pictures and words, for `omni replay`."""


def introduction(config: Config, terminal: bool, stored: str) -> str:
    """The words. `terminal`: somebody can press keys; `stored`: what is kept, see there."""
    chinese = language_of(config) == "zh"
    sentences = _in_chinese if chinese else _in_english
    return ("" if chinese else " ").join(sentences(config, terminal, stored))


def language_of(config: Config) -> Language:
    """What is said unasked is said in it."""
    return "zh" if config.conversation.language == "zh" else "en"


def stored(config: Config, kept: Kept) -> str:
    """What a session leaves on this machine, as sentences; empty: nothing that was seen, heard or said."""
    diary = config.memory.persist or config.memory.diary is not None
    found = [
        (
            kept.recorded,
            "This session is recorded, with sound, pictures and words.",
            "本次使用会录下声音、画面和文字。",
        ),
        (diary, "What is seen is kept in a diary.", "看到的内容会写入日记。"),
        (config.memory.on_disk and not diary, "Pictures lie on the disk until the end.", "画面会存在磁盘上直到结束。"),
        (kept.events, "What is seen, heard and said is written to a file.", "看到、听到和说出的内容会写入文件。"),
        (_to_file(config), "My voice is written to a file.", "我的声音会写入文件。"),
        (config.mqtt is not None, "What waits for the broker waits on the disk.", "等待发送的消息会存在磁盘上。"),
    ]
    chinese = language_of(config) == "zh"
    return ("" if chinese else " ").join(
        in_chinese if chinese else english for true, english, in_chinese in found if true
    )


def addresses(config: Config) -> list[str]:
    """The machines to which something may be sent, and the programs of others that are given words."""
    found = [host for name, section in config if name != "camera" for host in _hosts(section)]
    tools = "{}的工具" if language_of(config) == "zh" else "the tools of {}"
    return [
        *sorted({host for host in found if host and not is_local(host)}),
        *(tools.format(server.name) for server in config.mcp if server.command),
    ]


def _hosts(value: object, name: str = "") -> Iterator[str]:
    """Those that options name, however deep."""
    if isinstance(value, BaseModel):
        for inner, one in value:
            yield from _hosts(one, inner)
    elif isinstance(value, tuple | list):
        for one in value:
            yield from _hosts(one, name)
    elif isinstance(value, str) and name == "host":
        yield value
    elif isinstance(value, str) and ("://" in value or value.startswith("inet_socket:")) and " " not in value:
        yield urlsplit(value.replace("inet_socket:", "//", 1)).hostname or ""


def _to_file(config: Config) -> bool:
    return config.speaker is not None and str(config.speaker.sink).lower().endswith(".wav")


def _sees_no_vehicles(config: Config) -> bool:
    """Whether nothing is there that finds other things than people: then nothing tells that they come closer."""
    return config.spotter is None or isinstance(config.spotter, Embedded)


def _in_english(config: Config, terminal: bool, stored: str) -> Iterator[str]:
    keys = config.keys
    yield "Welcome."
    if terminal and keys.single:
        yield "Any key skips this."
    if config.narration is not None:
        yield "I tell what the camera sees: first what is there, then only what changes."
    else:
        yield "Ask me what the camera sees."
    if terminal and keys.single:
        told = [(keys.of("keys"), "tells the keys"), (keys.of("repeat"), "repeats"), (keys.of("stop"), "silences me")]
        text = listed([f"{named(those[:1])} {does}" for those, does in told if those])
        yield f"{text[:1].upper()}{text[1:]}."
    elif terminal:
        yield "Type a question, and press Enter."
    if config.narration is not None and _sees_no_vehicles(config):
        yield "I cannot find vehicles, so I cannot warn of them."
    if config.microphone is not None:
        yield "You can also ask by voice."
    hosts = addresses(config)
    if hosts:
        yield f"What I see and hear may be sent to {listed(hosts)}."
    else:
        yield "Pictures, sound and words stay on this machine."
    yield stored or "Nothing of them is kept, only when I answered, how long it took, and how much I said."
    yield "I can be wrong: do not rely on me where it is dangerous."


def _in_chinese(config: Config, terminal: bool, stored: str) -> Iterator[str]:
    keys = config.keys
    yield "欢迎使用。"
    if terminal and keys.single:
        yield "按任意键跳过介绍。"
    if config.narration is not None:
        yield "我会说出摄像头看到的内容：先说有什么，然后只说变化。"
    else:
        yield "可以问我摄像头看到了什么。"
    if terminal and keys.single:
        told = [(keys.of("keys"), "听按键说明"), (keys.of("repeat"), "重复"), (keys.of("stop"), "安静")]
        yield "，".join(f"按{named(those[:1], 'zh')}{does}" for those, does in told if those) + "。"
    elif terminal:
        yield "输入问题，然后按回车。"
    if config.narration is not None and _sees_no_vehicles(config):
        yield "我认不出车辆，所以不能提醒你避让车辆。"
    if config.microphone is not None:
        yield "也可以用语音提问。"
    hosts = addresses(config)
    yield f"看到和听到的内容可能会发送到{'、'.join(hosts)}。" if hosts else "画面、声音和文字都留在本机。"
    yield stored or "这些都不会保存，只记录回答的时间和用时，以及说了多少话。"
    yield "我可能会出错，有危险时请不要只依靠我。"
