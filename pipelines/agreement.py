"""Whether what was said from captions agrees with what a look then found.

They disagree when both say yes or no and not the same; when both give numbers, or colours, and none is in both; when
neither of these tells and no word that tells anything is in both. What says nothing disagrees with nothing.
"""

from __future__ import annotations

import re

from pipelines import gist
from pipelines.vocabulary import COLOURS

_YES = re.compile(r"\s*(yes|yeah|yep|是的|是，|是。|对|有的|有，|有。)", re.IGNORECASE)
_NO = re.compile(r"\s*(no\b|nope|nothing\b|nobody\b|不是|不，|没有|没，|不对)", re.IGNORECASE)
_HUES = frozenset(COLOURS.values())


def disagree(said: str, found: str) -> bool:
    """Whether the answer must be corrected; see the top of this file."""
    answers = _yes_or_no(said), _yes_or_no(found)
    if None not in answers and answers[0] != answers[1]:
        return True
    one, other = gist.gist(said), gist.gist(found)
    marks, others = {mark for mark, _ in one.marked}, {mark for mark, _ in other.marked}
    numbers = {mark for mark in marks if mark.isdigit()}, {mark for mark in others if mark.isdigit()}
    for these, those in (numbers, (marks & _HUES, others & _HUES)):
        if these and those:
            return not these & those
    if None not in answers or not other.words:
        return False
    return not one.words & other.words


def _yes_or_no(text: str) -> bool | None:
    return True if _YES.match(text) else False if _NO.match(text) else None
