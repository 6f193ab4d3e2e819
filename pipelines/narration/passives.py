"""Says that something is there where a caption says that it can be seen, is shown or is visible: nobody can but see."""

from __future__ import annotations

import re

_HOW = r"(?:(?:also|clearly|easily|all|both|still|only|barely|partially|partly|just|faintly|prominently) )*"
_SEEN = r"(?:seen|observed|spotted|noticed|found|made out|glimpsed|viewed|identified|recognized|recognised|discerned)"
_SHOWN = r"(?:seen|shown|pictured|depicted|portrayed|captured|featured|photographed|visible|observed)"
_CAN = rf"(?:can|could|may|might) {_HOW}be {_HOW}{_SEEN}"
_IS = rf"(?P<be>is|are|was|were|has been|have been) {_HOW}(?:being )?{_SHOWN}"
_HERE = r"(?: here)?"
_ASIDE = re.compile(
    rf",? (?:{_SHOWN}|shot|viewed) from (?:the )?(?:behind|above|below|back|side|front|afar|a distance)\b",
    re.IGNORECASE,
)
_THERE = re.compile(rf"^there (?:{_CAN}|{_IS}) ", re.IGNORECASE)
_BEFORE = re.compile(rf"^(?:{_SHOWN}){_HERE} (?:is|are|was|were) ", re.IGNORECASE)
_TURNED = re.compile(
    rf"^((?:in|on|at|to|from|behind|near|next) [^,]*?),? (?:{_CAN}|{_IS}) (?=(?:an?|the|some)\b)", re.I
)
_SEEN_SO = re.compile(rf" (?:{_CAN}|{_IS}){_HERE}(?![\w-])(?P<rest>.*)$", re.IGNORECASE)
_THROUGH = re.compile(r"^ (?:through|from|between|across|outside|among|amongst|over|by)\b")
_NONE = re.compile(r"^(?:nothing|nobody|no one|none|not)\b", re.IGNORECASE)
_MANY = re.compile(r"^(?:two|three|four|five|six|seven|eight|nine|ten|several|some|many|various|multiple|\d+)\b", re.I)
_HEAD = re.compile(r"\b(?:with|of|in|on|at|that|who|which|wearing|holding)\b")


def active(sentence: str) -> str:
    """An English sentence without its end sign, in the form that says what is there."""
    sentence = _BEFORE.sub("", _THERE.sub("", _ASIDE.sub("", sentence)))
    sentence = _TURNED.sub(lambda found: f"{found[1]} is ", sentence)
    return _SEEN_SO.sub(lambda found: _said(found, sentence[: found.start()]), sentence, count=1)


def _said(found: re.Match[str], subject: str) -> str:
    rest = found["rest"]
    if rest.startswith(" with ") or (not rest and " and " in subject):
        return rest  # a room with a person; a sink and a towel
    be = found["be"] or ("are" if _several(subject) else "is")
    if _NONE.match(subject) or _THROUGH.match(rest):
        return f" {be} visible{rest}"
    return f" {be}{rest}"


def _several(subject: str) -> bool:
    last = (_HEAD.split(subject)[0].split() or [""])[-1].lower()
    plural = last == "people" or (last.endswith("s") and not last.endswith(("ss", "us", "is")))
    return plural or " and " in subject or _MANY.match(subject) is not None
