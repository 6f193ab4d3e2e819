"""What can be said in Chinese of the facts of one picture, and the answers that need no picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from pipelines.chats.language import Language, OfMemory
from pipelines.chats.requests import Request
from pipelines.phrases import FRESH, ago_in_chinese
from pipelines.types import Caption, Facts
from pipelines.wording import quoted

FIXED: Mapping[Request, str] = {
    Request.HELP: "你可以问我看到了什么、有几个人、在哪里、写的是什么、有什么变化、东西最后在哪、什么颜色，"
    "还有现在几点。",
    Request.SELF: "我是你的摄像头助手。",
    Request.HELLO: "你好！你可以问我看到了什么。",
    Request.THANKS: "不客气。",
    Request.BYE: "再见！",
    Request.STOP: "好的。",
}

_LIGHT = {"dark": "光线很暗", "dim": "光线较暗", "normal": "光线正常", "bright": "光线明亮"}
_PLACES = {"left": "左边", "centre": "中间", "right": "右边"}
_COLOURS = {
    "red": "红色", "orange": "橙色", "yellow": "黄色", "green": "绿色", "blue": "蓝色", "purple": "紫色",
    "pink": "粉色", "cyan": "青色", "brown": "棕色", "black": "黑色", "white": "白色", "grey": "灰色", "gray": "灰色",
}  # fmt: skip
_DAYS = "一二三四五六日"


def lead(camera: str, age: float, sentence: str) -> str:
    """The sentence, with its camera where there are several and its age where it is not fresh."""
    front = f"{camera}：" if camera else ""
    return f"{front}我上次看是{ago_in_chinese(age)}：{sentence}" if age > FRESH else f"{front}{sentence}"


def told_time(now: datetime) -> str:
    return f"现在是{now.hour}点{now.minute}分。"


def told_date(now: datetime) -> str:
    return f"今天是{now.year}年{now.month}月{now.day}日，星期{_DAYS[now.weekday()]}。"


def describe(facts: Facts) -> str:
    """All that the facts hold, in short sentences."""
    said = [people(facts)]
    if facts.text or facts.codes:
        said.append(_read(facts))
    said += [_light(facts)] if facts.light else []
    return "".join(said)


def people(facts: Facts) -> str:
    """How many, at least, and where."""
    if facts.people is None:
        return "我看不清有没有人。"
    if facts.people == 0:
        return "我不确定，可能有人。" if facts.maybe_people else "没有看到人。"
    places = "、".join(dict.fromkeys(_PLACES[place] for place in facts.places))
    return f"至少有{facts.people}个人" + (f"，在{places}。" if places else "。")


def when(age: float, now: datetime) -> str:
    """ "3分钟前", "2小时前（13点5分）", "昨天13点5分", "3月2日13点5分"."""
    if age < 3600:
        return ago_in_chinese(age)
    then = now - timedelta(seconds=age)
    days, clock = (now.date() - then.date()).days, f"{then.hour}点{then.minute}分"
    if days == 0:
        return f"{ago_in_chinese(age)}（{clock}）"
    return f"昨天{clock}" if days == 1 else f"{then.month}月{then.day}日{clock}"


def _seen(caption: Caption) -> str:
    return caption.text if caption.facts is None else describe(caption.facts)


def _read(facts: Facts) -> str:
    lines = [*facts.text, *facts.codes]
    return "写的是：" + "，".join(quoted(line, "“”") for line in lines) + "。" if lines else "没有看到文字。"


def _colour(facts: Facts) -> str:
    names = "、".join(_COLOURS.get(colour, colour) for colour in facts.colours)
    return f"主要是{names}。" if names else "我看不出颜色。"


def _light(facts: Facts) -> str:
    return f"{_LIGHT[facts.light]}。" if facts.light else "我看不出光线怎么样。"


def _who(facts: Facts) -> str:
    return f"我认不出是谁。{people(facts)}"


FROM_FACTS: Mapping[Request, Callable[[Facts], str]] = {
    Request.DESCRIBE: describe,
    Request.COUNT: people,
    Request.PRESENCE: people,
    Request.WHERE: people,
    Request.WHO: _who,
    Request.READ: _read,
    Request.COLOUR: _colour,
    Request.LIGHT: _light,
}

OF_MEMORY = OfMemory(
    when=when,
    moment=lambda time, camera, told: f"{time}{f'，{camera}' if camera else ''}：{told}",
    seen=_seen,
    changed=_seen,  # the clauses that say what changed are English
    now=lambda told: f"现在就能看到：{told}",
    last=lambda moment: f"我最后一次看到是{moment}",
    first=lambda moment: f"我最早看到是{moment}",
    until=lambda first, last: f"我最早看到是{first}，最后看到是{last}。",
    came=lambda time: f"有人来了，是{time}。",
    always=lambda time: f"就我记得的，一直有人；最早看到是{time}。",
    left=lambda seen, gone: f"我看到有人是{seen}，从{gone}起没有看到人。",
    looked=lambda time: f"我上次看是{time}。",
    space="",
    unchanged="没有看到变化。",
    nothing_before="之前没有看到别的。",
    nobody="就我记得的，没有看到过人。",
    unknown="我看不清。",
    never="我没有看到过。",
    nameless="我的眼睛认不出物品，所以不知道。",
)
CHINESE = Language(
    fixed=FIXED,
    from_facts=FROM_FACTS,
    lead=lead,
    time=told_time,
    date=told_date,
    unseen="我从这里看不出来：我还没有看到任何东西。",
    outside="这个我不会回答。你可以问我看到了什么、有几个人、写的是什么、有什么变化。",
    nothing_said="我还没有说过话。",
    of_memory=OF_MEMORY,
)
