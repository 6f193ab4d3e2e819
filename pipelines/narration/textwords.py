"""What is said of text that is read, and of where to move the camera for it, in English and Chinese."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pipelines.phrases import Language
from pipelines.policy import count
from pipelines.spots import CODE, Spot

Direction = Literal["left", "right", "up", "down", "closer", "back", "hold", "search"]
"""Where the camera is to go; `hold`: it is right as it is; `search`: there is nothing to go by."""

MOST_LINES = 3
"""Lines of a text that are told unasked."""
MOST_WORDS = 24
"""Words of it after which no further line is begun."""
ENDS = ".!?:;,…。！？：；，"


@dataclass(frozen=True, slots=True)
class TextWords:
    """The wording in one language."""

    says: Callable[[str], str]
    code: Callable[[str], str]
    gone: Callable[[str], str]
    more: Callable[[int], str]
    """So many lines were left out."""
    partly: Callable[[str], str]
    """Stands before text of which a part is outside of the picture, and says where the camera must go."""
    nothing: str
    """There is no text, though somebody asks for it."""
    move: Mapping[Direction, str]
    side: Mapping[Direction, str]
    """The same in a word or two."""
    found: str
    """What was aimed at is well in the picture."""
    over: str
    """Guidance ends without having reached its aim."""
    ended: str
    """Somebody wants no more of it."""
    no_reader: str
    """There is nothing that reads."""
    gap: str
    """Between two sentences."""
    stop: str
    """Ends one."""


WORDS: dict[Language, TextWords] = {
    "en": TextWords(
        says=lambda text: f"It says: {text}",
        code=lambda text: f"A code says: {text}",
        gone=lambda text: f"No longer there: {text}",
        more=lambda lines: f"And {lines} more line{'s' * (lines != 1)}.",
        partly=lambda where: f"Partly covered, move {where}.",
        nothing="I can read no text from here.",
        move={
            "left": "Move the camera left.",
            "right": "Move the camera right.",
            "up": "Move the camera up.",
            "down": "Move the camera down.",
            "closer": "Move closer.",
            "back": "Move back a little.",
            "hold": "Hold still.",
            "search": "Nothing yet. Move slowly.",
        },
        side={"left": "left", "right": "right", "up": "up", "down": "down", "back": "back"},
        found="It is in the middle of the picture.",
        over="I stop guiding you: it did not come into view.",
        ended="I no longer guide you.",
        no_reader="I cannot guide you: nothing here reads text. It needs a [reader] section.",
        gap=" ",
        stop=".",
    ),
    "zh": TextWords(
        says=lambda text: f"上面写着：{text}",
        code=lambda text: f"码的内容是：{text}",
        gone=lambda text: f"这些文字不见了：{text}",
        more=lambda lines: f"还有{lines}行。",
        partly=lambda where: f"文字不完整，请{where}。",
        nothing="从这里看不到能读的文字。",
        move={
            "left": "把摄像头向左移。",
            "right": "把摄像头向右移。",
            "up": "把摄像头向上移。",
            "down": "把摄像头向下移。",
            "closer": "靠近一点。",
            "back": "退后一点。",
            "hold": "请保持不动。",
            "search": "还没有找到，请慢慢移动摄像头。",
        },
        side={"left": "向左移", "right": "向右移", "up": "向上移", "down": "向下移", "back": "退后一点"},
        found="它在画面中间。",
        over="没有找到，不再指引。",
        ended="不再指引。",
        no_reader="无法指引：这里没有读文字的部分，需要一个 [reader] 段。",
        gap="",
        stop="。",
    ),
}


def whole(lines: Sequence[Spot], language: Language) -> str:
    """All that is written there, for somebody who wants to hear it, in the order in which it stands there."""
    words, texts, codes = WORDS[language], _texts(lines), _codes(lines)
    said = [words.says(flowing(texts, words))] if texts else []
    said += [words.code(ended(code, words)) for code in codes]
    return words.gap.join(said) or words.nothing


def told(lines: Sequence[Spot], language: Language, direction: Direction | None = None) -> str:
    """The first lines, how many more there are, then codes; `direction`: where the camera must go for all of it, which
    comes first, as the camera can be moved while the text is read out."""
    words, texts, codes = WORDS[language], _texts(lines), _codes(lines)
    first = texts[: _fits(texts)]
    said = [words.partly(words.side[direction])] if direction is not None else []
    said += [words.says(flowing(first, words))] if first else []
    said += [words.more(len(texts) - len(first))] if len(texts) > len(first) else []
    said += [words.code(ended(code, words)) for code in codes]
    return words.gap.join(said)


def brief(lines: Sequence[Spot], language: Language) -> str:
    """The first line alone, and how many more there are; empty where that is all."""
    words, all_of = WORDS[language], [line.text for line in lines]
    if len(all_of) < 2:
        return ""
    return words.gap.join([words.says(ended(all_of[0], words)), words.more(len(all_of) - 1)])


def flowing(lines: Sequence[str], words: TextWords) -> str:
    """Lines as they are read aloud: one that goes on in small letters is not parted from the next by a pause."""
    said = ""
    for number, line in enumerate(lines):
        goes_on = number + 1 < len(lines) and lines[number + 1][:1].islower()
        said += (line if goes_on else ended(line, words)) + " "
    return said.strip()


def ended(line: str, words: TextWords) -> str:
    """With a sign at its end, so that a voice pauses there."""
    return line if line.endswith(tuple(ENDS)) else f"{line}{words.stop}"


def _fits(texts: Sequence[str]) -> int:
    """How many lines are told; one that would be left out alone is told as well."""
    fits, spoken = 0, 0
    while fits < min(len(texts), MOST_LINES) and spoken < MOST_WORDS:
        spoken += count(texts[fits])
        fits += 1
    return fits + 1 if fits + 1 == len(texts) and spoken < MOST_WORDS else fits


def _texts(lines: Sequence[Spot]) -> list[str]:
    return [line.text for line in lines if line.label != CODE]


def _codes(lines: Sequence[Spot]) -> list[str]:
    return [line.text for line in lines if line.label == CODE]
