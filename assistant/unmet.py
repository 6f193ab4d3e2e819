"""What is wanted of parts that can never do it: told at the start, as silence would be taken for safety."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from assistant.config import Config
from assistant.parts import Models, backend_options
from pipelines.backends import Adjustable, Kind, Spotter, Voice
from pipelines.spotters.names import said
from pipelines.wording import listed, quoted

MOST = 6
"""So many names are told."""


@dataclass(frozen=True, slots=True)
class Unmet:
    """One such wish."""

    part: Kind
    """What cannot do it."""
    text: str
    """In a sentence."""


def of_config(config: Config) -> list[Unmet]:
    """What is known before anything is loaded."""
    spotter = backend_options(config).get("spotter")
    return [*_hazards(config, spotter.finds() if spotter else ()), *_warnings(config)]


def of_session(config: Config, models: Models) -> list[Unmet]:
    """What is known of the parts that are loaded."""
    spotter, voice = models.get(Spotter), models.get(Voice)
    found = [*_hazards(config, spotter.backend.labels if spotter else ()), *_warnings(config)]
    if config.settings.voice and voice and not isinstance(voice.backend, Adjustable):
        text = f"This voice takes no other name, so settings.voice ({quoted(config.settings.voice)}) changes nothing."
        found.append(Unmet("voice", text))
    return found


def _hazards(config: Config, labels: Collection[str] | None) -> Iterator[Unmet]:
    """`labels`: what can be found; None: that is not known."""
    narration = config.narration
    if narration is None or labels is None or not config.camera:
        return
    lacking = [name for name in narration.hazards if name not in labels]
    if not lacking or "hazards" not in narration.model_fields_set:  # a stand-in says by itself what it cannot warn of
        return
    why = "the object detector does not know that" if labels else "there is no [spotter]"
    text = f"Nothing warns of {listed([quoted(name) for name in lacking[:MOST]])} in narration.hazards: {why}"
    near = [one for name in lacking for one in _near(name, labels)]
    yield Unmet("spotter", f"{text}; did you mean {near[0]}?" if near else f"{text}.")


def _near(name: str, labels: Collection[str]) -> list[str]:
    return [said(name)] if said(name) in labels else difflib.get_close_matches(name.lower(), labels, 1, 0.8)


def _warnings(config: Config) -> Iterator[Unmet]:
    narration = config.narration
    if narration is None or config.reader or not config.camera or not narration.warnings:
        return
    if "warnings" in narration.model_fields_set:
        yield Unmet("reader", "Nothing reads the words in narration.warnings: there is no [reader].")
