"""The orders there are: what each may say, and what it does to the session."""

from __future__ import annotations

import unicodedata
from abc import abstractmethod
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import AfterValidator, AwareDatetime, ConfigDict, Field

from devices.media import Options
from pipelines.news import Answer, Command, Verbosity
from pipelines.remarks import TOPICS, Level, Topic
from pipelines.wording import one_line

if TYPE_CHECKING:
    from pipelines.controls import Controls

LONGEST = 500
"""Characters of a question, or of what is to be said."""


class Refused(ValueError):
    """An order that is not obeyed; the message is one line that says why."""


def _harmless(text: str) -> str:
    """Raises ValueError for what a terminal might obey; line breaks and tabs are spaces."""
    if any(unicodedata.category(letter) in ("Cc", "Cs") and letter not in "\t\n\r" for letter in text):
        raise ValueError("has control characters")
    return one_line(text)


def _told(text: str) -> str:
    if not (harmless := _harmless(text)):
        raise ValueError("is empty")
    return harmless


Text = Annotated[str, Field(max_length=LONGEST), AfterValidator(_told)]
Name = Annotated[str, Field(max_length=128), AfterValidator(_harmless)]


class Order(Options):
    """What every one of them may say beside what it wants."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    name: ClassVar[str]
    """Its level in the topic."""
    plain: ClassVar[str] = ""
    """Where plain text belongs; empty: it is `PRESS`."""

    transaction: Name = ""
    """What whoever asks calls it: it comes back with the answer."""
    at: AwareDatetime | None = None
    """When it was sent, as ISO 8601 with its zone."""

    @abstractmethod
    async def obey(self, controls: Controls) -> Answer | None:
        """Return when it is done; of a question, with its answer. Raises Refused with what is missing."""


class LookOrder(Order):
    """A question about what is to be seen."""

    command: ClassVar[Command]

    camera: Name = ""
    """The one it is about; empty: all."""

    async def obey(self, controls: Controls) -> Answer:
        from pipelines.enquiries import Enquiry

        enquiry = Enquiry(self.command, self._question, self.camera, source="mqtt", transaction=self.transaction)
        return await controls.enquiries.ask(enquiry)

    @property
    def _question(self) -> str:
        """Empty where the command is the question."""
        return ""


class AskOrder(LookOrder):
    """A question of one's own."""

    name, command, plain = "ask", "ask", "question"

    question: Text

    @property
    def _question(self) -> str:
        return self.question


class DescribeOrder(LookOrder):
    """What is to be seen."""

    name, command = "describe", "describe"


class ReadOrder(LookOrder):
    """What is written there."""

    name, command = "read", "read"


class CountOrder(LookOrder):
    """How many people there are."""

    name, command = "count", "count"


class SayOrder(Order):
    """What the assistant is to say."""

    name, plain = "say", "text"

    text: Text

    async def obey(self, controls: Controls) -> None:
        _is_heard(controls)
        if silent := controls.conversation.silent:
            raise Refused(f"{silent}: nothing is said but what somebody there asks for, and what may hurt")
        if not controls.conversation.say(self.text):
            raise Refused("too much waits to be said already")


class RepeatOrder(Order):
    """To say once more what was heard last."""

    name = "repeat"

    async def obey(self, controls: Controls) -> None:
        _is_heard(controls)
        if not controls.conversation.repeat():
            raise Refused("there is nothing to repeat, or too much waits to be said already")


class StopOrder(Order):
    """To fall silent, and forget what waits to be said."""

    name = "stop"

    async def obey(self, controls: Controls) -> None:
        await controls.conversation.stop()


class ValueOrder(Order):
    """What something is to be from now on: of several, the last one counts."""

    plain = "value"


_MUTED = "it was switched off at the machine, and is switched on there only"


class SwitchOrder(ValueOrder):
    """A switch."""

    value: Literal["ON", "OFF"]

    @property
    def on(self) -> bool:
        return self.value == "ON"


class PrivacyOrder(SwitchOrder):
    """Whether cameras and microphone are shut off."""

    name = "privacy"

    async def obey(self, controls: Controls) -> None:
        there = controls.switches.present
        if not (there.camera or there.microphone):
            raise Refused("there is no camera and no microphone")
        if not controls.switches.privacy(self.on):
            raise Refused(_MUTED)


class CaptioningOrder(SwitchOrder):
    """Whether pictures are put into words."""

    name = "captioning"

    async def obey(self, controls: Controls) -> None:
        controls.dials.set(captioning=self.on)


class ListeningOrder(SwitchOrder):
    """Whether the microphone is on."""

    name = "listening"

    async def obey(self, controls: Controls) -> None:
        if not controls.switches.present.microphone:
            raise Refused("there is no microphone")
        if not controls.switches.listen(self.on):
            raise Refused(_MUTED)


class SpeakingOrder(SwitchOrder):
    """Whether answers are spoken."""

    name = "speaking"

    async def obey(self, controls: Controls) -> None:
        _needs_voice(controls)
        controls.dials.set(speaking=self.on)


class VerbosityOrder(ValueOrder):
    """How much is asked of each picture."""

    name = "verbosity"

    value: Verbosity

    async def obey(self, controls: Controls) -> None:
        controls.dials.set(verbosity=self.value)


class NumberOrder(ValueOrder):
    """A number."""

    value: float


class IntervalOrder(NumberOrder):
    """Seconds between two captions of a camera at the least."""

    name = "interval"

    value: float = Field(ge=0, le=3600, allow_inf_nan=False)

    async def obey(self, controls: Controls) -> None:
        controls.dials.set(interval=self.value)


class LevelOrder(ValueOrder):
    """How much is said unasked."""

    name = "level"

    value: Level

    async def obey(self, controls: Controls) -> None:
        _needs_narration(controls)
        controls.dials.set(level=self.value)


class TopicsOrder(ValueOrder):
    """What is talked about unasked: all that is named, and nothing else."""

    name = "topics"

    value: tuple[Topic, ...]

    async def obey(self, controls: Controls) -> None:
        _needs_narration(controls)
        controls.dials.set(topics=tuple(topic for topic in TOPICS if topic in self.value))


class PauseOrder(SwitchOrder):
    """Whether nothing is said unasked for now, but hazards."""

    name = "pause"

    async def obey(self, controls: Controls) -> None:
        _needs_narration(controls)
        controls.dials.set(paused=self.on)


class RateOrder(NumberOrder):
    """How fast the voice speaks: 1 as it does by itself."""

    name = "rate"

    value: float = Field(ge=0.8, le=3, allow_inf_nan=False)

    async def obey(self, controls: Controls) -> None:
        _needs_voice(controls)
        if not controls.conversation.mouth.adjustable:
            raise Refused("this voice cannot speak faster or slower")
        controls.dials.set(rate=self.value)


class VolumeOrder(NumberOrder):
    """How loud it speaks: 1 as the voice does by itself."""

    name = "volume"

    value: float = Field(ge=0, le=2, allow_inf_nan=False)

    async def obey(self, controls: Controls) -> None:
        _needs_voice(controls)
        controls.dials.set(volume=self.value)


def _needs_voice(controls: Controls) -> None:
    if not controls.speaks:
        raise Refused("there is no [voice] with a [speaker]")


def _needs_narration(controls: Controls) -> None:
    if not controls.narrates:
        raise Refused("nothing is told unasked: there is no [narration]")


def _is_heard(controls: Controls) -> None:
    _needs_voice(controls)
    if not controls.dials.now.speaking:
        raise Refused("speaking is switched off: switch it on first")


FORMS: dict[str, type[Order]] = {
    form.name: form
    for form in (
        *(AskOrder, DescribeOrder, ReadOrder, CountOrder, SayOrder, RepeatOrder, StopOrder),
        *(PrivacyOrder, CaptioningOrder, ListeningOrder, SpeakingOrder, VerbosityOrder, IntervalOrder),
        *(LevelOrder, TopicsOrder, PauseOrder, RateOrder, VolumeOrder),
    )
}
"""By the name in their topic."""
