"""Grants wishes, by voice and by key: says again what was said, changes how it speaks, and tells what is there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from devices.lines import Latest, LineClosed, Lossless
from pipelines.backends import Adjustable, SelfSpeaking, Voice
from pipelines.dials import Dials
from pipelines.phrases import Language
from pipelines.remarks import LEVELS, TOPICS, Priority, Remark
from pipelines.spoken_log import Saying, spelled
from pipelines.switches import Switches
from pipelines.thinking import ABOUT_ITSELF, Conversation
from pipelines.types import Perception, Transcript
from pipelines.watch_for import WatchFor
from pipelines.wishes import Wish, WishKind, wish_of
from pipelines.wishwords import WORDS, WishWords

RATES = (0.8, 1.0, 1.2, 1.45, 1.75, 2.1, 2.5, 3.0)
"""How fast it speaks, step by step."""
VOLUMES = (0.1, 0.15, 0.25, 0.4, 0.6, 0.8, 1.0, 1.25, 1.6, 2.0)
"""How loud; the softest can be heard still."""
SPELLED = 200
"""Letters that are spelled at once."""
LATE = 8.0
"""Seconds after which it is no use to confirm a wish."""

Job = Callable[[Lossless[Perception]], Coroutine[Any, Any, None]]
Knows = Callable[[str, Language], str | None]
"""Answers a question from what is there now; None where it cannot."""

OF_SCENE: tuple[WishKind, ...] = ("describe", "read", "left", "ahead", "right", "aim", "where")
OF_NARRATION: tuple[WishKind, ...] = ("more", "less", "pause", "resume", "topic")


@dataclass(frozen=True, slots=True)
class Reach:
    """All that a wish can touch."""

    conversation: Conversation
    dials: Dials
    switches: Switches
    voice: Voice | None = None
    knows: Knows | None = None
    """None: nothing is narrated, and questions are for the chat."""
    watching: WatchFor | None = None
    keys: Callable[[Language], Sequence[str]] = lambda language: ()
    """Each key in a sentence."""
    aim: Callable[[Language], str] | None = None
    """Begins, or ends, to guide somebody who aims a camera, and gives what is to be said of that."""


class Granting:
    """Does what wishes want, and confirms it in the shortest words."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        self._jobs: Latest[Job] = Latest(32, "wishes")
        self._captured = (True, True)
        """Microphone and camera as they were before privacy."""

    def heard(self, said: Transcript) -> bool:
        """Whether what somebody said was a wish; it is granted then."""
        wish = wish_of(said.text)
        language = self._reach.conversation.language(said.text)
        if wish is None or not self._is_for_us(wish):
            return False
        if wish.kind == "aim" and self._reach.aim is not None:
            self._guide(self._reach.aim, language)
            return True
        if wish.kind in OF_SCENE:
            answer = self._known(wish, language)
            return answer is not None and self._answer(answer)
        self._grant(wish, language)
        return True

    def grant(self, wish: Wish) -> None:
        """What a key or a slash line stands for; that for a pause ends it as well."""
        language = self._reach.conversation.language()
        if wish.kind == "pause" and self._reach.dials.now.paused:
            wish = Wish("resume")
        if wish.kind == "aim" and self._reach.aim is not None:
            self._guide(self._reach.aim, language)
        elif wish.kind not in OF_SCENE:
            self._grant(wish, language)
        elif (answer := self._known(wish, language)) is not None:
            self._jobs.put(partial(self._cut, partial(self._answer, answer)))
        else:
            self._jobs.put(partial(self._ask, _question(wish, WORDS[language])))

    async def run(self, perceptions: Lossless[Perception]) -> None:
        """Do what takes time, one after the other; until cancelled, or the line is closed."""
        with suppress(LineClosed):
            async for job in self._jobs:
                await job(perceptions)

    def _is_for_us(self, wish: Wish) -> bool:
        """Without narration, "more" and "what is on my left" are said to a chat."""
        narrates = self._reach.knows is not None
        if wish.kind == "resume":
            return narrates and self._reach.dials.now.paused
        return narrates or wish.kind not in (*OF_SCENE, *OF_NARRATION, "help", "watch", "watches", "unwatch")

    def _guide(self, aim: Callable[[Language], str], language: Language) -> None:
        """It ends what is being said: who aims must hear at once where to."""

        def guide() -> None:
            if said := aim(language):
                self._say(said)

        self._jobs.put(partial(self._cut, guide))

    def _known(self, wish: Wish, language: Language) -> str | None:
        knows = self._reach.knows
        return None if knows is None else knows(_question(wish, WORDS[language]), language)

    def _grant(self, wish: Wish, language: Language) -> None:
        words = WORDS[language]
        match wish.kind:
            case "stop":
                self._jobs.put(lambda perceptions: self._reach.conversation.stop())
            case "repeat" | "back" | "forward" | "spell" | "before":
                self._jobs.put(partial(self._cut, partial(self._again, wish.kind, language)))
            case "faster" | "slower" | "louder" | "softer":
                self._confirm(self._adjusted(wish.kind, words))
            case "more" | "less" | "pause" | "resume" | "topic" if self._reach.knows is None:
                self._confirm(words.unasked)
            case "more" | "less":
                self._confirm(self._levelled(wish.kind, words))
            case "pause" | "resume":
                self._confirm(self._paused(wish.kind, words))
            case "topic":
                self._confirm(self._switched(wish, words))
            case "privacy":
                self._private(wish, words)
            case "watch" | "unwatch" | "watches":
                self._confirm(self._watched(wish, language))
            case "keys":
                sentences = self._reach.keys(language)
                self._confirm(("" if language == "zh" else " ").join(sentences) or words.no_keys)
            case "help":
                self._confirm(words.help)

    def _again(self, kind: WishKind, language: Language) -> None:
        now, log, words = _now(), self._reach.conversation.spoken, WORDS[language]
        if not len(log):
            self._say(words.nothing_said)
        elif kind == "before":
            self._say(_aged(log.before(), now, words) or words.first)
        elif kind in ("back", "forward"):
            saying = log.back(now) if kind == "back" else log.forward(now)
            missing = words.first if kind == "back" else words.last
            self._say(saying.text if saying is not None else missing)
        elif (saying := log.at(now)) is not None:
            self._say(spelled(saying.text[:SPELLED], language) if kind == "spell" else saying.text)

    def _adjusted(self, kind: WishKind, words: WishWords) -> str:
        """How fast, and how loud."""
        reach = self._reach
        by_rate = kind in ("faster", "slower")
        if by_rate and not isinstance(reach.voice, Adjustable):
            return words.no_rate
        if not by_rate and (reach.voice is None or isinstance(reach.voice, SelfSpeaking)):
            return words.no_volume
        now = reach.dials.now.rate if by_rate else reach.dials.now.volume
        wanted = _next(RATES if by_rate else VOLUMES, now, up=kind in ("faster", "louder"))
        if wanted is None:
            return words.limits[kind]
        reach.dials.set(**{"rate" if by_rate else "volume": wanted})
        return words.granted[kind]

    def _levelled(self, kind: WishKind, words: WishWords) -> str:
        dials = self._reach.dials
        place = LEVELS.index(dials.now.level) + (1 if kind == "more" else -1)
        if not 0 <= place < len(LEVELS):
            return words.limits[kind]
        dials.set(level=LEVELS[place])
        return words.granted[kind] if place else words.hazards_only

    def _paused(self, kind: WishKind, words: WishWords) -> str:
        dials = self._reach.dials
        if kind == "resume" and not dials.now.paused:
            return words.not_paused
        resumes = kind == "resume"
        already = kind == "pause" and dials.now.paused
        dials.set(paused=not resumes)
        return words.paused_already if already else words.granted[kind]

    def _switched(self, wish: Wish, words: WishWords) -> str:
        dials = self._reach.dials
        topic = next(topic for topic in TOPICS if topic == wish.what)
        on = wish.on if wish.on is not None else topic not in dials.now.topics
        kept = {*dials.now.topics, topic} if on else {*dials.now.topics} - {topic}
        dials.set(topics=tuple(one for one in TOPICS if one in kept))
        return words.topic(words.topics[topic], on)

    def _private(self, wish: Wish, words: WishWords) -> None:
        """Where it narrates, it says by itself what is captured."""
        switches = self._reach.switches
        on = wish.on if wish.on is not None else not switches.private
        now = switches.now
        if on and not switches.private:
            self._captured = bool(now.microphone), bool(now.camera)
        microphone, camera = (False, False) if on else self._captured
        switches.mute(microphone=microphone, camera=camera)
        if self._reach.knows is None:
            self._confirm(words.private if on else words.captured(microphone, camera))

    def _watched(self, wish: Wish, language: Language) -> str:
        watching, words = self._reach.watching, WORDS[language]
        if watching is None:
            return words.cannot_watch
        if wish.kind == "watch":
            return watching.begin(wish.what, language)
        if wish.kind == "watches":
            return words.watches(watching.watched) if watching.watched else words.watches_nothing
        gone = watching.end(wish.what)
        return words.no_longer(gone) if gone else words.watches_nothing

    def _confirm(self, text: str) -> None:
        """At once where nothing is being said; else after that."""
        busy = self._reach.conversation.busy
        self._offer(text, Priority.CAPTION if busy else Priority.ANSWER, ABOUT_ITSELF)

    def _say(self, text: str) -> bool:
        return self._offer(text, Priority.ANSWER, ABOUT_ITSELF)

    def _answer(self, text: str) -> bool:
        return self._offer(text, Priority.ANSWER, "camera")

    def _offer(self, text: str, priority: Priority, source: str) -> bool:
        """Each takes the place of the one before that nobody heard yet."""
        now = _now()
        remark = Remark(text, priority, now, key="wish", expires_at=now + LATE, asked=True, source=source)
        self._reach.conversation.agenda.offer(remark)
        return True

    async def _cut(self, then: Callable[[], object], perceptions: Lossless[Perception]) -> None:
        """End what is being said, and say that."""
        await self._reach.conversation.interrupt()
        then()

    async def _ask(self, question: str, perceptions: Lossless[Perception]) -> None:
        """Let the conversation answer, as if somebody had typed it."""
        await perceptions.put(Transcript(question, _now(), source="keyboard"))


def _question(wish: Wish, words: WishWords) -> str:
    return words.where(wish.what) if wish.kind == "where" else words.questions[wish.kind]


def _aged(saying: Saying | None, now: float, words: WishWords) -> str:
    return "" if saying is None else words.before(max(0.0, now - saying.at), saying.text)


def _next(steps: Sequence[float], now: float, *, up: bool) -> float | None:
    """The next step from there; None where there is none."""
    if up:
        return next((step for step in steps if step > now + 0.01), None)
    return next((step for step in reversed(steps) if step < now - 0.01), None)


def _now() -> float:
    return asyncio.get_running_loop().time()
