"""Whether a question is about what is to be seen now, whether about what was seen before, and at what it points.

By its wording, in English and Chinese. What `pipelines.chats.requests` knows is asked first; then a question, or a
wish like "read" and "count", that points at something counts, unless it speaks of talk, plans and times ("this week",
"is that true", "这首歌").
"""

from __future__ import annotations

import re

from pipelines.chats.grounded import OF_TIME
from pipelines.chats.requests import Request, bare, recognise
from pipelines.phrases import language_of
from pipelines.types import Transcript

_PICTURED = frozenset(
    {
        Request.DESCRIBE, Request.COUNT, Request.PRESENCE, Request.WHERE, Request.READ, Request.COLOUR, Request.LIGHT,
        Request.MOTION, Request.SHARPNESS, Request.OBJECT, Request.DETAIL, Request.SURROUNDINGS, Request.WHO,
    }
)  # fmt: skip

_ASKS = re.compile(
    r"^(what|which|who|whose|where|how|is|are|am|do|does|can|could|should|would|will|read|look|describe|identify|guess"
    r"|count|tell me|check|compare|name|translate|solve|find|spot|see|take a look|have a look|and (what|which|this))\b"
)
_POINTS = re.compile(
    r"\b(this|these|here|hold(ing)?|wear(ing)?|point(ing)?|show(ing)?|look(s|ing)? (like|at)"
    r"|on (the|my) (table|desk))\b"
    r"|\b(is|are|of|at|on|with|in|under|behind|colou?r) (that|those)\b|\b(that|those)$"
    r"|\b(my|his|her|their) (left |right |other )?(hands?|fingers?|shirt|jumper|sweater|jacket|t shirt|dress|trousers"
    r"|tie|shoes|hair|face|eyes|hat|cap|glasses|thumb|mug|cup|desk|table|room)\b"
    r"|\b(do|can) you (see|read|recognise|recognize)\b"
)
_TALK = re.compile(
    r"\b(this|that) (morning|afternoon|evening|week|weekend|month|year|time|song|question|word|idea|story|joke"
    r"|conversation|chat|sentence|topic|reason|case|way|problem|kind of (talk|thing))\b"
    r"|\b(is|was) (that|this) (all|it|right|true|so|correct|okay|possible|normal|why|how|because)\b"
    r"|\b(what|why|how) (does|do|is|about|would) (that|this) (mean|work|matter|happen|so|be)\b"
    r"|\b(after|before|about|like) that\b|\bdo you mean\b|\bhere (we go|you (go|are))\b"
    r"|\b(story|poem|poems|news|emails?|messages?|song|joke|weather|nearby|near here|in the world|on earth|live in)\b"
)
_PAST = re.compile(
    r"^(when|have|has|had|did|was|were)\b|\b(earlier|ago|yesterday|previously|last (time|see|saw|seen)|just (now|saw)"
    r"|did|was|were|(had|has|have) been|before|so far|a moment ago|used to be)\b"
)
_SEEING = re.compile(
    r"\b(see|seen|saw|show|showed|shown|hold|held|holding|wear|wore|wearing|happen(ed)?|come|came|enter(ed)?|there|here"
    r"|leave|left|put|pass(ed)?)\b|\bon (the|my)\b"
)
_WHERE = re.compile(r"^where (is|are) (my|the|our)\b|^(have you seen|did you see)\b|^find my\b")

_POINTS_ZH = re.compile(
    r"[这那](里|儿|边|个|些|张|本|件|只|位|是|上面)?.*(什么|吗|谁|几|多少|哪|怎么样|好看|颜色|呢)"
    r"|我(的)?(手|拿|穿|戴|举|指|衣服|头发|脸|桌子).*(什么|吗|几|多少|颜色|哪|怎么样|好看|呢)"
    r"|看看|看一下|看一看|看得(见|到|清)|^(请|帮我)?(读|念|数|认)(一)?(下|读|念|数|出|这|那)|描述"
)
_TALK_ZH = re.compile(
    r"[这那](首歌|个?词|句话|周|星期|个星期|个月|年|段时间|件事|个问题|个故事|个笑话|样做|几天|次|么)|什么意思|怎么办|新闻|故事|天气"
)
_PAST_ZH = re.compile(r"刚才|刚刚|之前|以前|上次|上一次|最后|什么时候|何时|见过|来过|早些时候|先前|昨天|原来")

_POINTING = re.compile(r"^(this|that|these|those|here|there|holding|wearing|showing|pointing)$|[这那]", re.IGNORECASE)
_EDGES = re.compile(r"^\W+|\W+$")


def visible(question: str) -> bool:
    """Whether it asks for what is to be seen now: "what am I holding?", "read this", "这是什么？"."""
    if language_of(question) == "zh":
        if _PAST_ZH.search(question) or _TALK_ZH.search(question):
            return False
        return recognise(question) in _PICTURED or _POINTS_ZH.search(question) is not None
    request, words = recognise(question), bare(question)
    if request in OF_TIME or _PAST.search(words) or _TALK.search(words):
        return False
    if request is not None:
        return request in _PICTURED
    return bool(_ASKS.search(words) and _POINTS.search(words))


def described(question: str) -> bool:
    """Whether it asks for no more than a caption tells: "what do you see?"."""
    return recognise(question) is Request.DESCRIBE


def remembered(question: str) -> bool:
    """Whether it asks for what was seen before: "where did you last see my cup?", "what just happened?", "谁来过？"."""
    request = recognise(question)
    if request in OF_TIME:
        return True
    if language_of(question) == "zh":
        return _PAST_ZH.search(question) is not None and re.search(r"看|见|有|来|放|拿|发生|在", question) is not None
    words = bare(question)
    told = request is None or request in _PICTURED
    return bool(told and (_WHERE.search(words) or (_PAST.search(words) and _SEEING.search(words))))


def pointed_at(said: Transcript) -> float:
    """When the speaker pointed: at the last "this", "here", "holding" or "这"; without word times, at the end."""
    pointing = [word for word in said.words if _POINTING.search(_EDGES.sub("", word.text))]
    return (pointing[-1].start + pointing[-1].end) / 2 if pointing else said.said_at
