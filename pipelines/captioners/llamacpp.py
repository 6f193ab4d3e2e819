"""Vision-language models by llama.cpp: a GGUF language model and the GGUF file of its eyes (`mmproj`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipelines import weights
from pipelines.backends import BackendError, Exchange
from pipelines.captioners.options import LookerOptions
from pipelines.captioners.split import PICTURE, Prompting, SplitVlm
from pipelines.local import GgufOptions


class LlamaCpp(GgufOptions, LookerOptions):
    """The weights are a folder with a language model's `.gguf` and one `mmproj*.gguf`: SmolVLM, MiniCPM-V, Gemma, …

    Every picture is seen as one tile.
    """

    def load(self) -> SplitVlm:
        """Load both files, blocking for seconds. Raises BackendError."""
        from pipelines.language import llamacpp
        from pipelines.vision.mtmd import Eyes

        path = weights.find(self.weights)
        folder = path if path.is_dir() else path.parent
        found = sorted(folder.glob("*mmproj*.gguf"))
        if len(found) != 1:
            raise BackendError(f"{folder} holds {len(found)} mmproj*.gguf files: keep the one of this model there")
        engine = llamacpp.from_file(llamacpp.model_file(path), self.threads, self.context)
        eyes = Eyes(found[0], engine, self.threads)
        return SplitVlm(eyes.see, engine, prompting(engine, eyes), self)


def prompting(engine: Any, eyes: Any) -> Prompting:
    """The model's own template, with the marks that its eyes put around a picture."""

    def write(question: str, history: Sequence[Exchange]) -> str:
        for put in (_as_text, _as_parts):
            text = str(engine.chat(_messages(question, history, put)))
            if text.count(PICTURE) == 1:
                return text
        raise BackendError("the chat template of this model has no place for a picture: choose a vision model")

    def cut(engine: Any, before: str, after: str) -> tuple[list[int], list[int]]:
        return [*engine.encode(before), *eyes.before], [*eyes.after, *engine.encode(after)]

    return Prompting(write, whole=eyes.whole, cut=cut)


def _messages(question: str, history: Sequence[Exchange], put: Any) -> list[dict[str, Any]]:
    """The conversation; the picture stands at the head of its first turn."""
    said: list[dict[str, Any]] = []
    for exchange in history:
        said.append({"role": "user", "content": put(exchange.asked, not said)})
        said.append({"role": "assistant", "content": put(exchange.heard, False)})
    return [*said, {"role": "user", "content": put(question, not said)}]


def _as_text(text: str, has_picture: bool) -> str:
    return f"{PICTURE}{text}" if has_picture else text


def _as_parts(text: str, has_picture: bool) -> list[dict[str, str]]:
    """For templates that take a message in parts only."""
    return [{"type": "text", "text": _as_text(text, has_picture)}]
