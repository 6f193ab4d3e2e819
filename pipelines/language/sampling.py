"""Which token comes next: the likeliest one, or one drawn by chance among the likely."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from devices.media import Options

Scores = NDArray[np.float32]
"""One logit for each word of the vocabulary."""

LOOP = 8
"""Tokens of a stretch of which `copies` in a row mean that the model goes round in circles; of shorter ones, more."""


class Sampling(Options):
    """How chance plays a part. Each filter works on what the one before it left."""

    temperature: float = Field(default=0.0, ge=0.0, le=2.0)
    """0: always the likeliest token."""
    top_k: int = Field(default=0, ge=0)
    """Only so many of the likeliest; 0: all."""
    top_p: float = Field(default=1.0, gt=0.0, le=1.0)
    """Only the likeliest that together have this probability."""
    repetition_penalty: float = Field(default=1.0, ge=1.0, le=2.0)
    """Divides the score of a token that was said before (multiplies it where it is negative)."""


def choose(scores: Scores, sampling: Sampling, said: Sequence[int], chance: np.random.Generator) -> int:
    """The next token. `said`: the tokens so far, for the repetition penalty."""
    if sampling.repetition_penalty > 1.0 and said:
        scores = _penalised(scores, sampling.repetition_penalty, said)
    if sampling.temperature == 0.0:
        return int(scores.argmax())
    order = np.argsort(-scores, kind="stable")
    if sampling.top_k:
        order = order[: sampling.top_k]
    likely = scores[order].astype(np.float64) / sampling.temperature
    probability = np.exp(likely - likely.max())
    probability /= probability.sum()
    kept = int(np.searchsorted(np.cumsum(probability), sampling.top_p)) + 1
    probability = probability[:kept] / probability[:kept].sum()
    return int(chance.choice(order[:kept], p=probability))


def goes_round(made: Sequence[int], copies: int) -> bool:
    """True if the answer ends with at least so many copies of one stretch, nothing between them.

    Short stretches must come more often: a row of equal digits, or of equal items in a list, is no circle yet.
    """
    return any(
        made[-1] == made[-1 - period] and _is_periodic(made, period, max(copies, -(-LOOP * copies // period)))
        for period in range(1, len(made) // copies + 1)
    )


def _is_periodic(made: Sequence[int], period: int, copies: int) -> bool:
    length = period * copies
    return length <= len(made) and made[-length:-period] == made[len(made) - length + period :]


def _penalised(scores: Scores, penalty: float, said: Sequence[int]) -> Scores:
    scores, again = scores.copy(), list(set(said))
    scores[again] = np.where(scores[again] > 0, scores[again] / penalty, scores[again] * penalty)
    return scores
