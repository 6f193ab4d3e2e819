"""What is said of an event before a camera without asking a model, in the languages of the assistant."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pipelines.moving import Where
from pipelines.news import Kind
from pipelines.phrases import Language
from pipelines.wording import listed, quoted


@dataclass(frozen=True, slots=True)
class EventWords:
    """The wording of events in one language."""

    titles: dict[Kind, str]
    """What each kind is, in a few words."""
    sentences: dict[Kind, str]
    """What is the matter with a camera itself, in a sentence."""
    places: dict[Where | None, str]
    """Where something moves, as the end of a title."""
    motion: Callable[[str], str]
    """The title of motion there."""
    moves: Callable[[str], str]
    """Something moves there, and goes on."""
    moved: Callable[[str, float, bool], str]
    """It is over: where, how many seconds it took, and whether the picture is another one since."""
    people: Callable[[int], str]
    """So many came."""
    read: Callable[[Sequence[str]], str]
    """These lines can be read now."""
    labels: Callable[[Sequence[str], Sequence[str]], str]
    """These things are new, and those are gone."""


def _moved(place: str, seconds: float, differs: bool) -> str:
    after = "; it looks different now" if differs else ""
    lasted = f", for {seconds:.0f} s" if seconds >= 1 else ""
    return f"Something moved{place}{lasted}{after}."


def _moved_in_chinese(place: str, seconds: float, differs: bool) -> str:
    after = "，现在看起来不一样了" if differs else ""
    lasted = f"，持续约{seconds:.0f}秒" if seconds >= 1 else ""
    return f"{place or '画面'}有动静{lasted}{after}。"


def _labels(new: Sequence[str], gone: Sequence[str]) -> str:
    parts = [f"new: {listed(new)}"] * bool(new) + [f"gone: {listed(gone)}"] * bool(gone)
    return "; ".join(parts)


def _labels_in_chinese(new: Sequence[str], gone: Sequence[str]) -> str:
    parts = [f"新出现：{'、'.join(new)}"] * bool(new) + [f"不见了：{'、'.join(gone)}"] * bool(gone)
    return "；".join(parts)


WORDS: dict[Language, EventWords] = {
    "en": EventWords(
        titles={
            "motion": "Motion",
            "person_appeared": "Someone came",
            "person_left": "Someone left",
            "scene_changed": "The scene changed",
            "text_read": "New text",
            "camera_dark": "The camera sees only darkness",
            "camera_covered": "The camera is covered",
            "camera_frozen": "The camera's picture is frozen",
            "camera_lost": "The camera is lost",
        },
        sentences={
            "camera_dark": "Nothing but darkness can be seen: the light is off, or the lens is covered.",
            "camera_covered": "Hardly anything can be made out any more: something covers the lens, or blinds it.",
            "camera_frozen": "The picture is exactly the same all the time, without any noise: the camera hangs.",
            "camera_lost": "The camera is lost.",
        },
        places={
            "left": " on the left",
            "centre": " in the centre",
            "right": " on the right",
            "camera": " all over the picture",
            None: "",
        },
        motion=lambda place: f"Motion{place}",
        moves=lambda place: f"Something moves{place}.",
        moved=_moved,
        people=lambda number: "Someone came" if number == 1 else f"{number} people are there",
        read=lambda lines: f"New text: {quoted(' / '.join(lines), '“”')}",
        labels=_labels,
    ),
    "zh": EventWords(
        titles={
            "motion": "有动静",
            "person_appeared": "有人来了",
            "person_left": "有人离开了",
            "scene_changed": "画面变了",
            "text_read": "有新文字",
            "camera_dark": "摄像头一片漆黑",
            "camera_covered": "摄像头被遮住了",
            "camera_frozen": "摄像头画面停住了",
            "camera_lost": "摄像头断开了",
        },
        sentences={
            "camera_dark": "一片漆黑，什么也看不见：灯关了，或者镜头被遮住了。",
            "camera_covered": "几乎什么都看不清了：镜头被遮挡，或者被强光照射。",
            "camera_frozen": "画面一直完全没有变化：摄像头卡住了。",
            "camera_lost": "摄像头断开了。",
        },
        places={"left": "左侧", "centre": "中间", "right": "右侧", "camera": "整个画面", None: ""},
        motion=lambda place: f"{place}有动静",
        moves=lambda place: f"{place or '画面'}有动静。",
        moved=_moved_in_chinese,
        people=lambda number: "有人来了" if number == 1 else f"有{number}个人",
        read=lambda lines: f"有新文字：“{' / '.join(lines)}”",
        labels=_labels_in_chinese,
    ),
}
