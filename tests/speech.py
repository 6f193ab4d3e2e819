"""A conversation as the speech policy knows it: things are offered, begun, held, cut and heard to their end."""

from __future__ import annotations

from dataclasses import dataclass, field

from pipelines.policy import MINUTE, SpeechOptions, SpeechPolicy, Taste, Why, count
from pipelines.remarks import Priority, Remark

A_WORD = 0.5
"""Seconds that a word takes to be said; a power of two, so that no time is rounded."""


@dataclass(eq=False)
class Said:
    """A remark on its way."""

    remark: Remark
    began: float
    budget: int
    """Words a minute at the level at which it was begun."""
    word_at: float
    """When the present word is over."""
    heard: int = 0
    """Words."""
    ended: float | None = None
    waits: bool = False
    """It gave way, and goes on later."""
    talking: bool = False
    """Whether somebody talked as it began."""
    gave_way_to: list[Priority] = field(default_factory=list)
    """In turn."""

    @property
    def text(self) -> str:
        """What was heard."""
        return " ".join(self.remark.text.split()[: self.heard])


@dataclass
class Talk:
    """Does with what the policy gives what the conversation does, in words instead of sound."""

    options: SpeechOptions = field(default_factory=SpeechOptions)
    now: float = 1000.0
    talking: bool = False
    running: list[Said] = field(default_factory=list)
    """What is being said last of all; what waits for its end before it."""
    all: list[Said] = field(default_factory=list)
    offered: list[Remark] = field(default_factory=list)
    dropped: list[tuple[Remark, Why]] = field(default_factory=list)
    policy: SpeechPolicy = field(init=False)

    def __post_init__(self) -> None:
        self.policy = SpeechPolicy(self.options)

    @property
    def taste(self) -> Taste:
        return self.policy.taste

    @property
    def speaks(self) -> Priority | None:
        """As the conversation tells the policy."""
        return max((one.remark.priority for one in self.running), default=None)

    def offer(self, remark: Remark) -> bool:
        self.offered.append(remark)
        taken = self.policy.offer(remark, self.now)
        self.settle()
        return taken

    def settle(self) -> None:
        """Begin what is to be begun now."""
        self._collect()
        for one in [*self.running]:
            if self.taste.unwanted(one.remark):
                self.cut(one)
        while (remark := self.policy.take(self.now, talking=self.talking, speaking=self.speaks)) is not None:
            self._give_way(remark)
            said = Said(
                remark, self.now, self.options.budget(self.taste.level), self.now + A_WORD, talking=self.talking
            )
            self.running.append(said)
            self.all.append(said)
        self._collect()

    def _give_way(self, remark: Remark) -> None:
        for one in [*self.running]:
            one.gave_way_to.append(remark.priority)
            if self.policy.holds(one.remark.priority, remark.priority):
                one.waits = True
            else:
                self.cut(one)

    def cut(self, said: Said) -> None:
        """It ends here."""
        self.running.remove(said)
        said.ended = self.now
        for one in self.running:
            one.waits, one.word_at = False, self.now + A_WORD  # the word at which it was held is said again
        self.policy.done(said.remark, said.text, self.now)
        self._collect()

    def hush(self) -> None:
        """Somebody wants silence."""
        self.policy.hush()
        for one in [*self.running]:
            self.cut(one)
        self.settle()

    def wait(self, seconds: float) -> None:
        """Time passes, word by word; whenever something may be begun it is looked for."""
        until = self.now + seconds
        while self.now < until:
            speaking = next((one for one in self.running if not one.waits), None)
            moments = [until, self.policy.deadline(self.now) or until]
            self.now = min([*moments, speaking.word_at] if speaking else moments)
            if speaking is not None and self.now >= speaking.word_at:
                speaking.heard, speaking.word_at = speaking.heard + 1, self.now + A_WORD
                if speaking.heard == count(speaking.remark.text):
                    self.cut(speaking)
            self.settle()

    def _collect(self) -> None:
        self.dropped += self.policy.dropped
        self.policy.dropped.clear()

    def words_between(self, start: float, end: float) -> int:
        """Unasked words of remarks of which any part was said then."""
        return sum(
            max(one.heard, 0 if one.ended is not None else count(one.remark.text))
            for one in self.all
            if not one.remark.free and one.began < end and (one.ended is None or one.ended > start)
        )

    def fullest(self) -> tuple[int, float]:
        """The most unasked words of any one minute, and where it begins."""
        starts = [one.began for one in self.all]
        starts += [one.ended for one in self.all if one.ended is not None]
        both = [*starts, *(at - MINUTE for at in starts)]
        return max(((self.words_between(at, at + MINUTE), at) for at in both), default=(0, 0.0))
