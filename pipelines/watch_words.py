"""What somebody wants to be told of, as it was said: "someone comes in" is someone, "the door opens" is a state."""

from __future__ import annotations

import re

from pipelines import gist
from pipelines.narration.labels import spoken
from pipelines.phrases import language_of
from pipelines.wording import mentions

_BEFORE = re.compile(
    r"(?:there(?:'s| is| are) |you (?:can )?(?:see|spot|find|notice|read) |i can see |it (?:says"
    r"|reads) )",
    re.IGNORECASE,
)
_AFTER = re.compile(
    r" (?:(?:comes?|walks?|steps?|gets?)(?: (?:in|by|up|back|near|closer|along|into view|to me|here|around))?"
    r"|appears?|arrives?|enters?(?: the room)?|shows? up|turns? up|passes(?: by)?"
    r"|(?:is|are) (?:there|here|in sight|visible|coming|in the room|in the picture|to be seen))$",
    re.IGNORECASE,
)
_BEFORE_ZH = re.compile(r"^(?:看到|看见|发现|出现|有没有|有|来)+")
_AFTER_ZH = re.compile(r"(?:来到?|出现|进来|过来|经过|走近)了?$")
_TEXT = re.compile(
    r"(?:(?:the |a |any )?(?:words?|texts?|letters?|numbers?|signs?|labels?)(?: (?:that says|saying|says|with"
    r"|reading))? "
    r"|文字|(?:写着)|字样)[\"“”']?(?P<text>.+?)[\"“”']?",
    re.IGNORECASE,
)
_NOUNS = re.compile(r"(?:an? |the |some |my |any |another )?[\w'-]+(?: [\w'-]+){0,2}", re.IGNORECASE)
_VERBS = re.compile(r"\b(?:is|are|opens?|closes?|has|goes|turns?|starts?|stops?|leaves?|moves?|falls?|changes?)\b")


_PAST = re.compile(r"\b(?:was|were|did|had|died|began|\w{2,}[^e\W]ed)\b", re.IGNORECASE)
_PRESENT = re.compile(r"\b(?:is|are|gets?|has|have)\b", re.IGNORECASE)


def past(words: str) -> bool:
    """Whether it speaks of what is over: nobody watches for that."""
    return _PAST.search(words) is not None and _PRESENT.search(words) is None


def condition(words: str) -> str:
    """Without what only says that it is there: `a bottle appears` and `you see a bottle` are `a bottle`."""
    words = words.strip(" .!?。，！？")
    if language_of(words) == "zh":
        return _AFTER_ZH.sub("", _BEFORE_ZH.sub("", words)) or words
    return _AFTER.sub("", _BEFORE.sub("", words, count=1) if _BEFORE.match(words) else words)


def label_of(what: str, labels: frozenset[str]) -> str:
    """Which of the detector's names the condition is; empty where it is none of them, or more than a thing."""
    if language_of(what) == "en" and (_VERBS.search(what.lower()) or not _NOUNS.fullmatch(what)):
        return ""
    wanted = gist.wanted(what)
    named = (label for label in sorted(labels) if gist.wanted(label) == wanted or spoken(label, "zh") == what)
    return next(named, "") if wanted else ""


def alike(one: str, other: str) -> bool:
    """Whether two conditions may be the same, said in other words."""
    return mentions(one, other) or mentions(other, one) or gist.wanted(one) == gist.wanted(other)


def text_of(what: str) -> str:
    """What is to be read: "the word exit", “exit”; empty where the condition is no text."""
    if found := re.fullmatch(r"[\"“](.+)[\"”]", what):
        return found[1]
    found = _TEXT.fullmatch(what)
    return found["text"].strip() if found else ""


def name_of(what: str) -> str:
    """A thing in a few words that may stand on something as they are: the last resort of whoever can only read."""
    if language_of(what) == "zh":
        return what if len(what) <= 6 else ""
    plain = _NOUNS.fullmatch(what) is not None and not _VERBS.search(what.lower())
    return re.sub(r"^(?:an?|the|some|my|any|another) ", "", what, flags=re.IGNORECASE) if plain else ""
