"""What English sentences claim of what is before a camera, one by one, whoever says them: narrators and models."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

Sense = Literal[
    "there", "absent", "came", "gone", "closer", "away", "covered", "frozen", "dark", "darker", "brighter", "well"
]

COCO = (
    "person bicycle car motorbike aeroplane bus train truck boat traffic_light fire_hydrant stop_sign parking_meter "
    "bench bird cat dog horse sheep cow elephant bear zebra giraffe backpack umbrella handbag tie suitcase frisbee "
    "skis snowboard sports_ball kite baseball_bat baseball_glove skateboard surfboard tennis_racket bottle wine_glass "
    "cup fork knife spoon bowl banana apple sandwich orange broccoli carrot hot_dog pizza donut cake chair sofa "
    "pottedplant bed diningtable toilet tvmonitor laptop mouse remote keyboard cell_phone microwave oven toaster sink "
    "refrigerator book clock vase scissors teddy_bear hair_drier toothbrush"
).replace("_", "~")
SAME = {
    "person": "people someone somebody man woman men women child children face faces figure visitor "
    "nobody no~one anyone",
    "motorbike": "motorcycle motorcycles motorbikes",
    "aeroplane": "airplane plane",
    "sofa": "couch",
    "pottedplant": "potted~plant houseplant plant",
    "diningtable": "dining~table table",
    "tvmonitor": "tv monitor screen television tv~monitor",
    "cell phone": "phone mobile~phone",
    "cup": "mug",
    "car": "vehicle",
    "remote": "remote~control",
    "hair drier": "hair~dryer",
}
NUMBERS = {"no": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
PLACES = (
    (
        0,
        r"\b(?:on|to|at|from) (?:the|your)?\s?(?:far )?left\b|\bleft (?:side|of (?:the )?cent)|\b(?:9|10|11) o'clock",
    ),
    (
        2,
        r"\b(?:on|to|at|from) (?:the|your)?\s?(?:far )?right\b|\bright (?:side|of (?:the )?c)|\b(?:1|2|3) o'clock",
    ),
    (1, r"\bahead\b|\bin the (?:middle|cent\w+)\b|\bin front\b|\b12 o'clock|\bstraight\b"),
)
LEFT = re.compile(
    r"(?<!your )(?<!the )(?<!on )(?<!to )(?<!at )(?<!far )(?<!from )\bleft\b(?! (?:side|of|hand|edge|part))"
)
GONE = re.compile(
    r"\b(?:gone|leaves|disappeared|vanished|no longer|not there any ?more|went away|less|fewer|taken away)\b"
)
CAME = re.compile(r"\b(?:came|comes|arrived|arrives|appeared|appears|entered|enters|new|more|another|joined|joins)\b")
CLOSER = re.compile(r"\b(?:closer|approach\w*|nearer|towards|coming)\b")
AWAY = re.compile(r"\b(?:leaving|moving away|moves away|goes away|going away|walks away|further|farther)\b")
DOUBT = re.compile(r"\b(?:possibly|perhaps|maybe|might|may be|not sure|probably|could be|seems?)\b")
QUOTED = re.compile(r"[“\"„‘«]([^”\"“’»]+)[”\"“’»]")
SAYS = re.compile(
    r"\b(?:it|code|sign|text) says: (.+?)\.?(?: and \d+ more lines?\.)?$|\bno longer there: (.+?)\.?$", re.I
)
PARTLY = re.compile(r"\bpart(?:ly|ially)?\b|\bcut off\b|\bcropped\b|\bbeyond the edge\b|\bincomplete\b")
NOW = re.compile(r"\s*now (\w+)\s*$")
ELSEWHERE = re.compile(
    r"\bshows something else\b|\b(?:new|another|different) (?:scene|picture|place|view)\b"
    r"|\b(?:scene|whole picture|view) (?:has )?changed\b"
)
EMPTY = re.compile(r"\bempty (?:room|scene|space|indoor|of people)")
CAMERA: tuple[tuple[Sense, str], ...] = (
    ("well", r"again|uncovered|no(?:t| longer) (?:covered|dark)|light is on|to normal|is back"),
    ("well", r"lights? (?:is|came|went|comes) (?:back|on)\b"),
    ("darker", r"\bdarker\b"),
    ("brighter", r"\bbrighter\b"),
    ("dark", r"\bdark(?:ness)?\b|lights? (?:is|are|went) (?:off|out)"),
    ("covered", r"\bcover(?:s|ed)\b|lens|hardly anything|blocked"),
    ("frozen", r"\bfrozen\b|\bfroze\b|exactly the same|hangs|stands still|stuck"),
)


@dataclass(frozen=True, slots=True)
class Claim:
    """One thing that a sentence says is true."""

    subject: str
    """`person`, a thing, `text`, `camera`; `motion` of nobody knows what; `room`: all that there may be in it;
    `scene`: the whole picture."""
    sense: Sense = "there"
    count: int | None = None
    place: int | None = None
    """0, 1 or 2: left, ahead, right."""
    text: str = ""
    """What is said to be written there."""
    doubtful: bool = False
    """It is only said to be possible."""
    partly: bool = False
    """It is said that the text cannot be seen whole."""


def claims(sentence: str) -> list[Claim]:
    """All that it claims about people, things, text and the camera; none where it claims nothing of that."""
    lowered = sentence.replace("’", "'")
    said = SAYS.search(sentence) if not QUOTED.search(sentence) else None
    quoted = [one.strip(" .!,") for one in QUOTED.findall(sentence)]
    read = quoted or ([one for one in said.groups() if one] if said else [])
    plain = QUOTED.sub(" ", SAYS.sub(" no longer there " if said and said.group(2) else " ", lowered)).lower()
    doubtful = bool(DOUBT.search(plain))
    partly = bool(PARTLY.search(plain))
    found = [Claim("text", "gone" if GONE.search(plain) else "there", text=text, partly=partly) for text in read]
    if read and (place := _place(plain)) is not None:
        found = [replace(one, place=place) for one in found]
    if (camera := _camera(plain)) is not None and not (read and partly):
        return [*found, camera]
    if ELSEWHERE.search(plain):
        return [*found, Claim("scene", "came")]
    if not read:
        found += _things(plain)
    if EMPTY.search(plain):
        found.append(Claim("room", "absent"))
    return [replace(one, doubtful=doubtful) for one in found]


def named(label: str) -> str:
    """What a detector calls a thing, under the name that claims have for it."""
    return next((subject for subject, match in _nouns(label.lower()) if match.group() == label.lower()), label)


def _camera(plain: str) -> Claim | None:
    about = re.search(r"\b(?:camera|lens|picture|dark\w*|brighter|lights?|image|see|made out)\b", plain)
    for sense, pattern in CAMERA if about else ():
        if re.search(pattern, plain):
            return Claim("camera", sense)
    return None


def _things(plain: str) -> Iterator[Claim]:
    """Clause by clause; a place without a thing belongs to the thing before it, or else to the one that follows."""
    waiting: int | None = None
    last: Claim | None = None
    for clause in re.split(r"[.,;:!?]|\band\b|\bwith\b|\bbut\b", plain):
        place, found = _place(clause), list(_named(re.sub(r"\d+ o'clock", "", clause)))
        if not found and place is not None:
            if last is not None and waiting is None:
                last = replace(last, place=place, count=None)
                yield last
            else:
                waiting = place
        if last is not None and (now := NOW.match(clause)) is not None:
            yield Claim(last.subject, "there", _number(now.group(1)))
        for one in found:
            last = replace(one, place=place if place is not None else waiting)
            waiting = None
            yield last


def _named(clause: str) -> Iterator[Claim]:
    sense = _sense(clause)
    for noun, match in _nouns(clause):
        before = clause[: match.start()].split()
        words = before[-4:]
        count = next((_number(word) for word in reversed(words) if _number(word) is not None), None)
        if match.group() in ("nobody", "no one") or (count == 0):
            yield Claim(noun, "absent", 0)
        elif match.group() != "anyone":
            one = words and words[-1] in ("a", "an", "another")
            counted = 1 if one or match.group() in ("someone", "somebody") else count
            yield Claim(noun, sense, counted)


def _sense(clause: str) -> Sense:
    if CLOSER.search(clause):
        return "closer"
    if AWAY.search(clause):
        return "away"
    if GONE.search(clause) or LEFT.search(clause):
        return "gone"
    return "came" if CAME.search(clause) else "there"


def _nouns(clause: str) -> Iterator[tuple[str, re.Match[str]]]:
    taken: list[tuple[int, int]] = []
    for pattern, label in _vocabulary():
        for match in pattern.finditer(clause):
            if not any(start < match.end() and match.start() < end for start, end in taken):
                taken.append(match.span())
                yield label, match


@cache
def _vocabulary() -> list[tuple[re.Pattern[str], str]]:
    """Longest names first, so that a dining table is no table beside it."""
    names = {name.replace("~", " "): name.replace("~", " ") for name in COCO.split()}
    names |= {"something": "motion", "motion": "motion"}
    for label, others in SAME.items():
        names |= {other.replace("~", " "): label for other in others.split()}
    ordered = sorted(names, key=len, reverse=True)
    return [(re.compile(rf"\b{re.escape(name)}(?:e?s)?\b"), names[name]) for name in ordered]


def _place(clause: str) -> int | None:
    return next((place for place, pattern in PLACES if re.search(pattern, clause)), None)


def _number(word: str) -> int | None:
    return int(word) if word.isdecimal() else NUMBERS.get(word)
