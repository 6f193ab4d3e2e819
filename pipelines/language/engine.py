"""A language model as something that reads on: one prefix cache over words and pictures, and text that streams."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from pipelines.backends import BackendError
from pipelines.language.sampling import Sampling, Scores, choose, goes_round
from pipelines.language.spans import Span, Tokens, Unit, known, units, unread


class Engine(Protocol):
    """A decoder with its tokenizer and its key-value cache. It remembers what it read, and is used by one thread."""

    @property
    def width(self) -> int:
        """Size of one embedding."""
        ...

    @property
    def context(self) -> int:
        """How many positions it can hold."""
        ...

    @property
    def ends(self) -> frozenset[int]:
        """The tokens that end an answer."""
        ...

    def chat(self, messages: Sequence[Mapping[str, str]]) -> str:
        """Messages (`role`, `content`) in the model's own chat template, up to where its answer begins.

        Raises BackendError where it has no template.
        """
        ...

    def encode(self, text: str) -> list[int]:
        """Text as tokens. Marks such as `<|im_end|>` are taken for what they mean; none is added."""
        ...

    def decode(self, ids: Sequence[int]) -> str:
        """Tokens as text, without the marks."""
        ...

    def keep(self, positions: int) -> int:
        """Forget all but the first positions; how many are left, which is 0 where it cannot forget in part."""
        ...

    def read(self, spans: Sequence[Span]) -> Scores:
        """Read on; the scores (one logit per word of the vocabulary) of what comes next."""
        ...


class Reader:
    """An engine, and what it has read so far: a prompt that begins alike is read only from where it differs.

    That is at once the cache of the system prompt, of the history, and of a frame that is asked about again.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.positions: list[Unit] = []
        self.prompts = 0
        """How many prompts were read: an answer is to the last one only."""

    def read(self, spans: Sequence[Span]) -> Scores:
        """The scores of what follows this prompt. Raises BackendError where it is longer than the context."""
        length = sum(map(len, spans))
        if length >= self.engine.context:
            raise BackendError(
                f"the prompt has {length} tokens, the model takes {self.engine.context}: ask for less, "
                "or make conversation.history smaller"
            )
        self.prompts += 1
        same = known(self.positions, spans)
        self.positions = self.positions[: self.engine.keep(same)]
        return self._on(unread(spans, len(self.positions)))

    def on(self, token: int) -> Scores:
        """The scores of what follows one more token."""
        return self._on([Tokens((token,))])

    @property
    def full(self) -> bool:
        """True when no further token fits."""
        return len(self.positions) >= self.engine.context

    def _on(self, spans: list[Span]) -> Scores:
        before, self.positions = self.positions, []  # should the pass fail, nothing half-read is trusted
        scores = self.engine.read(spans)
        self.positions = before + units(spans)
        return scores


@dataclass(frozen=True, slots=True)
class Limits:
    """How an answer is drawn, and when it is over at the latest."""

    max_tokens: int = 80
    sampling: Sampling = field(default_factory=Sampling)
    seed: int = 0
    copies: int = 3
    """So many copies of one stretch in a row end the answer: the model goes round in circles."""


def tokens(reader: Reader, prompt: Sequence[Span], limits: Limits) -> Iterator[int]:
    """The answer token by token, until its end, its limit, or until it goes round in circles."""
    made: list[int] = []
    chance = np.random.default_rng(limits.seed)
    scores, mine = reader.read(prompt), reader.prompts
    while True:
        token = choose(scores, limits.sampling, made, chance)
        made.append(token)
        if token in reader.engine.ends or goes_round(made, limits.copies):
            return
        yield token
        if len(made) >= limits.max_tokens or reader.full:
            return
        if reader.prompts != mine:
            raise BackendError("the model was given another prompt in the middle of its answer: ask again")
        scores = reader.on(token)


def stream(reader: Reader, prompt: Sequence[Span], limits: Limits) -> Generator[str, None, None]:
    """The answer as text: a piece per token, of whole characters, so it may be empty. Closing ends the work."""
    made: list[int] = []
    said = ""
    for token in tokens(reader, prompt, limits):
        made.append(token)
        text = reader.engine.decode(made)
        whole = said if text.endswith("\ufffd") else text  # a letter may take several tokens
        yield whole[len(said) :]
        said = whole
