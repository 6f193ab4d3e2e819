"""Questions of programs: answered in writing, beside the conversation and never into it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from pipelines.answering import Answers, Request
from pipelines.backends import BackendError
from pipelines.chats.requests import about_scene
from pipelines.news import Answer, Command
from pipelines.phrases import Phrases
from pipelines.tracing import Trace
from pipelines.types import Emit, Transcript
from pipelines.visible import visible
from pipelines.wording import listed, one_line, quoted

MOST = 16
"""Questions that wait until those before are answered."""
LONGEST = 60.0
"""Seconds from the question to its answer, with all waiting."""


@dataclass(frozen=True, slots=True)
class Enquiry:
    """One of them."""

    command: Command
    question: str = ""
    """For `ask`; the others have their own."""
    camera: str = ""
    """The one it is about; empty: all."""
    source: str = ""
    transaction: str = ""
    """What whoever asks calls it."""


class Unanswered(Exception):
    """There is no answer; the message is one line that says why."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where it is asked."""

    cameras: Collection[str]
    """Their names."""
    sees: Callable[[], bool]
    """Whether pictures are captured at present."""
    own: Callable[[str], Phrases]
    """The assistant's own words in the language of a question, and without one in the conversation's."""


class Enquiries:
    """Asks the chat, or the model that looks, when the conversation leaves them free."""

    def __init__(self, answers: Answers, blind: Answers, place: Place, emit: Emit) -> None:
        """`blind` answers while the cameras are off: it knows of nothing that was seen, so that nothing is told."""
        self._answers, self._blind, self._place, self._emit = answers, blind, place, emit
        self._turns = asyncio.Lock()
        self._asking = 0

    async def ask(self, enquiry: Enquiry) -> Answer:
        """The answer, which is told on the feed as well; one without a text says why."""
        now, text, why = asyncio.get_running_loop().time, "", ""
        asked = Transcript(self._question(enquiry), now(), source=enquiry.source or "program")
        trace = Trace(asked)
        self._asking += 1
        try:
            async with asyncio.timeout(LONGEST):
                text = await self._answer(enquiry, asked, trace)
        except TimeoutError:
            why = f"it was not answered within {LONGEST:g} s"
        except Unanswered as error:
            why = str(error)
        except BackendError as error:
            why = one_line(f"chat: {error}")
        finally:
            self._asking -= 1
        answer = Answer(
            enquiry.command,
            asked.text,
            text,
            asked_at=asked.said_at,
            answered_at=now(),
            camera=enquiry.camera,
            captured_at=trace.photon_at if text else None,
            source=enquiry.source,
            transaction=enquiry.transaction,
            why=why,
        )
        self._emit(answer)
        return answer

    def _question(self, enquiry: Enquiry) -> str:
        own = self._place.own("")
        known = {"describe": own.describe, "read": own.read, "count": own.count}
        return known.get(enquiry.command, one_line(enquiry.question))

    async def _answer(self, enquiry: Enquiry, asked: Transcript, trace: Trace) -> str:
        """When it is its turn. Raises Unanswered and BackendError."""
        self._check(enquiry, asked)
        own = replace(self._place.own(asked.text), failed="")
        request = Request(asked, (), own, trace, enquiry.camera, written=True)
        async with self._turns:
            text = one_line(await self._who_answers(enquiry, asked).in_writing(request))
        if trace.photon_at is not None and not self._place.sees():
            raise Unanswered("the cameras were switched off meanwhile")
        if not text:
            raise Unanswered("nothing that runs here can answer that: a [chat] in the configuration could")
        if enquiry.command != "ask" and trace.photon_at is None:
            raise Unanswered("nothing has been seen yet")
        return text

    def _check(self, enquiry: Enquiry, asked: Transcript) -> None:
        cameras = self._place.cameras
        if self._asking > MOST + 1:
            raise Unanswered(f"too many questions at once: {MOST} wait already")
        if not asked.text:
            raise Unanswered("there is no question")
        if enquiry.camera and enquiry.camera not in cameras:
            raise Unanswered(f"there is no camera {quoted(enquiry.camera)}: there is {listed([*cameras]) or 'none'}")
        if enquiry.command != "ask" and not cameras:
            raise Unanswered("there is no camera")

    def _who_answers(self, enquiry: Enquiry, asked: Transcript) -> Answers:
        """Raises Unanswered where only what is to be seen could tell, and nothing is at present."""
        if self._place.sees():
            return self._answers
        if enquiry.command != "ask" or (self._place.cameras and (visible(asked.text) or about_scene(asked.text))):
            raise Unanswered("the cameras are switched off")
        return self._blind
