"""What somebody outside may do to a session that runs."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.dials import Dials
from pipelines.enquiries import Enquiries
from pipelines.switches import Switches
from pipelines.thinking import Conversation


@dataclass(frozen=True, slots=True)
class Controls:
    switches: Switches
    dials: Dials
    conversation: Conversation
    enquiries: Enquiries
    cameras: tuple[str, ...]
    """Their names."""
    speaks: bool
    """Whether there is a voice and a speaker."""
    narrates: bool = False
    """Whether what the cameras see is told unasked."""
