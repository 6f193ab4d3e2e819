"""What is the matter with a camera itself: told once, lest silence be taken for stillness, and when it is over."""

from __future__ import annotations

from itertools import count

from pipelines.eventwords import WORDS as EVENTS
from pipelines.narration.words import WORDS
from pipelines.news import Kind
from pipelines.phrases import Language
from pipelines.remarks import Offers, Priority, Remark


class Troubles:
    """Of one camera.

    They are as urgent as an answer: not to be lost for want of words, nor because all else is switched off, since who
    cannot see must know that nothing is seen for them. They wait for a person's sentence, outlast a
    "stop", and are withdrawn when over.
    """

    def __init__(self, camera: str, agenda: Offers, language: Language) -> None:
        self._camera, self._agenda = camera, agenda
        self._words, self._sentences = WORDS[language], EVENTS[language].sentences
        self._numbers = count(1)
        self._on: list[Kind] = []
        self._flying: dict[str, Kind] = {}
        """From fact to kind, of what waits or is being said."""
        self._heard: set[Kind] = set()

    @property
    def words(self) -> str:
        """What is the matter; empty: nothing."""
        return self._sentences[self._on[-1]] if self._on else ""

    def has(self, kind: Kind) -> bool:
        """Whether that is the matter."""
        return kind in self._on

    def began(self, kind: Kind, at: float) -> None:
        """It is since then; again, while it goes on: nothing."""
        if kind not in self._on:
            self._on.append(kind)
            self._offer(kind, self._sentences[kind], at)

    def over(self, kind: Kind, at: float) -> None:
        """It is not any more; that is only told to who knows that it was."""
        if kind not in self._on:
            return
        self._on.remove(kind)
        self._agenda.withdraw(self._key(kind))
        if kind in self._heard or kind in self._flying.values():
            self._offer(None, self._words.well[kind], at, self._key(kind))
        self._heard.discard(kind)

    def settled(self, remark: Remark, heard: str) -> None:
        """That was heard of a remark."""
        kind = self._flying.pop(remark.fact, None)
        if kind is not None and heard and kind in self._on:
            self._heard.add(kind)

    def clear(self) -> None:
        """Cameras are switched off."""
        for kind in self._on:
            self._agenda.withdraw(self._key(kind))
        self._on, self._flying, self._heard = [], {}, set()

    def _key(self, kind: Kind) -> str:
        return f"{self._camera} {kind}"

    def _offer(self, kind: Kind | None, text: str, at: float, key: str = "") -> None:
        fact = f"{self._camera} trouble {next(self._numbers)}"
        if kind is not None:
            self._flying[fact] = kind
        key = key if kind is None else self._key(kind)
        remark = Remark(
            text, Priority.ANSWER, at, key=key, fact=fact, lasting=True, camera=self._camera, source="camera"
        )
        if not self._agenda.offer(remark):
            self._flying.pop(fact, None)
