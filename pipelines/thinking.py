"""The conversation: what was seen and said goes in, a turn comes out; interrupting a turn is cancelling it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from math import inf

from devices.lines import LineClosed, Lossless
from pipelines.agenda import Agenda
from pipelines.answering import Answers, Request
from pipelines.floor import Floor, meaning
from pipelines.memory import Memory
from pipelines.past import ABOUT_ITSELF as ABOUT_ITSELF
from pipelines.past import MOST_REMEMBERED as MOST_REMEMBERED
from pipelines.past import Past
from pipelines.phrases import Language, Phrases, language_of
from pipelines.questions import Questions
from pipelines.remarks import Priority, Remark
from pipelines.speaking import Mouth
from pipelines.talking import ConversationOptions
from pipelines.turn import Sentences, Turn
from pipelines.turns import WORKING, Turns
from pipelines.types import (
    Called,
    Caption,
    Emit,
    PartialTranscript,
    Perception,
    Reminder,
    SpeechPaused,
    SpeechStarted,
    Transcript,
)


class Conversation:
    """Takes perceptions one by one; what comes of them is said in turns."""

    def __init__(
        self, options: ConversationOptions, memory: Memory, answers: Answers, voice: tuple[Mouth, Agenda], emit: Emit
    ) -> None:
        """`voice`: what speaks, and what waits to be said."""
        self.options, self.memory = options, memory
        self.mouth, self.agenda = voice
        self._past = Past(options.history)
        self.history, self.spoken = self._past.history, self._past.spoken
        self._answers, self._emit = answers, emit
        self._floor = Floor(options.floor)
        self._turns = Turns(self.mouth, self.agenda, self._remember)
        self._questions = Questions(options.floor.unfinished, emit)
        self._alarm: asyncio.Timeout | None = None
        self._types = False
        """Whether somebody types."""
        self._spoken: Language = "en" if options.language == "auto" else options.language
        self.agenda.when_offered(self._look_again)
        self._grants: Callable[[Transcript], bool] = lambda said: False
        self._stopped: Callable[[], None] = lambda: None

    @property
    def busy(self) -> bool:
        """True while something is answered or told, but a hazard."""
        return self._turns.busy

    async def converse(self, perceptions: Lossless[Perception]) -> None:
        """Until the line is closed, and the last turn is over."""
        try:
            async with self._turns.group:
                while (perception := await self._next(perceptions)) is not None:
                    self._emit(perception)
                    await self._take(perception)
                await self._end()
        finally:
            self.agenda.close()

    def when_wished(self, grants: Callable[[Transcript], bool]) -> None:
        """Ask this about all that is said, before it counts as a question: True where it was a wish, and is granted."""
        self._grants = grants

    def when_stopped(self, stopped: Callable[[], None]) -> None:
        """Call this when somebody wants silence."""
        self._stopped = stopped

    async def interrupt(self) -> None:
        """End the present turn, if there is one; what was heard of it is in the history when this returns."""
        await self._turns.interrupt()

    def say(self, text: str, *, asked: bool = False) -> bool:
        """Say it as soon as nobody talks; False where it never will be: too much waits, or see `Agenda.silent`.

        `asked`: somebody who is there wants to hear it.
        """
        return self.agenda.offer(Remark(text, Priority.ANSWER, asyncio.get_running_loop().time(), asked=asked))

    @property
    def silent(self) -> str:
        """Why nothing is said at present that nobody there asks for; empty: it is."""
        return self.agenda.silent

    def repeat(self) -> bool:
        """The same with what was heard last; False also where there is nothing to repeat."""
        now = asyncio.get_running_loop().time()
        last = self.spoken.at(now)
        if last is None:
            return False
        return self.agenda.offer(Remark(last.text, Priority.ANSWER, now, asked=True, source=ABOUT_ITSELF))

    async def stop(self) -> None:
        """Fall silent, and forget what waits to be answered or said; a timer that is over is told all the same."""
        self._questions.clear()
        self.agenda.hush()
        self._stopped()
        await self._turns.fall_silent()

    def cover(self) -> None:
        """Cameras are switched off: of what they showed nothing more is said, what is being said of it ends.

        An answer to a question goes on, as whoever asked wants it. What was heard can be heard again, as it was heard.
        """
        self.agenda.forget_seen()
        self.spoken.cover()

    def typing(self, on: bool) -> None:
        """Somebody types, or is done: until then nothing is said but hazards, and what is being said is held."""
        self._types = on
        if on:
            self.mouth.hold()
        else:
            self._go_on()

    async def _next(self, perceptions: Lossless[Perception]) -> Perception | None:
        """The next perception, with what falls due until it comes; None at the end."""
        while True:
            await self._fall_due(asyncio.get_running_loop().time())
            try:
                async with asyncio.timeout_at(self._deadline()) as self._alarm:
                    return await perceptions.get()
            except TimeoutError:
                continue
            except LineClosed:
                return None
            finally:
                self._alarm = None

    def _deadline(self) -> float | None:
        times = self._floor.deadline, self.agenda.deadline(), self._turns.deadline
        deadlines = [time for time in times if time is not None]
        if self._questions.unfinished is not None and self._floor.free:
            deadlines.append(self._questions.answer_by)
        return min(deadlines, default=None)

    async def _fall_due(self, now: float) -> None:
        if self._floor.deadline is not None and now >= self._floor.deadline:
            if self._floor.due() == "confirm":
                await self._confirm()
            else:
                self._give_up_floor()
        unfinished = self._questions.unfinished
        if unfinished is not None and self._floor.free and now >= self._questions.answer_by:
            self._answer(unfinished)
        if self._quiet and (typed := self._questions.next_typed()) is not None:
            self._answer(typed)
        await self._turns.review()
        if (still := self._turns.deadline) is not None and asyncio.get_running_loop().time() >= still:
            self._turns.tell_working(self.own().working)
        while (remark := self.agenda.take(self._attends, self._turns.speaks, self._turns.thinks)) is not None:
            await self._turns.tell(remark)

    async def _end(self) -> None:
        """Nobody says anything more: answer what waits, and let nothing be lost that is to be said."""
        self._types = False
        self._give_up_floor()
        await self._fall_due(inf)
        while self._turns.running or self._questions or self.agenda.waits:
            with suppress(TimeoutError):
                async with asyncio.timeout_at(self._deadline()) as self._alarm:
                    await asyncio.get_running_loop().create_future()
            self._alarm = None
            await self._fall_due(inf)

    async def _take(self, perception: Perception) -> None:
        match perception:
            case Caption():
                self.memory.add(perception)
            case SpeechStarted():
                self._floor.started(perception)
                self.mouth.hold()
            case SpeechPaused():
                self._floor.paused(perception)
            case Called():
                await self._confirm()
                self._give_up_floor()
            case PartialTranscript():
                await self._weigh(perception)
            case Transcript():
                await self._hear(perception)
            case Reminder():
                told = Remark(perception.text, Priority.ANSWER, perception.at, asked=True, lasting=True, source="timer")
                self.agenda.offer(told)

    @property
    def _quiet(self) -> bool:
        return self._floor.free and not self._types and not self.busy and self._questions.unfinished is None

    @property
    def _attends(self) -> bool:
        """Somebody talks or types, or is about to be answered."""
        return self._types or not self._floor.free or bool(self._questions)

    async def _weigh(self, partial: PartialTranscript) -> None:
        """Words mean it; a pause without them does not."""
        if self._floor.free:
            return
        meant = meaning(partial.text, busy=self.busy)
        if meant in ("words", "hush"):
            await self._confirm()
            if meant == "hush":
                await self._turns.hush()
        elif partial.paused and self._floor.doubtful:
            self._give_up_floor()

    async def _confirm(self) -> None:
        """It is an interruption: what was said aloud ends here; an answer that nobody heard yet may be amended."""
        self._floor.confirm()
        if self._turns.begun:
            await self.interrupt()

    def _give_up_floor(self) -> None:
        self._floor.release()
        self._go_on()

    def _go_on(self) -> None:
        """With what was held, where nobody talks or types any more; and with what waited."""
        if self._floor.free and not self._types:
            self.mouth.resume()
        self._look_again()

    async def _hear(self, said: Transcript) -> None:
        """Someone has said something, or typed it."""
        spoken, meant = said.source == "voice", meaning(said.text, busy=self.busy)
        if spoken:
            self._floor.understood(said.said_at)
        if not spoken and meant != "hush":
            meant = "words"
        self._types = self._types and said.source != "keyboard"
        if meant in ("words", "hush") or (meant == "nothing" and self._quiet):
            await self._respond(said, meant == "hush")
        self._go_on()

    async def _respond(self, said: Transcript, hush: bool) -> None:
        questions, before = self._questions, self._turns.unanswered
        if hush:
            await self.stop()
            return
        if questions.waits(said, before):
            questions.put_off(said)
            return
        asked = questions.amended(said, before)
        if asked is not said and self._grants(said):  # the answer that is on its way is still wanted
            questions.unfinished = None
            return
        await self.interrupt()
        questions.unfinished = None
        if asked.text and self._grants(asked):
            return
        if asked.text and not asked.finished:
            questions.hold(asked)
        else:
            self._answer(asked)

    def _answer(self, asked: Transcript) -> None:
        self._questions.unfinished, turn = None, Turn(asked, self.mouth)
        turn.trace.mark("transcript_at")
        if asked.text:
            if self.options.language == "auto":  # speak as one is spoken to
                self._spoken = language_of(asked.text, otherwise=self._spoken)
            request = Request(asked, tuple(self.history), self.own(), turn.trace)
            self._turns.answer(turn, self._answers.to(request))
            self._look_again()
        elif unclear := self.own().unclear:
            self._turns.answer(turn, _one(unclear))

    def own(self, text: str = "") -> Phrases:
        """The assistant's own words in the language that is spoken; if that is left open, in the text's."""
        return self.options.own(self.language(text))

    def language(self, text: str = "") -> Language:
        """Which one that is."""
        by_text = self.options.language == "auto" and text
        return language_of(text, otherwise=self._spoken) if by_text else self._spoken

    def _remember(self, turn: Turn, cut: bool) -> None:
        reply = turn.reply(cut)
        forgotten = turn.remark is not None and self.agenda.forgotten(turn.remark)
        self._past.keep(reply, turn.remark, whole=not forgotten)
        if turn.remark is None:
            self.agenda.withdraw(WORKING)
        else:
            self.agenda.done(turn.remark, reply.text)
        if (turn.remark is None or reply.text) and not forgotten:
            self._emit(reply)
        if turn.remark is None or reply.text:
            trace = turn.traced(cut)
            self._emit(replace(trace, last_word="") if forgotten else trace)
        self._look_again()

    def _look_again(self) -> None:
        """What waited for quiet may be due now."""
        if self._alarm is not None and not self._alarm.expired():
            self._alarm.reschedule(asyncio.get_running_loop().time())


async def _one(sentence: str) -> Sentences:
    yield sentence
