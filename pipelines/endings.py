"""Judges in a pause whether the speaker has ended, by the sound before it and by the words, and how long to wait."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from pydantic import Field, model_validator

from devices.media import Options
from pipelines.types import Heard

_ENGLISH = re.compile(r"[a-z]+(?:'[a-z]+)?|\d+")
_CHINESE = re.compile(r"[\u4e00-\u9fff]")

OPENING = re.compile(r"^(?:(?:and|so|but|now|then|okay|ok|hey|well|please|um|uh) )+(?=\S)")
"""What may come before a request, and says nothing about its end."""
JOINING = re.compile(
    r"(?:^| )(?:and|or|but|so|because|cause|if|then|than|while|although|though|unless|until|whether|since|plus|like"
    r"|a|an|the|my|your|our|their|its|every|each|some|any|very|really|quite|just|um|uh|er|erm|hmm|well|that's"
    r"|i'm|you're|we're|they're|i'll|you'll|we'll|i'd|i've|we've|gonna|wanna)$"
)
"""No English sentence of a conversation ends in these: more is to come."""
LEADING = re.compile(
    r"(?:^| )(?:to|of|in|on|at|by|for|with|from|into|onto|about|between|under|over|behind|near|as|is|are|was|were|am"
    r"|has|had|will|would|could|should|can|may|might|must)$"
)
"""Beside a question word they may come last ("what is it for", "I know who he is"), otherwise hardly ever."""
ASKING = re.compile(r"\b(?:what|who|whom|whose|where|when|why|how|which)\b.* \S+ ")
BEGUN = re.compile(
    r"\b(?:i (?:want|think|mean|wonder|guess)|i would like|(?:can|could|would|will) you|let me|tell me|show me"
    r"|(?:what|why|how|when|where|who) (?:do|does|did) (?:you|i|we|they|it|he|she)|such as|kind of|sort of|you know"
    r"|how many|how much|what kind)$"
    r"|^(?:what|which|who|how|why|where|when|is there|are there|please)$"
)
"""Beginnings of a request that were not gone on with."""
QUESTION = re.compile(
    r"^(?:what|who|whom|whose|where|when|why|how|which)(?:'s|'re)?(?: \S+)+$"
    r"|^(?:(?:is|are|was|were|do|does|did|has|have|had|ca|could?|wo|would?|should)(?:n't)?|am|can|will|may)"
    r"(?: \S+){2,}$"
)
COMMAND = re.compile(
    r"^(?:(?:describe|read|count|repeat|translate|explain|compare|list|find|name|spell|summarize|look|listen)(?: \S+)+"
    r"|(?:tell|show|give|remind|wake|help) me(?: \S+)+|(?:set|start|turn|switch|open|close|play)(?: \S+){2,})$"
)
ALONE = re.compile(
    r"yes|no|yeah|nope|stop|thanks|thank you|thank you very much|okay|ok|hello|hi|bye|goodbye|never mind|go on"
    r"|go ahead|wait|pause|continue|repeat|exactly|of course|come on|that's it|that's all|shut up|be quiet"
)
"""Whole utterances as they stand."""

MORE_ZH = re.compile(
    r"(?:然后|因为|所以|但是|可是|不过|而且|并且|还有|如果|要是|或者|或是|以及|虽然|由于|关于|对于|就是|就是说|比如|比如说|例如|那个|那么"
    r"|一个|这种|那种|我想|我要|我觉得|我希望|能不能|可不可以|帮我|请|和|跟|与|把|被|给我|的时候|嗯|呃|额)$"
)
"""No Chinese sentence of a conversation ends in these: more is to come."""
WHOLE_ZH = re.compile(
    r"(?:[吗呢吧]$)|^(?=.{4,}$).*(?:什么|谁|哪|几[个只张本位人]|多少|怎么|为什么|有没有|是不是)|^(?:请|帮我).{3,}$"
    r"|^(?:是|是的|对|对的|不|不是|不要|好|好的|行|可以|停|停下|谢谢|谢谢你|你好|再见|没有|没了|继续|算了)$"
)
"""A question, a request or an answer that can stand for itself."""


class EndingOptions(Options):
    """How long a pause must be before it counts as the end of what is said. Times are in seconds.

    The defaults follow from `tests/benchmarks/endpoint.py`.
    """

    shortest: float = Field(default=0.4, ge=0.1, le=5)
    """After a complete request, or where the speaker's voice sounds ended."""
    usual: float = Field(default=0.6, ge=0.1, le=5)
    """Where neither words nor sound tell, or they disagree."""
    longest: float = Field(default=1.2, ge=0.1, le=10)
    """After "and", "because", "um" and the like, or where the speaker's voice does not sound ended."""
    sure: float = Field(default=0.97, gt=0, le=1)
    """From this probability on the sound counts as ended."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.shortest <= self.usual <= self.longest:
            raise ValueError("shortest, usual and longest must not fall")
        return self


@dataclass(frozen=True, slots=True)
class Ending:
    """What a pause was judged to be."""

    wait: float
    """Seconds without speech after which the utterance is over."""
    finished: bool
    """False where the words ask for more, even if the pause gets as long as that."""


def judged(options: EndingOptions, sound: float | None, heard: Heard | None) -> Ending:
    """How long to wait in this pause; where neither sound nor words are known, as usual.

    `sound`: how likely it is, 0 to 1, that the speaker has ended, by the turn model; None without one.
    `heard`: the words up to the pause; None where they are not known (yet).
    """
    whole = complete(heard.text) if heard is not None else None
    if whole is False:
        return Ending(options.longest, finished=False)
    if sound is None:
        return Ending(options.shortest if whole else options.usual, finished=True)
    if sound >= options.sure:
        return Ending(options.shortest, finished=True)
    return Ending(options.usual if whole else options.longest, finished=True)


def complete(text: str) -> bool | None:
    """Whether these words can stand for themselves (True), ask for more (False), or tell neither (None).

    English and Chinese, with or without punctuation. A full stop tells nothing: transcribers put one everywhere.
    """
    line = text.strip().lower().replace("\u2019", "'")
    if not line:
        return None
    if line.endswith(("...", "…", ",", "，", "、", "-", "—", ":", "：")):
        return False
    asked = line.endswith(("?", "？"))
    return _chinese(line, asked) if _CHINESE.search(line) else _english(line, asked)


def _english(line: str, asked: bool) -> bool | None:
    words = " ".join(_ENGLISH.findall(re.split(r"[.!?] (?=\S)", line)[-1]))
    said = OPENING.sub("", words)
    if ALONE.fullmatch(said):
        return True
    if JOINING.search(said) or BEGUN.search(said) or (LEADING.search(said) and not ASKING.search(said)):
        return False
    return True if asked or QUESTION.match(said) or COMMAND.match(said) else None


def _chinese(line: str, asked: bool) -> bool | None:
    said = "".join(_CHINESE.findall(re.split(r"[。！？；]", line.rstrip("。！？；"))[-1]))
    if MORE_ZH.search(said):
        return False
    return True if asked or WHOLE_ZH.search(said) else None
