"""The question about a keyframe where events are told, in the languages of the assistant: all that a model is told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pipelines.news import Verbosity
from pipelines.phrases import Language


@dataclass(frozen=True, slots=True)
class Asked:
    """The question in one language."""

    picture: str
    anchor: str
    """Around what was told last."""
    form: str
    """Before the form."""
    title: str
    """What stands in the form in place of the title."""
    summaries: dict[Verbosity, str]
    """In place of the summary: how long it is to be."""
    label: str
    """In place of each label."""

    def placeholders(self) -> Iterator[str]:
        """What a model gives back that fills in nothing."""
        yield from (self.title, *self.summaries.values(), self.label)


ASKED: dict[Language, Asked] = {
    "en": Asked(
        picture="This is a camera's picture: what is to be seen?",
        anchor="A moment ago it was described so: {} If that is still exactly what is to be seen, with nothing new and "
        "nothing gone, answer with one word: unchanged. Otherwise describe the picture anew.",
        form="Answer in English, with nothing but JSON of this form, its values filled in:",
        title="at most six words",
        summaries={"brief": "one short sentence", "normal": "one sentence", "detailed": "three to five sentences"},
        label="thing",
    ),
    "zh": Asked(
        picture="这是摄像头的画面：能看到什么？",
        anchor="刚才的描述是：{}如果现在看到的仍与它完全一致，没有新增也没有减少，只回答两个字：不变。否则请重新描述画面。",
        form="请用中文回答，只给出如下形式的 JSON，并填入内容：",
        title="不超过十个字",
        summaries={"brief": "一句很短的话", "normal": "一句话", "detailed": "三到五句话"},
        label="物体",
    ),
}
