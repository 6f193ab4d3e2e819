"""Fits the coefficients of `pipelines/turns/prosody.py` to human speech, and tells how well they do on other speakers.

`python -m tests.tools.fit_prosody`
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipelines.detectors.silero import Silero
from pipelines.turns.prosody import features
from tests.benchmarks._report import data
from tests.pauses import Pause, pauses

Array = NDArray[np.float64]
RIDGE = 3.0
"""How strongly small coefficients are preferred, for features of variance 1."""


def fitted(inputs: Array, ended: NDArray[np.bool_]) -> Array:
    """Bias and coefficients of a logistic regression that weighs ends and other pauses alike (Newton's method)."""
    mean, spread = inputs.mean(0), inputs.std(0)
    design = np.column_stack((np.ones(len(inputs)), (inputs - mean) / spread))
    weigh = np.where(ended, 0.5 / ended.mean(), 0.5 / (1 - ended.mean()))
    ridge = RIDGE * np.diag([0.0, *np.ones(inputs.shape[1])])
    found: Array = np.zeros(design.shape[1])
    for _ in range(30):
        likely = 1 / (1 + np.exp(-design @ found))
        curve = (design * (weigh * likely * (1 - likely))[:, None]).T @ design + ridge
        found = found + np.linalg.solve(curve, design.T @ (weigh * (ended - likely)) - ridge @ found)
    slopes = found[1:] / spread
    return np.concatenate(([found[0] - slopes @ mean], slopes))


def measured(found: Sequence[Pause]) -> tuple[Array, NDArray[np.bool_]]:
    """The features of pauses, one row each, and which are ends of a sentence or a turn."""
    rows = [features(pause.sound) or (0.0, 0.0) for pause in found]
    return np.array(rows), np.array([pause.kind != "within" for pause in found])


def cross_validated(found: Sequence[Pause]) -> Array:
    """How likely each pause is an end, by coefficients that were fitted to the other speakers alone."""
    inputs, ended = measured(found)
    speakers = np.array([pause.speaker for pause in found])
    likely: Array = np.zeros(len(found))
    for speaker in set(speakers):
        here = speakers == speaker
        bias, *slopes = fitted(inputs[~here], ended[~here])
        likely[here] = 1 / (1 + np.exp(-(bias + inputs[here] @ np.array(slopes))))
    return likely


def ranked(likely: Array, ended: NDArray[np.bool_]) -> float:
    """How often an end is held more likely than a pause that is none: 0.5 is chance, 1 is perfect."""
    ends, others = likely[ended][:, None], likely[~ended][None]
    return float(((ends > others) + 0.5 * (ends == others)).mean())


def main() -> None:
    found = [pause for pause in pauses(data() / "media", Silero().load()) if pause.kind != "unclear"]
    inputs, ended = measured(found)
    bias, pitch, length = fitted(inputs, ended)
    print(f"BIAS, PITCH, LENGTH = {bias:.2f}, {pitch:.3f}, {length:.2f}")
    print(f"{ended.sum()} ends and {(~ended).sum()} other pauses of {len({pause.speaker for pause in found})} speakers")
    print(f"an end above a pause within a sentence, other speakers: {ranked(cross_validated(found), ended):.2f}")


if __name__ == "__main__":
    main()
