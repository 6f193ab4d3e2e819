"""The embedded chat: rules answer what they know, a small language model the rest, its claims checked.

Which of the two is asked was decided by measuring both: `python -m tests.benchmarks.chats` prints the table.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Generator, Iterator
from concurrent import futures
from contextlib import closing
from dataclasses import replace
from typing import Any, ClassVar

from pydantic import Field

from devices.threads import DaemonThread
from pipelines import backends, weights
from pipelines.backends import BackendOptions, Prompt
from pipelines.chats.claims import in_sentences, invented
from pipelines.chats.english import ENGLISH
from pipelines.chats.grounded import Rules
from pipelines.chats.prompting import plain
from pipelines.chats.requests import about_scene
from pipelines.chats.smollm2 import SmolLM2
from pipelines.language.loading import HalfTheThreads
from pipelines.phrases import language_of
from pipelines.visible import visible

NO_MODEL = "I have no language model to answer that. Ask me what I see, what a text says, or what changed."
UNSURE = "I can't tell from what I see."
NO_ANSWER = "I have no good answer to that."


class Embedded(BackendOptions):
    """Ready at once; the language model loads in the background, and only what needs it waits for it."""

    stand_in: ClassVar[str] = (
        "Questions about what is seen are answered by rule; other talk is left to a language model of only "
        "135 million parameters (omni models pull smollm2), in English, which knows little and can be wrong."
    )

    language_model: bool = True
    """False: rules only, and nothing heavy is loaded."""
    weights: str = "smollm2"
    max_tokens: int = Field(default=80, ge=1, le=4000)
    """The language model's longest answer; a word is one or two tokens."""
    threads: HalfTheThreads
    """The language model's processor threads."""

    def load(self) -> RulesFirst:
        """Ready at once. Without the weights it says that it has no language model, when it would need it."""
        if not (self.language_model and weights.is_here(self.weights)):
            return RulesFirst(Rules(), None)
        model = SmolLM2(weights=self.weights, max_tokens=self.max_tokens, threads=self.threads)
        return RulesFirst(Rules(), Later(lambda: backends.load(model, "chat")))


class Later:
    """A model that loads in a thread of its own."""

    def __init__(self, load: Callable[[], Any]) -> None:
        thread = DaemonThread("language model")
        self._loaded = thread.submit(load)
        # It is there to stay: to look through it for garbage would hold all threads up while somebody talks.
        self._loaded.add_done_callback(lambda _: gc.freeze())
        thread.shutdown()

    def wait(self, seconds: float) -> bool:
        """Wait so long at most; True if loading is over, well or not."""
        return bool(futures.wait([self._loaded], seconds).done)

    def get(self) -> Any:
        """The model; waits until it is loaded. Raises what its loading raised."""
        return self._loaded.result()


class RulesFirst:
    """A Chat of two: the rules, and a language model for what they do not know."""

    def __init__(self, rules: Rules, model: Later | None) -> None:
        self._rules, self._model = rules, model

    def reply(self, prompt: Prompt) -> Iterator[str]:
        """The rules' answer as one piece, or the model's sentence by sentence.

        Empty pieces come while the model loads and while it makes a sentence: in between, the answer can be closed.
        """
        answer = self._rules.answer(prompt)
        if answer is not None:
            yield answer
        elif language_of(prompt.question) == "zh":
            yield from self._rules.reply(prompt)  # the model knows English only
        elif _of_scene(prompt.question) and not (prompt.scene or prompt.record):
            yield UNSURE
        elif self._model is None:
            yield ENGLISH.of_memory.never if _of_scene(prompt.question) else NO_MODEL
        else:
            while not self._model.wait(0.1):
                yield ""
            yield from checked(self._model.get().reply(_as_needed(prompt)), prompt)


def _as_needed(prompt: Prompt) -> Prompt:
    """Without the scene where the question is not about it: a model this small speaks of what it is shown."""
    return prompt if _of_scene(prompt.question) else replace(prompt, scene=(), boxes="")


def _of_scene(question: str) -> bool:
    """Whether it asks for what is to be seen, in whatever words."""
    return about_scene(question) or visible(question)


def checked(pieces: Generator[str, None, None], prompt: Prompt) -> Generator[str, None, None]:
    """The model's sentences without those that claim what was not seen; where none is left, that it cannot tell.

    As many pieces as the model makes, at least: most are empty.
    """
    of_scene, seen, said = _of_scene(prompt.question), prompt.record or prompt.scene, False
    with closing(pieces):
        for sentence in in_sentences(pieces):
            fit = bool(sentence) and not invented(sentence, seen, of_scene)
            said = said or fit
            yield f"{sentence} " if fit else ""
    if not said and of_scene:
        yield f"{UNSURE} {_newest(prompt)}" if prompt.scene else UNSURE
    elif not said:
        yield NO_ANSWER


def _newest(prompt: Prompt) -> str:
    """What was seen last, with its age where that is not fresh."""
    newest = max(prompt.scene, key=lambda caption: caption.known_at)
    return ENGLISH.lead("", prompt.now - newest.known_at, plain(newest.text))
