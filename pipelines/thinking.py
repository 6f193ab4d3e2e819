"""The conversation: what was seen and said goes in, a turn comes out; interrupting a turn is cancelling it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from math import inf

from devices.lines import LineClosed, Lossless
from pipelines.agenda import Agenda
from pipelines.answering import Answers, Request
from pipelines.backends import Exchange
from pipelines.floor import Floor, meaning
from pipelines.manners import joined
from pipelines.memory import Memory
from pipelines.phrases import Language, Phrases, language_of
from pipelines.remarks import Priority, Remark
from pipelines.sentences import sentences
from pipelines.speaking import Mouth
from pipelines.spoken_log import Saying, SpokenLog
from pipelines.talking import ConversationOptions
from pipelines.turn import Sentences, Turn
from pipelines.types import (
    Called,
    Caption,
    Emit,
    Notice,
    PartialTranscript,
    Perception,
    Reminder,
    Reply,
    SpeechPaused,
    SpeechStarted,
    Transcript,
)
from pipelines.wording import quoted

MOST_TYPED = 8
"""Typed questions that wait until those before are answered."""
ABOUT_ITSELF = "wish"
"""The source of remarks that are not kept to be repeated: that it speaks faster now, or what was repeated."""
MOST_REMEMBERED = 2000
"""Characters of a question, and of an answer, that later prompts hold."""


class Conversation:
    """Takes perceptions one by one; at most one turn runs, as one task."""

    def __init__(
        self, options: ConversationOptions, memory: Memory, answers: Answers, voice: tuple[Mouth, Agenda], emit: Emit
    ) -> None:
        """`voice`: what speaks, and what waits to be said."""
        self.options, self.memory = options, memory
        self.mouth, self.agenda = voice
        self.history: list[Exchange] = []
        self._answers, self._emit = answers, emit
        self._floor = Floor(options.floor)
        self._turn: Turn | None = None
        self._hazard: Turn | None = None
        """What is said over the turn."""
        self._unfinished: Transcript | None = None
        self._answer_by = 0.0
        self._typed: deque[Transcript] = deque()
        self._alarm: asyncio.Timeout | None = None
        self.spoken = SpokenLog()
        self._spoken: Language = "en" if options.language == "auto" else options.language
        self.agenda.when_offered(self._look_again)
        self._grants: Callable[[Transcript], bool] = lambda said: False
        self._stopped: Callable[[], None] = lambda: None

    @property
    def busy(self) -> bool:
        """True while a turn runs."""
        return _runs(self._turn)

    async def converse(self, perceptions: Lossless[Perception]) -> None:
        """Until the line is closed, and the last turn is over."""
        try:
            async with asyncio.TaskGroup() as self._turns:
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
        if self._turn is not None:
            await self._turn.interrupt()

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
        self._unfinished = None
        self._typed.clear()
        self.agenda.hush()
        self._stopped()
        await self._fall_silent()

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
        deadlines = [time for time in (self._floor.deadline, self.agenda.deadline()) if time is not None]
        if self._unfinished is not None and self._floor.free:
            deadlines.append(self._answer_by)
        return min(deadlines, default=None)

    async def _fall_due(self, now: float) -> None:
        if self._floor.deadline is not None and now >= self._floor.deadline:
            if self._floor.due() == "confirm":
                await self._confirm()
            else:
                self._give_up_floor()
        if self._unfinished is not None and self._floor.free and now >= self._answer_by:
            self._answer(self._unfinished)
        if self._typed and self._quiet:
            self._answer(self._typed.popleft())
        if (told := self._told) is not None and self.agenda.unwanted(told):
            await self.interrupt()
        while (remark := self.agenda.take(self._attends, self._speaks)) is not None:
            await self._remark(remark)

    async def _end(self) -> None:
        """Nobody says anything more: answer what waits, and let nothing be lost that is to be said."""
        self._give_up_floor()
        await self._fall_due(inf)
        while self._speaks is not None or self._unfinished is not None or self._typed or self.agenda.waits:
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
        return self._floor.free and not self.busy and self._unfinished is None

    @property
    def _attends(self) -> bool:
        """Somebody talks, or is about to be answered."""
        return not self._floor.free or self._unfinished is not None or bool(self._typed)

    @property
    def _speaks(self) -> Priority | None:
        """How urgent what is being said is; None: nothing is."""
        running = [turn.priority for turn in (self._hazard, self._turn) if turn is not None and turn.running]
        return max(running, default=None)

    @property
    def _told(self) -> Remark | None:
        """What is being said that nobody asked in words; None: nothing is, or it is a hazard."""
        return self._turn.remark if self._turn is not None and self._turn.running else None

    async def _fall_silent(self) -> None:
        """End what is being said, all at once."""
        await asyncio.gather(*(turn.interrupt() for turn in (self._turn, self._hazard) if turn is not None))

    async def _remark(self, remark: Remark) -> None:
        """Say it now. What is said already is less urgent: an answer is held for a hazard, all else ends."""
        turn, over = Turn(remark, self.mouth), self._turn
        if over is not None and not self.agenda.policy.holds(over.priority, remark.priority):
            await over.interrupt()
        self._begin(turn, sentences(_one(remark.text)))

    async def _weigh(self, partial: PartialTranscript) -> None:
        """Words mean it; a pause without them does not."""
        if self._floor.free:
            return
        meant = meaning(partial.text, busy=self.busy)
        if meant in ("words", "hush"):
            await self._confirm()
            if meant == "hush" and self._hazard is not None:
                await self._hazard.interrupt()
        elif partial.paused and self._floor.doubtful:
            self._give_up_floor()

    async def _confirm(self) -> None:
        """It is an interruption: what was said aloud ends here; an answer that nobody heard yet may be amended."""
        self._floor.confirm()
        if self._turn is not None and self._turn.aloud.begun:
            await self.interrupt()

    def _give_up_floor(self) -> None:
        self._floor.release()
        self.mouth.resume()

    async def _hear(self, said: Transcript) -> None:
        """Someone has said something, or typed it."""
        spoken, meant = said.source == "voice", meaning(said.text, busy=self.busy)
        if spoken:
            self._floor.understood(said.said_at)
        if not spoken and meant != "hush":
            meant = "words"
        if meant in ("words", "hush") or (meant == "nothing" and self._quiet):
            await self._respond(said, meant == "hush")
        if self._floor.free:
            self.mouth.resume()

    async def _respond(self, said: Transcript, hush: bool) -> None:
        if not hush and self._waits(said):
            self._put_off(said)
            return
        if hush:
            await self.stop()
            return
        asked = self._amended(said)
        if asked is not said and self._grants(said):  # the answer that is on its way is still wanted
            self._unfinished = None
            return
        await self.interrupt()
        self._unfinished = None
        if asked.text and self._grants(asked):
            return
        if asked.text and not asked.finished:
            self._unfinished = asked
            self._answer_by = asyncio.get_running_loop().time() + self.options.floor.unfinished
        else:
            self._answer(asked)

    @property
    def _unanswered(self) -> Transcript | None:
        """What was asked and is not answered yet, not even in the first word."""
        if self._turn is None or not self.busy or self._turn.aloud.begun:
            return None
        return self._turn.question

    def _waits(self, said: Transcript) -> bool:
        """Lines that are typed one after the other, or pasted at once, are answered one after the other."""
        before = self._unanswered
        return said.source == "keyboard" and bool(self._typed or (before and before.source == "keyboard"))

    def _put_off(self, said: Transcript) -> None:
        if len(self._typed) < MOST_TYPED:
            self._typed.append(said)
        else:
            self._emit(Notice(f"too many questions at once: {quoted(said.text)} is left out", said.said_at))

    def _amended(self, said: Transcript) -> Transcript:
        """With what was said before and is not answered yet."""
        before = self._unfinished or self._unanswered
        if before is None or not before.text or said.source != "voice" or before.source != "voice":
            return said
        text, words = joined(before.text, said.text), (*before.words, *said.words)
        return replace(said, text=text, words=words, started_at=before.started_at)

    def _answer(self, asked: Transcript) -> None:
        self._unfinished, turn = None, Turn(asked, self.mouth)
        turn.trace.mark("transcript_at")
        if asked.text:
            if self.options.language == "auto":  # speak as one is spoken to
                self._spoken = language_of(asked.text, otherwise=self._spoken)
            self._begin(turn, self._answers.to(Request(asked, tuple(self.history), self.own(), turn.trace)))
        elif unclear := self.own().unclear:
            self._begin(turn, _one(unclear))

    def own(self, text: str = "") -> Phrases:
        """The assistant's own words in the language that is spoken; if that is left open, in the text's."""
        return self.options.own(self.language(text))

    def language(self, text: str = "") -> Language:
        """Which one that is."""
        by_text = self.options.language == "auto" and text
        return language_of(text, otherwise=self._spoken) if by_text else self._spoken

    def _begin(self, turn: Turn, answer: Sentences) -> None:
        turn.begin(self._turns, answer, self._remember)
        if turn.priority is Priority.HAZARD:
            self._hazard = turn
        else:
            self._turn = turn

    def _remember(self, turn: Turn, cut: bool) -> None:
        reply = turn.reply(cut)
        if reply.asked and reply.text:
            self.history.append(Exchange(reply.asked[:MOST_REMEMBERED], reply.text[:MOST_REMEMBERED]))
        if len(self.history) > 2 * self.options.history:
            del self.history[: len(self.history) - self.options.history]
        self._keep(turn, reply)
        if turn.remark is not None:
            self.agenda.done(turn.remark, reply.text)
        if turn.remark is None or reply.text:
            self._emit(reply)
            self._emit(turn.traced(cut))
        self._look_again()

    def _keep(self, turn: Turn, reply: Reply) -> None:
        """To be heard again: what was begun of a remark is worth hearing whole."""
        remark = turn.remark
        if reply.text and (remark is None or remark.source != ABOUT_ITSELF):
            text = reply.text if remark is None else remark.text
            self.spoken.add(Saying(text, reply.ended_at, reply.priority))

    def _look_again(self) -> None:
        """What waited for quiet may be due now."""
        if self._alarm is not None and not self._alarm.expired():
            self._alarm.reschedule(asyncio.get_running_loop().time())


def _runs(turn: Turn | None) -> bool:
    return turn is not None and turn.running


async def _one(sentence: str) -> Sentences:
    yield sentence
