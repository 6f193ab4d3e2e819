"""How the two OmniLMMs are asked: which of them a checkpoint is, its prompt, its marks, its makers' way to draw."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pipelines.backends import BackendError, Exchange
from pipelines.captioners.split import PICTURE, Cut
from pipelines.language.engine import Engine
from pipelines.language.sampling import Sampling

Size = Literal["12B", "3B"]

SYSTEM = (
    "You are an artificial intelligence assistant, which gives helpful, detailed, and polite answers "
    "to the human's questions."
)
HERE = "⟨image⟩"
"""Where the one who asks wants the picture; without it, it stands before the first question."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How one of them is spoken to, and answers."""

    marks: tuple[str, ...]
    """Tokens that its prompt cannot do without."""
    stands: str
    """The token that takes the picture's place while a prompt is cut into tokens."""
    write: Callable[[str, Sequence[Exchange]], str]
    sampling: Sampling
    """How its makers let it answer."""
    max_answer: int
    """The longest answer that its makers allow, in tokens."""


def size_of(told: dict[str, Any], folder: Path) -> Size:
    """Which of the two a checkpoint is, by its configuration. Raises BackendError where it is neither."""
    names = f"{told.get('model_type')} {told.get('architectures')}".lower()
    if "omnilmm" in names or "mm_vision_tower" in told:
        return "12B"
    if "minicpmv" in names and "scale_emb" in told and not told.get("slice_mode"):
        return "3B"
    raise BackendError(
        f"{folder.name} is neither OmniLMM-12B nor OmniLMM-3B (MiniCPM-V 1.0), its config.json says "
        f"model_type = {told.get('model_type')!r}: name other weights, or try the captioner 'hf'"
    )


def zephyr(question: str, history: Sequence[Exchange]) -> str:
    """The 12B's prompt; the picture belongs to the first turn."""
    asked = _with_picture(f"<im_start>{PICTURE}<im_end>", question, history)
    turns = [f"<|system|>\n{SYSTEM}</s>\n<|user|>\n{asked[0]}</s>\n<|assistant|>\n"]
    for exchange, then in zip(history, asked[1:], strict=True):
        turns.append(f"{exchange.heard}</s>\n<|user|>\n{then}</s>\n<|assistant|>\n")
    return "".join(turns)


def minicpm(question: str, history: Sequence[Exchange]) -> str:
    """The 3B's prompt; the picture belongs to the first turn."""
    asked = _with_picture(f"<image>{PICTURE}</image>", question, history)
    turns = [f"<用户>{asked[0]}<AI>"]
    for exchange, then in zip(history, asked[1:], strict=True):
        turns.append(f"{exchange.heard}<用户>{then}<AI>")
    return "".join(turns)


def as_one(begin: int | None, stands: str) -> Callable[[Engine, str, str], Cut]:
    """Cuts a prompt into tokens in one go, so that no space comes in where the picture is; `begin` goes before all.

    Tokenizers made from SentencePiece put a space before every text they are given.
    """

    def cut(engine: Engine, before: str, after: str) -> Cut:
        ids, place = engine.encode(before + stands + after), engine.encode(stands)[-1]
        at = ids.index(place)
        return [*([] if begin is None else [begin]), *ids[:at]], ids[at + 1 :]

    return cut


def _with_picture(eyes: str, question: str, history: Sequence[Exchange]) -> list[str]:
    """All that was asked, the picture in the first of it."""
    first, *rest = [*(exchange.asked for exchange in history), question]
    return [first.replace(HERE, eyes, 1) if HERE in first else f"{eyes}\n{first}", *rest]


MANNERS: dict[Size, Manner] = {
    "12B": Manner(
        ("<im_patch>", "<im_start>", "<im_end>"), "<im_patch>", zephyr,
        Sampling(temperature=0.6, top_p=0.9, top_k=30, repetition_penalty=1.1), 1024,
    ),
    "3B": Manner(("<image>", "</image>"), "<unk>", minicpm, Sampling(temperature=0.7, top_p=0.8, top_k=100), 2048),
}  # fmt: skip
