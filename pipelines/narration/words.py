"""What a narrator says of motion, light, danger and the camera itself, in the languages of the assistant."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pipelines.narration.labels import spoken
from pipelines.news import Kind
from pipelines.phrases import Language


@dataclass(frozen=True, slots=True)
class Words:
    """One language. Places are those of `places.WORDS`, and may be empty."""

    moves: Callable[[str], str]
    """Something moves there, and nothing tells what it is."""
    changed: Callable[[str], str]
    """It is at rest again, and not as it was."""
    over: Callable[[str], str]
    """What moved there, and nobody knows what it was, does not any more, and all is as it was before."""
    elsewhere: str
    """The picture shows another scene."""
    nothing: Callable[[bool, bool], str]
    """At first: nothing of all that could be found is there. Whether things beside people could be, and text."""
    darker: str
    brighter: str
    danger: Callable[[str, str, bool], str]
    """Something comes closer: its name, empty where nobody knows it; where; and whether that is doubtful."""
    well: dict[Kind, str]
    """Each trouble of the camera is over."""
    of: Callable[[str, str], str]
    """What is said of one of several cameras: its name, and the words."""


def _danger(label: str, place: str, doubtful: bool) -> str:
    name = spoken(label, "en") if label else "something"
    told = f"possibly a {name}" if doubtful and label else name
    return f"{told[0].upper()}{told[1:]} approaching{', ' * bool(place)}{place}!"


def _danger_in_chinese(label: str, place: str, doubtful: bool) -> str:
    name = spoken(label, "zh") if label else "东西"
    return f"小心，{place}{'可能' if doubtful and label else ''}有{name}靠近！"


def _nothing(things: bool, text: bool) -> str:
    found = "nothing that I know" if things else "no person"
    return f"I see {found}{' and no text' * text}."


def _nothing_in_chinese(things: bool, text: bool) -> str:
    found = "没有看到我认识的东西" if things else "没有看到人"
    return f"{found}{'，也没有文字' * text}。"


WORDS: dict[Language, Words] = {
    "en": Words(
        moves=lambda place: f"Something moves{' ' * bool(place)}{place}.",
        changed=lambda place: f"Something changed{' ' * bool(place)}{place}.",
        over=lambda place: f"The motion{' ' * bool(place)}{place} is over.",
        elsewhere="The picture shows something else now.",
        nothing=_nothing,
        darker="It is much darker now.",
        brighter="It is much brighter now.",
        danger=_danger,
        well={
            "camera_dark": "It is not dark any more.",
            "camera_covered": "The camera sees clearly again.",
            "camera_frozen": "The picture moves again.",
            "camera_lost": "The camera is back.",
        },
        of=lambda camera, words: f"{camera}: {words}",
    ),
    "zh": Words(
        moves=lambda place: f"{place}有动静。",
        changed=lambda place: f"{place}有变化。",
        over=lambda place: f"{place}{'的' * bool(place)}动静停了。",
        elsewhere="画面完全变了。",
        nothing=_nothing_in_chinese,
        darker="光线暗了很多。",
        brighter="光线亮了很多。",
        danger=_danger_in_chinese,
        well={
            "camera_dark": "不再是一片漆黑了。",
            "camera_covered": "摄像头又能看清了。",
            "camera_frozen": "画面恢复了。",
            "camera_lost": "摄像头恢复了。",
        },
        of=lambda camera, words: f"{camera}：{words}",
    ),
}
