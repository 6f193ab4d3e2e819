"""No judgement at all: every pause is waited for as long as the words alone say."""

from __future__ import annotations

from devices.media import Samples
from pipelines.backends import BackendOptions


class Constant(BackendOptions):
    """What stands in where no weights of a turn model are pulled."""

    def load(self) -> Deaf:
        return Deaf()


class Deaf:
    """Cannot tell by the sound."""

    def finished(self, samples: Samples) -> None:
        """Never known."""
