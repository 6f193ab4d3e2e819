"""Takes from a caption who someone is, how old, of what kind or mood, and places that no box bears out."""

from __future__ import annotations

import re

from pipelines.gist import synonyms
from pipelines.narration import neutralwords as words
from pipelines.narration import placewords as places
from pipelines.narration.neutralchinese import in_chinese
from pipelines.narration.passives import active
from pipelines.narration.places import third
from pipelines.narration.situation import Situation
from pipelines.phrases import Language
from pipelines.vocabulary import VERB_FORMS
from pipelines.wording import one_line

_QUOTED = re.compile(r"[\"“][^\"”]*[\"”]")
_SENTENCE = re.compile(r"(?<=[.!?])\s+")
_HELD = re.compile("\ue000(\\d+)\ue001")
_KEPT = ("\ue002", "\ue003")
"""Stand around a place that a box bears out."""
_NP = r"(?:an?|one|two|three|four|five|six|seven|eight|nine|ten|several|some|many|another|various|multiple)\b"
_IS = (
    r"(?: (?:is|are|was|were|has|have|be|to be|also|there|appears?|seems?|looks?|located|positioned|situated"
    r"|placed|visible|seen"
    r"|present|shown|featured|clearly|partially|slightly))+"
)
_ONLY = re.compile(rf"^(?P<what>{_NP}(?:(?! is | are |[,;]).)*?){_IS}$", re.IGNORECASE)
_BARE = re.compile(rf"^{_NP}(?: \w+)? (?:person|people)$", re.IGNORECASE)
_DANGLING = re.compile(
    r"(?:[\s,;:–-]|\b(?:and|with|while|as|but|who|which|that|the|a|an|at|in|on|of|to|by|or|both|also))+$", re.IGNORECASE
)
_NO_VERB = re.compile(
    r"(?:,|;)? ?(?:\b(?:and|while|but|as) )?\b(?:they|both|the (?:two )?(?:person|people))"
    r"(?: (?:is|are|was|were|has|have|appears?|seems?|looks?|to be|all|both|also))*$",
    re.IGNORECASE,
)
"""A subject of which nothing is told any more."""
_NO_PREDICATE = re.compile(
    r"^(?:the|this|that|their|its?|these|those)\b.* (?:is|are|was|were|has|have|appears?|seems?)$", re.I
)
_PLURAL = re.compile(
    r"\b((?:two|three|four|five|six|seven|eight|nine|ten|several|some|the|\d+)(?: two| three)? people)( also|"
    r" now| both| all)? (is|was|has|\w+s)\b",
    re.IGNORECASE,
)
_NUMBERS = {"is": "are", "was": "were", "has": "have", "does": "do"}


def neutral(text: str, language: Language, situation: Situation | None = None) -> str:
    """The caption as far as eyes can tell it without guessing; empty where nothing is left.

    A place stays where a box of what stands there bears it out. What is quoted was read, and stays as it is.
    """
    text = one_line(text)
    held = [found[0] for found in _QUOTED.finditer(text)]
    numbers = iter(range(len(held)))
    bare = _QUOTED.sub(lambda _: f"\ue000{next(numbers)}\ue001", text)
    told = in_chinese(bare, situation) if language == "zh" else _in_english(bare, situation)
    told = told.translate(dict.fromkeys(map(ord, _KEPT)))
    return _HELD.sub(lambda number: held[int(number[1])], told)


def _in_english(text: str, situation: Situation | None) -> str:
    for pattern, instead in words.NAMES:
        text = pattern.sub(instead, text)
    sentences = [_sentence(sentence, situation) for sentence in _SENTENCE.split(_applied(text, words.LEADS[:1]))]
    return " ".join(sentence for sentence in sentences if sentence)


def _sentence(sentence: str, situation: Situation | None) -> str:
    sentence = sentence.strip().rstrip(".!?")
    if words.IDLE.search(sentence.partition(",")[0]):
        return ""
    for rules in (words.LEADS, words.LEADS, words.ABOUT_PEOPLE, words.FEELINGS, words.SOMEONE, words.PRONOUNS):
        sentence = _applied(sentence, rules)
    sentence, beside = _unplaced(_agreeing(active(sentence)), situation)
    told = [_finished(one) for one in (sentence, *(f"there {_be(one)} {one}" for one in beside))]
    return " ".join(one for one in told if one)


def _applied(text: str, rules: words.Rules) -> str:
    for pattern, instead in rules:
        text = re.sub(r"(?:\s*,)+(?=,)|\s+(?=[\s,])", "", pattern.sub(instead, text)).strip()
    return text


def _agreeing(sentence: str) -> str:
    """With verbs in the number of what they now stand by."""
    while (sum_of := words.SUMMED.search(sentence)) is not None:
        sentence = f"{sentence[: sum_of.start()]}{_sum(sum_of[1], sum_of[2])} people{sentence[sum_of.end() :]}"
    sentence = words.JOINED.sub(r"\1 ", sentence)
    sentence = words.SINGULAR.sub(lambda found: f"{found[1]} {_plural(found[2])}", sentence)
    agreed = _PLURAL.sub(lambda found: f"{found[1]}{found[2] or ''} {_plural(found[3])}", sentence)
    if re.match(r"(?:they|(?:two|three|four|five) people)\b", agreed, re.IGNORECASE):
        agreed = words.SECOND.sub(lambda found: f"{found[1]} {_plural(found[2])}", agreed)
    return agreed


def _sum(one: str, other: str) -> str:
    """In words: `two` and `a` are `three`."""
    return words.NUMBERED[
        sum(
            max(1, words.NUMBERED.index(word) if word in words.NUMBERED else 1) for word in (one.lower(), other.lower())
        )
    ]


def _plural(verb: str) -> str:
    """`wear` of `wears`."""
    if verb.lower() in _NUMBERS:
        return _NUMBERS[verb.lower()]
    if not verb.endswith("s") or verb.endswith(("ss", "us", "is")):
        return verb
    return VERB_FORMS.get(verb.lower()) or (f"{verb[:-3]}y" if verb.endswith("ies") else verb[:-1])


def _unplaced(sentence: str, situation: Situation | None) -> tuple[str, list[str]]:
    """Without places; and what was told to be there only by standing beside something."""
    beside: list[str] = []

    def aside(found: re.Match[str]) -> str:
        if found["some"]:
            beside.append(found["some"].strip())
        return ""

    sentence = places.NOW.sub("", places.LIMB.sub("", places.TURNED.sub("", sentence)))
    sentence = places.GONE.sub(lambda found: f"{found[1]} gone{' from' if found[2] else ''}", sentence)
    sentence = places.SIDE.sub(lambda found: _borne_out(found, situation), sentence)
    sentence = places.WITHIN.sub(lambda found: "on " if found[1] in places.SURFACES else "in ", sentence)
    sentence = places.FAR.sub("", places.CLOCK.sub("", sentence))
    sentence = places.BESIDE.sub(aside, sentence)
    beside = [places.FAR.sub("", places.SIDE.sub("", one)) for one in beside]
    return re.sub(r"\s+", " ", sentence).strip(" ,;"), beside


def _borne_out(found: re.Match[str], situation: Situation | None) -> str:
    """The place, kept where the thing right before it has a box there; else nothing."""
    text = found[0]
    side = next((third for word, third in places.SIDES.items() if re.search(rf"\b{word}\b", text, re.I)), None)
    if situation is None or side is None or re.search(r"corner|top|bottom|upper|lower|ground", text, re.I):
        return ""
    before = re.sub(rf"{_IS}(?: \w+ing)?$|(?<=\w) \w+ing$", "", found.string[: found.start()].rstrip(" ,")).lower()
    boxes = [thing.box for thing in situation.things if before.endswith(synonyms(thing.label))]
    return f"{_KEPT[0]}{text}{_KEPT[1]}" if any(third(box, "side") == side for box in boxes) else ""


def _finished(sentence: str) -> str:
    """A whole sentence, or nothing where none is left of it."""
    sentence = _NO_VERB.sub("", _DANGLING.sub("", _without_banned(sentence))).strip(" ,;")
    sentence = re.sub(r"^(?:and|while|with|but|,|;|where|,? there,) +", "", re.sub(r" ([,.;])", r"\1", sentence))
    sentence = re.sub(rf"^(is|are) (?={_NP})", r"there \1 ", sentence, flags=re.IGNORECASE)
    if (only := _ONLY.match(sentence)) or _BARE.match(sentence):
        what = only["what"] if only else sentence
        sentence = f"there {_be(what)} {what[:1].lower()}{what[1:]}"
    if _NO_PREDICATE.match(sentence) or " " not in sentence:
        return ""
    return f"{sentence[:1].upper()}{sentence[1:]}."


def _without_banned(sentence: str) -> str:
    """What no rule could word otherwise is left out with its clause."""
    clauses = re.split(r"(?=[,;] )", sentence)
    fit = [clause for clause in clauses if not _banned(clause)]
    return "".join(fit) if fit and fit[0] == clauses[0] else ""


def _banned(clause: str) -> bool:
    unplaced = re.sub(f"{_KEPT[0]}.*?{_KEPT[1]}", "", clause)
    return words.BANNED.search(clause) is not None or places.BANNED.search(unplaced) is not None


def _be(what: str) -> str:
    single = re.match(r"(?:an?|one|another)\b", what.strip(), re.IGNORECASE)
    return "is" if single else "are"
