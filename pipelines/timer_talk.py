"""Timers by word of mouth: set, cancelled and asked after by the wording alone, in English and Chinese."""

from __future__ import annotations

import asyncio
import re

from pipelines import durations
from pipelines.durations import spoken
from pipelines.phrases import Language, language_of
from pipelines.timers import MOST, Refused, Timer, Timers, named

_D, _Z = durations.ENGLISH, durations.CHINESE
_LABEL = r"(?P<label>[^,;]+?)"
_ALARM = r"(?:timer|alarm|countdown|reminder)"
_BEGIN = r"(?:set|start|make|create|give me|begin)"
_SET = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?:(?:set|start|make|create|give me|begin|put on) )?(?:me )?(?:a |an |another |the |my )?(?:new )?{_ALARM}"
        rf" (?:for |of |to )?(?P<time>{_D})(?: (?:for|to|called|named|labell?ed) {_LABEL})?",
        rf"{_BEGIN} (?:a |an |another |the |my )?(?:{_LABEL} )?{_ALARM} (?:for|of) (?P<time>{_D})",
        rf"{_BEGIN} (?:a |an |another )?{_ALARM} (?:for|to|called|named) {_LABEL} (?:for|in|of) (?P<time>{_D})",
        rf"(?:{_BEGIN} )?(?:a |an |another )?(?P<time>{_D})(?: long)? {_ALARM}"
        rf"(?: (?:for|to|called|named) {_LABEL})?",
        rf"remind me in (?P<time>{_D})(?: (?:to|about|that|of) {_LABEL})?",
        rf"remind me (?:to|about|that|of) {_LABEL},? in (?P<time>{_D})",
        rf"in (?P<time>{_D}),? (?:please )?remind me(?: (?:to|about|that|of) {_LABEL})?",
        rf"(?:wake|call|tell|alert|notify) me(?: up)? (?:in|after) (?P<time>{_D})",
    )
)
_SET_ZH = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?:帮我)?(?:设|定|设置|设定|开|开始|来|启动)?(?:一)?个?(?P<time>{_Z})的?(?:计时器|定时器|倒计时|闹钟|计时)",
        rf"(?:帮我)?(?:设|定|设置|设定|开|开始|启动)?(?:一)?个?(?:计时器|定时器|倒计时|计时|定时|闹钟)(?P<time>{_Z})",
        rf"(?:请)?(?:过|在)?(?P<time>{_Z})(?:后|之后|以后)?(?:请)?(?:提醒|叫|告诉|通知|喊)(?:一下)?我(?P<label>.*)",
        rf"(?:提醒|叫|告诉|通知)我(?:在|过)?(?P<time>{_Z})(?:后|之后|以后)(?P<label>.*)",
    )
)
_CANCEL = re.compile(
    rf"(?:cancel|stop|delete|remove|clear|turn off|end|forget)(?: all)?(?: the| my| that| this| every| of the)?"
    rf"(?: (?!all\b)(?P<label>[^,;]+?))? {_ALARM}s?(?: (?:for|to|called|named) (?P<other>[^,;]+))?",
    re.IGNORECASE,
)
_CANCEL_ZH = re.compile(
    r"(?:取消|停止|停掉|关掉|关闭|删除|删掉)(?:所有|全部|那个|这个)?的?(?P<label>.*?)的?(?:计时器|定时器|倒计时|闹钟|提醒|计时)"
)
_LIST = re.compile(
    rf"(?:how (?:long|much time|much longer)(?: (?:is|do i have))?(?: there)?(?: left| to go| remaining)?)"
    rf"(?: (?:on|until|for) (?:the|my) .*{_ALARM}.*)?"
    rf"|(?:(?:what|which) (?:\w+ )?|(?:list|show)(?: me)?(?: all)?(?: the| my)? "
    rf"|(?:do i have|(?:are|is) there)(?: any| a)? )"
    rf"{_ALARM}s?(?: (?:are|is|do i have|i have|running|left|there|set|on|active|still))*"
    rf"|how (?:long|much).*\b{_ALARM}s?\b.*|how many {_ALARM}s\b.*",
    re.IGNORECASE,
)
_LEFT = re.compile(rf"\b(?:{_ALARM}s?|left|to go|remaining|longer)\b", re.IGNORECASE)
_LIST_ZH = re.compile(
    r".*(?:计时器|定时器|倒计时|闹钟|计时|提醒).*(?:多久|多长时间|还剩|几个|哪些|什么)|.*有(?:哪些|几个|什么)(?:计时器|定时器|提醒|闹钟)|还(?:有|剩)多久"
)
_WHEN = re.compile(
    rf"(?:remind me|set (?:a|an|the) {_ALARM})(?: .*)?|(?:提醒我|(?:设|定)(?:一)?个?(?:计时器|定时器|闹钟)).*",
    re.IGNORECASE,
)
_POLITE = re.compile(
    r"^(?:(?:okay|ok|hey|so|and|please|now|assistant|(?:can|could|would|will) you(?: please)?|i want you to"
    r"|i would like you to|请|麻烦你?|帮我|你能|能不能|可以)[ ,，]*)+",
    re.IGNORECASE,
)
LONGEST_WISH = 300
"""Characters of a wish; a longer text is about something else."""
_YOURS = {"my": "your", "me": "you", "i": "you", "mine": "yours", "myself": "yourself", "i'm": "you are"}


def done(text: str, timers: Timers) -> str | None:
    """Do what the text wants of the timers, and say so; None where it wants nothing of them."""
    if len(text) > LONGEST_WISH:
        return None
    language, words = language_of(text), _bare(text)
    for pattern in _SET_ZH if language == "zh" else _SET:
        if found := pattern.fullmatch(words):
            label = (found.groupdict().get("label") or "").strip(" ，,的")
            return _set(durations.seconds(found["time"]), label, language, timers)
    if found := (_CANCEL_ZH if language == "zh" else _CANCEL).fullmatch(words):
        label = (found["label"] or found.groupdict().get("other") or "").strip()
        return cancelled(_yours(label, language), language, timers)
    if (_LIST_ZH if language == "zh" else _LIST).fullmatch(words) and (language == "zh" or _LEFT.search(words)):
        return told(timers, language)
    if _WHEN.fullmatch(words):
        return "多久以后？比如：十分钟后提醒我。" if language == "zh" else 'In how long? For example: "in ten minutes".'
    return None


def told(timers: Timers, language: Language) -> str:
    """Which run, and how long still."""
    now = asyncio.get_running_loop().time()
    left = [(timer, spoken(timer.due - now, language)) for timer in timers.running]
    if language == "zh":
        return "".join(f"{named(timer)}，还有{rest}。" for timer, rest in left) or "没有计时器在运行。"
    return " ".join(f"{_capital(named(timer))}: {rest} left." for timer, rest in left) or "No timer is running."


def _set(seconds: float, label: str, language: Language, timers: Timers) -> str:
    try:
        timer = timers.start(seconds, _yours(label, language), language)
    except Refused as error:
        return f"设不了：计时最短1秒，最长24小时，最多{MOST}个。" if language == "zh" else f"{_capital(str(error))}."
    return confirmed(timer)


def confirmed(timer: Timer) -> str:
    """Said when it begins to run."""
    length = spoken(timer.seconds, timer.language)
    if timer.language == "zh":
        return f"好的，{length}后提醒你{timer.label}。"
    return f"Okay, in {length}: {timer.label}." if timer.label else f"Okay, {length} from now."


def cancelled(label: str, language: Language, timers: Timers) -> str:
    """Cancel those whose label has these words, or all, and say so."""
    gone = [] if not len(timers) else timers.cancel(label)
    if not gone and len(timers):
        return f"没有叫{label}的计时器。" if language == "zh" else f'No timer is called "{label}".'
    if language == "zh":
        return f"已取消：{'；'.join(map(named, gone))}。" if gone else "没有计时器在运行。"
    return f"Cancelled: {'; '.join(map(named, gone))}." if gone else "No timer is running."


def _yours(label: str, language: Language) -> str:
    """As the assistant says it: "call my mum" becomes "call your mum"."""
    if language == "zh":
        return label.replace("我", "你")
    return " ".join(_YOURS.get(word.lower(), word) for word in label.split())


def _bare(text: str) -> str:
    words = re.sub(r"\s+", " ", re.sub(r"[.!?。！？]+(?=\s|$)", "", text.replace("’", "'"))).strip(" ,，")
    words = _POLITE.sub("", words)
    return re.sub(
        r"(?:[ ,]+(?:please|thanks|thank you|now|assistant)|[，,]?(?:谢谢|好吗|吧|可以吗))+$",
        "",
        words,
        flags=re.IGNORECASE,
    ).strip()


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
