"""From a question to the sentences of its answer: the prompt, the look, the chat, and the tools that it calls."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from pipelines import timer_talk
from pipelines.abilities import recollection
from pipelines.agreement import disagree
from pipelines.backends import BackendError, Chat, Exchange, Prompt, calls_tools, expect
from pipelines.chats.grounded import Rules
from pipelines.chats.prompting import plain
from pipelines.chats.requests import about_scene
from pipelines.looking import Looks, PendingLook
from pipelines.memory import Memory
from pipelines.narration.answers import Boxes
from pipelines.narration.answerwords import asked as for_boxes
from pipelines.phrases import Phrases, language_of
from pipelines.precedence import Precedence, Preemption
from pipelines.sentences import sentences
from pipelines.timers import Timers
from pipelines.toolbox import Toolbox
from pipelines.tools import ToolCall, ToolResult
from pipelines.tracing import Trace
from pipelines.trouble import Patience
from pipelines.types import Caption, Looked, Transcript
from pipelines.visible import described, pointed_at, remembered, visible
from pipelines.worker import Worker

Sentences = AsyncGenerator[str, None]

FRESH = 1.0
"""Seconds for which a caption still is what a look would find."""
MOST_AT_ONCE = 32
"""Calls of one piece of an answer, after which a chat is cut that does nothing else."""


@dataclass(frozen=True, slots=True)
class Mind:
    """The language model, its thread, and its patience with failures."""

    chat: Chat
    worker: Worker
    patience: Patience
    precedence: Precedence = field(default_factory=Precedence)
    """Captions wait while the answer's next piece is made."""
    preemption: Preemption = field(default_factory=Preemption)
    """One answer at a time; the conversation goes before what programs ask."""

    @property
    def calls_tools(self) -> bool:
        """Whether the chat can call tools."""
        return calls_tools(self.chat)


@dataclass(frozen=True, slots=True)
class Request:
    """What one turn answers, and what it needs to know of the turns before."""

    asked: Transcript
    history: tuple[Exchange, ...]
    own: Phrases
    """The assistant's own words."""
    trace: Trace
    camera: str = ""
    """The only one that it is about; empty: all."""
    written: bool = False
    """A program asks: there is time to look first, and where there is no answer nothing is said instead of it."""


class Answers:
    """Makes answers from what was seen and said."""

    def __init__(
        self,
        memory: Memory,
        mind: Mind | None,
        looks: Looks | None = None,
        toolbox: Toolbox | None = None,
        timers: Timers | None = None,
        boxes: Boxes | None = None,
    ) -> None:
        """None is what there is not. `boxes`: what cameras know of where things are, if anybody looks for that."""
        self._memory, self._mind = memory, mind
        self._looks, self._toolbox, self._timers = looks, toolbox, timers
        self.boxes = boxes
        self._sees: Callable[[], bool] = lambda: True

    def only_while(self, sees: Callable[[], bool]) -> None:
        """Tell what is to be seen only while that is so: cameras that are switched off show nothing."""
        self._sees = sees

    async def to(self, request: Request) -> Sentences:
        """The sentences of one answer, each as soon as it is whole; closing it ends the work."""
        if (done := self._by_rule(request)) is not None:
            yield done
        elif self._mind is not None:
            async with self._mind.preemption.first(), aclosing(self._sentences(self._mind, request)) as answer:
                async for sentence in answer:
                    yield sentence

    async def in_writing(self, request: Request) -> str:
        """A whole answer, made when nobody else is answered, and begun anew where somebody was meanwhile.

        Without a chat by rule, from what was seen; empty where no rule has one. Raises BackendError.
        """
        mind = self._mind
        if mind is None:
            return await self._without_chat(request)
        return await mind.preemption.patient(lambda: _whole(self._sentences(mind, request)))

    async def _without_chat(self, request: Request) -> str:
        pending = self._begin_look(request)
        try:
            return Rules().answer(self._prompt(request, await self._in_time(pending, request))) or ""
        finally:
            if pending is not None:
                await pending.end()

    async def _sentences(self, mind: Mind, request: Request) -> Sentences:
        pending, spoken = self._begin_look(request), ""
        try:
            looked = await self._in_time(pending, request)
            async with aclosing(self._answered(mind, self._prompt(request, looked), request)) as answer:
                async for sentence in answer:
                    spoken = f"{spoken} {sentence}"
                    yield sentence
            if pending is not None and looked is None and (closer := await self._closer(pending, spoken, request)):
                yield closer
        finally:
            if pending is not None:
                await pending.end()

    def _by_rule(self, request: Request) -> str | None:
        """What needs no chat: timers, where the chat cannot set them, and where things are."""
        timers = self._timers
        if timers is not None and not self._uses_tools and (done := timer_talk.done(request.asked.text, timers)):
            return done
        return request.own.covered if self._unseen(request.asked.text) else self._from_boxes(request)

    def _unseen(self, question: str) -> bool:
        """Whether it asks for what is to be seen, and nothing is; memory tells what was, with its age."""
        if self._sees():
            return False
        now = visible(question) or for_boxes(question) is not None
        return now or (about_scene(question) and not remembered(question))

    def _from_boxes(self, request: Request) -> str | None:
        """Where others may know more than boxes do, those are asked."""
        text, scene = request.asked.text, self._memory.scene(request.camera)
        told = self.boxes.told(text, request.camera, _now(scene), language_of(text)) if self.boxes else None
        if told is None or (described(text) and any(caption.facts is None for caption in scene)):
            return None
        others = self._mind is not None and bool(scene or self._looks)
        return told.text if told.found or not others else None

    @property
    def _uses_tools(self) -> bool:
        return self._toolbox is not None and self._mind is not None and self._mind.calls_tools

    def _begin_look(self, request: Request) -> PendingLook | None:
        """Begin to look, where the question is about what is to be seen."""
        asked, looks = request.asked, self._looks
        if looks is None or not visible(asked.text):
            return None
        scene = self._memory.scene(request.camera)
        moment = pointed_at(asked) if asked.source == "voice" else _now(scene)
        if scene and described(asked.text) and moment - scene[-1].known_at < FRESH:
            return None
        request.trace.mark("look_at")
        camera = request.camera or (scene[-1].camera if scene else "")
        trace, only = request.trace, bool(request.camera)
        return looks.begin(asked.text, moment, lambda looked: trace.mark("looked_at"), camera, only=only)

    async def _in_time(self, pending: PendingLook | None, request: Request) -> Looked | None:
        """What was found within the budget; where nothing was seen before there is nothing else to start from."""
        looks = self._looks
        if pending is None or looks is None:
            return None
        hurries = not request.written and self._memory.scene(request.camera)
        return await pending.within(looks.budget if hurries else looks.options.longest)

    async def _closer(self, pending: PendingLook, spoken: str, request: Request) -> str | None:
        """The correction, if what the late look found disagrees with what was said meanwhile."""
        looked = await pending.at_last()
        if looked is None or not (found := plain(looked.text)) or not disagree(spoken, found):
            return None
        request.trace.rests_on([looked])
        return request.own.closer(found)

    async def _answered(self, mind: Mind, prompt: Prompt, request: Request) -> Sentences:
        """The chat's sentences; where it fails before the first, what the look found, or the assistant's own words."""
        said = False
        try:
            async with aclosing(self._rounds(mind, prompt, request)) as spoken:
                async for sentence in request.trace.first("first_sentence_at", spoken):
                    said = True
                    yield sentence
            mind.patience.answered(mind.chat)
        except BackendError as error:
            mind.patience.failed(str(error))
            instead = plain(prompt.looked.text) if prompt.looked is not None else ""
            if request.written and (said or not instead):
                raise
            if not said and (instead or request.own.failed):
                yield instead or request.own.failed

    async def _rounds(self, mind: Mind, prompt: Prompt, request: Request) -> Sentences:
        """Ask the chat; while it calls tools, ask it again with what they gave. In the last round it has none."""
        toolbox = self._toolbox
        rounds, left = (toolbox.options.rounds, toolbox.options.calls) if toolbox is not None else (0, 0)
        for number in range(rounds + 1):
            calls: list[ToolCall] = []
            async with aclosing(_round(mind, prompt, calls, request.trace)) as spoken:
                async for sentence in spoken:
                    yield sentence
            if not calls:
                return
            if toolbox is None or not prompt.tools:
                break
            steps = await toolbox.steps(calls, request.asked.said_at, left)
            left -= min(left, len(calls))
            last = number + 1 == rounds or not left
            prompt = replace(prompt, steps=(*prompt.steps, *steps), tools=() if last else prompt.tools)
        if not number:
            raise BackendError("it called a tool and was offered none: tools = true in [chat] offers them")
        raise BackendError(f"it called tools again and again without an answer ({len(prompt.steps)} calls): it was cut")

    def _prompt(self, request: Request, looked: Looked | None) -> Prompt:
        scene, said, toolbox = self._memory.scene(request.camera), request.asked, self._toolbox
        request.trace.rests_on([looked] if looked is not None and looked.text else scene)
        return Prompt(
            request.own.system,
            request.history,
            scene,
            said.text,
            _now(scene),
            self._memory.record(request.camera),
            looked,
            toolbox.tools if toolbox is not None and self._uses_tools else (),
            () if self._uses_tools else self._recalled(request, scene),
            self._noted(request, _now(scene)),
        )

    def _noted(self, request: Request, now: float) -> str:
        """What boxes tell; while nothing is seen, why what was seen grows old."""
        if not self._sees():
            return request.own.covered
        return self.boxes.noted(request.camera, now, language_of(request.asked.text)) if self.boxes else ""

    def _recalled(self, request: Request, scene: tuple[Caption, ...]) -> tuple[ToolResult, ...]:
        """For a chat that cannot recall by itself: what memory has for the question beyond the scene."""
        question = request.asked.text
        found = self._memory.recall(question, camera=request.camera or None) if remembered(question) else ()
        if all(caption in scene for caption in found):
            return ()
        return (ToolResult(ToolCall("recall", {"query": question}), recollection(found)),)


def _now(scene: tuple[Caption, ...]) -> float:
    """A file that is read fast runs ahead of the clock: what was seen last is then what is seen now."""
    return max(asyncio.get_running_loop().time(), *(caption.known_at for caption in scene), 0.0)


async def _whole(answer: Sentences) -> str:
    async with aclosing(answer):
        return " ".join([sentence async for sentence in answer])


async def _round(mind: Mind, prompt: Prompt, calls: list[ToolCall], trace: Trace) -> Sentences:
    """The sentences of one request to the chat; the calls that it makes are put on the list."""
    async with aclosing(mind.worker.iterate(lambda: mind.chat.reply(prompt), ahead=1)) as pieces:
        words = trace.first("first_token_at", _text(mind.precedence.urgent(pieces), calls))
        async for sentence in sentences(words):
            yield sentence


async def _text(pieces: AsyncIterator[object], calls: list[ToolCall]) -> AsyncIterator[str]:
    async for piece in pieces:
        if isinstance(piece, ToolCall):
            calls.append(piece)
            if len(calls) > MOST_AT_ONCE:
                raise BackendError(f"it called more than {MOST_AT_ONCE} tools at once: it was cut")
        else:
            yield expect(piece, str)
