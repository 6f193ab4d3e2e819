"""What the assistant itself says and asks of its models, in the languages it speaks."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Language = Literal["en", "zh"]

_CHINESE = re.compile("[\u3400-\u9fff]")
_LATIN = re.compile(r"[A-Za-z]+")


FRESH = 5.0
"""Seconds up to which what was seen is told as if it were seen now; an answer on older evidence says so."""


@dataclass(frozen=True, slots=True)
class Phrases:
    """The assistant's own words in one language."""

    system: str
    """The instructions of a chat."""
    unclear: str
    """Speech was heard but not understood."""
    failed: str
    """The chat failed."""
    working: str
    """An answer takes a while."""
    covered: str
    """Cameras are switched off, and the question is about what is to be seen."""
    note: str
    """Stands before what the camera saw."""
    question: str
    """Stands before the question."""
    ago: Callable[[float], str]
    """An age in seconds, in words."""
    look: Callable[[float], str]
    """Stands before what the model saw when it was asked the question itself, from the age of that picture."""
    blank: str
    """What the note says where nothing was seen that could answer."""
    stale: Callable[[float], str]
    """What the note adds where nothing in it is fresh, from the age of its newest evidence."""
    caption: str
    """What a vision-language model is asked of each keyframe."""
    closer: Callable[[str], str]
    """Corrects an answer by a look that came after it began, from what was found."""
    found: str
    """Stands before what was found in memory for the question."""
    describe: str
    """What a program asks that wants to know what is to be seen."""
    read: str
    """What it asks for what a text says."""
    count: str
    """What it asks for the number of people."""


def ago(seconds: float) -> str:
    """An age as it stands in the note: "now", "4 s ago", "3 min ago"."""
    if seconds < 1.5:
        return "now"
    if seconds < 120:
        return f"{seconds:.0f} s ago"
    return f"{seconds / 60:.0f} min ago" if seconds < 5400 else f"{seconds / 3600:.0f} h ago"


def ago_in_chinese(seconds: float) -> str:
    """ "刚才", "3秒前", "2分钟前"; what is yet to come is now."""
    if seconds < 1.5:
        return "刚才"
    for unit, length, longest in (("秒", 1, 120), ("分钟", 60, 5400)):
        if seconds < longest:
            return f"{round(seconds / length)}{unit}前"
    return f"{round(seconds / 3600)}小时前"


def _look(age: float) -> str:
    return f"Looked at it {ago(age)}: " if age > FRESH else "Looking at it now: "


def _look_in_chinese(age: float) -> str:
    return f"{ago_in_chinese(age)}看到的：" if age > FRESH else "现在看到的："


ENGLISH = Phrases(
    system=(
        "You are a helpful assistant with a camera and a voice. A note before each question tells what the camera saw "
        "and how long ago. Answer in one or two short spoken sentences, and say nothing of the picture that the note "
        "does not say: of what is not in it, you say that you can't tell from here, and never guess. Where something "
        "is you say only as the note has it. What is older than five seconds you tell with its age."
    ),
    unclear="Sorry, I did not understand that.",
    failed="Sorry, I cannot answer just now.",
    working="Just a moment.",
    covered="The camera is off.",
    note="Note of what the camera saw:",
    question="Question: ",
    ago=ago,
    look=_look,
    blank="- nothing: say that you can't tell from here.",
    stale=lambda age: f"(The camera last looked {ago(age)}: say so.)",
    caption="Describe what you see in one short sentence.",
    closer=lambda found: f"Looking closer: {found}",
    found="Found in memory for this question:",
    describe="What do you see?",
    read="What does it say?",
    count="How many people are there?",
)
CHINESE = Phrases(
    system=(
        "你是一个带摄像头、会说话的助手。每个问题前面的记录写着摄像头看到了什么，以及是多久以前看到的。"
        "请用一两句简短的口语中文回答；记录里没有写的画面内容，不要猜，"
        "只说从这里看不出来；方位也只按记录说。超过五秒以前看到的，要说明是多久以前。"
    ),
    unclear="抱歉，我没有听懂。",
    failed="抱歉，我现在无法回答。",
    working="请稍等。",
    covered="摄像头已关闭。",
    note="摄像头看到的记录：",
    question="问题：",
    ago=ago_in_chinese,
    look=_look_in_chinese,
    blank="- 什么也没有：请说从这里看不出来。",
    stale=lambda age: f"（摄像头最后一次看是{ago_in_chinese(age)}：请说明。）",
    caption="用一句简短的话描述你看到的画面。",
    closer=lambda found: f"再仔细看一下：{found}",
    found="记忆里与问题有关的：",
    describe="你看到了什么？",
    read="上面写着什么？",
    count="有几个人？",
)
PHRASES: dict[Language, Phrases] = {"en": ENGLISH, "zh": CHINESE}


def language_of(text: str, otherwise: Language = "en") -> Language:
    """Chinese where most of the words are; a Chinese letter is about half a word."""
    chinese, latin = len(_CHINESE.findall(text)) / 2, len(_LATIN.findall(text))
    return otherwise if chinese == latin == 0 else "zh" if chinese > latin else "en"
