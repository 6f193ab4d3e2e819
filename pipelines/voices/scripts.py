"""What of a text is read aloud, and in which script each stretch of it is written."""

from __future__ import annotations

import re

LONGEST = 1000
"""Characters of one text that are read aloud: about a minute. The rest is left out."""

_CJK = "\u1100-\u11ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
_KANA, _HANGUL = re.compile("[\u3040-\u30ff]"), re.compile("[\u1100-\u11ff\uac00-\ud7af]")
_RUNS = re.compile(rf"[{_CJK}][^A-Za-z\u00c0-\u04ff]*|[^{_CJK}]+")
_UNSPOKEN = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")  # \x01 would begin an espeak command
_PHONEME_MARKS = re.compile(r"\[\[|\]\]")
_BREAKS = re.compile(r"[^,;:.!?，；：。！？、]*[,;:.!?，；：。！？、]*\s*")


def speakable(text: str) -> str:
    """The text without what is not for reading aloud, and no longer than is bearable."""
    text = _PHONEME_MARKS.sub(" ", _UNSPOKEN.sub(" ", text)).strip()
    return text if len(text) <= LONGEST else text[:LONGEST].rsplit(" ", 1)[0]


def runs(text: str) -> list[str]:
    """Cut where the script changes: an English voice would spell Chinese letter by letter."""
    return [run for run in _RUNS.findall(text) if run.strip()]


def script_of(run: str) -> str | None:
    """`zh`, `ja` or `ko` where the script of a run tells it, None elsewhere."""
    if not re.match(f"[{_CJK}]", run):
        return None
    return "ja" if _KANA.search(run) else "ko" if _HANGUL.search(run) else "zh"


def pieces(text: str, most: int) -> list[str]:
    """The text in pieces of at most `most` characters, cut at punctuation where there is some, else between words."""
    found: list[str] = []
    for clause in _BREAKS.findall(text):
        if found and len(found[-1]) + len(clause) <= most:
            found[-1] += clause
        else:
            found.extend(_halved(clause, most))
    return [piece for piece in found if piece.strip()]


def _halved(clause: str, most: int) -> list[str]:
    if len(clause) <= most:
        return [clause]
    middle = clause.rfind(" ", 0, most) + 1 or most
    return [clause[:middle], *_halved(clause[middle:], most)]
