"""What the assistant says of wishes: that they are granted, in as few words as will do, or why they are not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pipelines.captionwords import spoken_age
from pipelines.phrases import Language, ago_in_chinese
from pipelines.remarks import Topic
from pipelines.wishes import WishKind
from pipelines.wording import listed


@dataclass(frozen=True, slots=True)
class WishWords:
    """The wording in one language."""

    granted: dict[WishKind, str]
    limits: dict[WishKind, str]
    """It cannot be any more so."""
    questions: dict[WishKind, str]
    """What is asked of whoever knows what there is."""
    where: Callable[[str], str]
    nothing_said: str
    first: str
    last: str
    before: Callable[[float, str], str]
    """So many seconds ago that was said."""
    hazards_only: str
    paused_already: str
    not_paused: str
    no_rate: str
    no_volume: str
    unasked: str
    """Nothing is told unasked, so there is nothing to be more or less of."""
    topics: dict[Topic, str]
    topic: Callable[[str, bool], str]
    private: str
    captured: Callable[[bool, bool], str]
    """Privacy is over, and whether microphone and camera are on."""
    watching: Callable[[str], str]
    reading: Callable[[str], str]
    """The same of a text."""
    there: Callable[[str, str, bool], str]
    """Things, their place, and whether they were there already."""
    read: Callable[[str, bool], str]
    """That is read, and whether it was already."""
    true: Callable[[str, bool], str]
    """The same of what a model was asked."""
    ask: Callable[[str, bool], str]
    """What it is asked: a thing that may be there (True), or a state."""
    cannot_watch: str
    watches_enough: str
    watches_nothing: str
    no_longer: Callable[[Sequence[str]], str]
    watches: Callable[[Sequence[str]], str]
    no_keys: str
    help: str


def _there(things: str, place: str, already: bool) -> str:
    verb = "are" if things[:1].isdigit() else "is"
    when = "already" if already else "now"
    return f"{things[:1].upper()}{things[1:]} {verb} there {when}{', ' if place else ''}{place}."


def _captured(microphone: bool, camera: bool) -> str:
    if microphone and camera:
        return "Camera and microphone are on."
    return "The microphone is on." if microphone else "The camera is on." if camera else "Both are off."


def _ask(what: str, thing: bool) -> str:
    question = f"Is there {what} in the picture?" if thing else f"Does the picture show this: {what}?"
    return f"{question} Answer with yes or no. If you are not sure, answer no."


def _ask_in_chinese(what: str, thing: bool) -> str:
    question = f"画面里有{what}吗？" if thing else f"画面里是这样吗：{what}？"
    return f"{question}只回答“是”或“否”；不确定就回答“否”。"


WORDS: dict[Language, WishWords] = {
    "en": WishWords(
        granted={
            "more": "More.",
            "less": "Less.",
            "faster": "Faster.",
            "slower": "Slower.",
            "louder": "Louder.",
            "softer": "Softer.",
            "pause": "Paused.",
            "resume": "Going on.",
        },
        limits={
            "more": "As much as I can.",
            "less": "Silent already.",
            "faster": "As fast as I can.",
            "slower": "As slow as I can.",
            "louder": "As loud as I can.",
            "softer": "As soft as I can.",
        },
        questions={
            "describe": "What do you see?",
            "read": "What does it say?",
            "left": "What is on my left?",
            "ahead": "What is in front of me?",
            "right": "What is on my right?",
            "aim": "Help me aim the camera.",
        },
        where=lambda what: f"Where is the {what}?",
        nothing_said="Nothing was said yet.",
        first="That was the first.",
        last="That was the last.",
        before=lambda age, text: f"{spoken_age(age)}: {text}",
        hazards_only="Silent, but for hazards.",
        paused_already="Paused already.",
        not_paused="I am not paused.",
        no_rate="This voice cannot speak faster or slower.",
        no_volume="This voice cannot speak louder or softer.",
        unasked="I tell nothing unasked here.",
        topics={"people": "people", "text": "text", "objects": "objects", "motion": "motion", "light": "light"},
        topic=lambda topic, on: f"{topic.capitalize()} {'on' if on else 'off'}.",
        private="Camera and microphone are off. A key switches them on.",
        captured=_captured,
        watching=lambda what: f"Watching for {what}.",
        reading=lambda text: f"Watching for the text “{text}”.",
        there=_there,
        read=lambda text, already: f"It says “{text}” {'already' if already else 'now'}.",
        true=lambda what, already: f"{'Already' if already else 'Now'}: {what}.",
        ask=_ask,
        cannot_watch="I cannot watch for that here.",
        watches_enough="I cannot watch for more things at once.",
        watches_nothing="I watch for nothing.",
        no_longer=lambda what: f"No longer watching for {listed(what)}.",
        watches=lambda what: f"Watching for {listed(what)}.",
        no_keys="There are no single keys here: lines that begin with a slash do the same.",
        help=(
            "You can say: repeat, back, spell, what did you say before, more, less, faster, slower, louder, quieter, "
            "pause, go on, stop, describe, read that, what's to my left, what's ahead, where was the door, "
            "watch for a person, don't tell me about text, privacy, or keys. You can also just ask."
        ),
    ),
    "zh": WishWords(
        granted={
            "more": "多说些。",
            "less": "少说些。",
            "faster": "快些。",
            "slower": "慢些。",
            "louder": "大声些。",
            "softer": "小声些。",
            "pause": "已暂停。",
            "resume": "继续。",
        },
        limits={
            "more": "已经最多了。",
            "less": "已经不说了。",
            "faster": "已经最快了。",
            "slower": "已经最慢了。",
            "louder": "已经最大声了。",
            "softer": "已经最小声了。",
        },
        questions={
            "describe": "你看到了什么？",
            "read": "上面写着什么？",
            "left": "我左边有什么？",
            "ahead": "我前面有什么？",
            "right": "我右边有什么？",
            "aim": "帮我对准镜头。",
        },
        where=lambda what: f"{what}在哪里？",
        nothing_said="还没有说过什么。",
        first="这是第一句。",
        last="这是最后一句。",
        before=lambda age, text: f"{ago_in_chinese(age)}：{text}",
        hazards_only="只说危险。",
        paused_already="已经暂停了。",
        not_paused="没有暂停。",
        no_rate="这个声音不能调快慢。",
        no_volume="这个声音不能调大小。",
        unasked="这里我不会主动说话。",
        topics={"people": "人", "text": "文字", "objects": "物体", "motion": "动静", "light": "光线"},
        topic=lambda topic, on: f"{'会说' if on else '不再说'}{topic}。",
        private="摄像头和麦克风已关闭，按键可以打开。",
        captured=lambda heard, seen: f"{'摄像头' * seen}{'和' * (heard and seen)}{'麦克风' * heard}已打开。",
        watching=lambda what: f"好，留意{what}。",
        reading=lambda text: f"好，留意文字“{text}”。",
        there=lambda things, place, already: f"{place}{'已经' if already else '现在'}有{things}。",
        read=lambda text, already: f"{'已经' if already else '现在'}写着“{text}”。",
        true=lambda what, already: f"{'已经是' if already else '现在'}：{what}。",
        ask=_ask_in_chinese,
        cannot_watch="这个我在这里没法留意。",
        watches_enough="不能同时留意更多了。",
        watches_nothing="没有在留意什么。",
        no_longer=lambda what: f"不再留意{'、'.join(what)}。",
        watches=lambda what: f"在留意{'、'.join(what)}。",
        no_keys="这里没有单键，以斜杠开头的命令可以代替。",
        help=(
            "你可以说：再说一遍，上一句，拼一下，你之前说了什么，多说一点，少说一点，快一点，慢一点，大声一点，小声一点，暂停，继续，停，"
            "描述一下，读一下，左边有什么，前面有什么，门在哪里，有人来的时候告诉我，别再说文字了，隐私模式，有哪些按键。也可以直接提问。"
        ),
    ),
}
