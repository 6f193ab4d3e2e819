"""Scripted models as a configuration names them, for scenarios: `backend = "tests.scenario_parts:Colours"`."""

from __future__ import annotations

import numpy as np

from devices.media import Frame
from pipelines.backends import BackendOptions
from pipelines.types import Seen
from tests.fakes import FakeChat, FakeTranscriber, FakeVoice, LoudnessDetector

CONFIG = """
[[camera]]
name = "desk"

[microphone]

[speaker]

[captioner]
backend = "tests.scenario_parts:Colours"

[detector]
backend = "tests.scenario_parts:Loud"

[transcriber]
backend = "tests.scenario_parts:Ear"

[chat]
backend = "tests.scenario_parts:Talk"

[voice]
backend = "tests.scenario_parts:Mouth"
"""
QUESTION, OTHER = 0.2, 0.4
"""Loudness of the two things that `Ear` understands."""


class Colours(BackendOptions):
    """Names the strongest colour of the picture."""

    def load(self) -> Colours:
        return self

    def caption(self, frame: Frame) -> Seen:
        return Seen(("red", "green", "blue")[int(np.argmax(frame.pixels.mean(axis=(0, 1))))])


class Loud(BackendOptions):
    def load(self) -> LoudnessDetector:
        return LoudnessDetector()


class Ear(BackendOptions):
    def load(self) -> FakeTranscriber:
        return FakeTranscriber({QUESTION: "tell me the colour", OTHER: "what is your name"})


class Talk(BackendOptions):
    def load(self) -> FakeChat:
        return FakeChat(
            {
                "tell me the colour": lambda prompt: f"It is {prompt.scene[-1].text} and nothing but that colour.",
                "what is your name": "I am Omni.",
            }
        )


class Mouth(BackendOptions):
    def load(self) -> FakeVoice:
        return FakeVoice()
