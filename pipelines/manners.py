"""What people say to keep a talk going or to end it, and no question: nods, agreement, "stop"."""

from __future__ import annotations

import re

_APART = re.compile(r"[^\w']+")
_CHINESE = re.compile("[\u3400-\u9fff]")

NOD = re.compile(r"m+h*m*|hm+|u[hm]+|huh|e[rh]+m?|a+h+a?|o+h+|[嗯哦喔噢啊呃诶唔]+")
"""A sound that says "I listen"."""
AGREEMENT = re.compile(
    r"yes|yeah|ye[pa]|yup|ok|okay|right|sure|wow|really|exactly|true|indeed|cool|nice|great|good|fine|alright"
    r"|对+|是|是的|是啊|好|好的|好啊|行|知道了|明白|明白了|真的|原来如此|当然"
)
SMALL_TALK = re.compile(r"i see|got it|of course|all right|oh really|i know|go on|that's right")
HUSH = re.compile(
    r"(?:(?:can|could|would|will) you )?(?:please )?(?:just )?"
    r"(?:stop(?: it| talking)?|(?:be )?quiet|hush|silence|shut up|(?:that's )?enough|never ?mind|wait"
    r"|wait a (?:moment|minute|second)|hold on|forget it)(?: please)?"
    r"|停|停下|停止|停一下|别说了|不要说了|安静|闭嘴|等等|等一下|够了|算了"
)


def is_nod(text: str) -> bool:
    """Whether it is a sound of listening, and nothing else: "mm-hm", "uh-huh", "嗯"."""
    parts = _parts(text)
    return bool(parts) and all(NOD.fullmatch(part) for part in parts)


def is_backchannel(text: str) -> bool:
    """Whether it only tells a speaker to go on: a nod, "yes", "okay", "I see", "对"."""
    parts = [part for part in _parts(text) if not NOD.fullmatch(part)]
    agrees = all(AGREEMENT.fullmatch(part) for part in parts)
    return bool(text) and (agrees or SMALL_TALK.fullmatch(" ".join(parts)) is not None)


def is_hush(text: str) -> bool:
    """Whether it only asks for silence: "stop", "wait", "别说了"."""
    return HUSH.fullmatch(" ".join(_parts(text))) is not None


def joined(first: str, then: str) -> str:
    """Two parts of one utterance, with a space between them where their script has spaces."""
    apart = "" if _CHINESE.search(first[-1:]) or _CHINESE.search(then[:1]) else " "
    return f"{first.rstrip(' .…')}{apart}{then.lstrip()}"


def _parts(text: str) -> list[str]:
    return [part for part in _APART.split(text.lower().replace("\u2019", "'")) if part]
