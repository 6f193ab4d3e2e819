"""Privacy that outlives the session: what was switched off from outside is still off after a power cut."""

from __future__ import annotations

import json
import os
from pathlib import Path

from assistant.mqtt import outbox
from assistant.mqtt.options import MqttOptions
from pipelines.backends import BackendError
from pipelines.switches import Switches
from pipelines.trouble import Patience

Back = tuple[bool, bool]
"""Whether microphone and camera are on again when privacy is over."""


class PrivacyFile:
    """Beside the outbox of a node; it is there while privacy is switched on from outside.

    Written at once, on the loop: a switch is turned seldom, and what it says must hold when the power goes.
    """

    def __init__(self, options: MqttOptions, patience: Patience) -> None:
        path = outbox.place(options)
        self._path, self._patience = path.with_name(f"{path.name}.private"), patience
        self._back: Back | None = None

    def open(self) -> None:
        """Raises BackendError where nobody can tell."""
        try:
            self._back = _read(self._path)
        except OSError as error:
            raise BackendError(f"{self._path} cannot be read: {error.strerror}") from error

    def restore(self, switches: Switches) -> bool:
        """Whether privacy was on when the last session ended: then it is again."""
        if self._back is not None:
            switches.restore(*self._back)
        return self._back is not None

    def keep(self, switches: Switches) -> None:
        """As it is now; does nothing where that is known."""
        if switches.back == self._back:
            return
        try:
            _write(self._path, switches.back)
        except OSError as error:
            self._patience.failed(f"{self._path} cannot be written, privacy is not kept: {error.strerror}")
        else:
            self._patience.worked()
        self._back = switches.back


def _read(path: Path) -> Back | None:
    """None where it was not on. A file that is damaged says that it was: nothing comes on by itself."""
    try:
        kept = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValueError:
        return True, True
    on = kept if isinstance(kept, dict) else {}
    return on.get("microphone") is not False, on.get("camera") is not False


def _write(path: Path, back: Back | None) -> None:
    """Whole or not at all, and for its owner alone."""
    if back is None:
        path.unlink(missing_ok=True)
        return
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump({"microphone": back[0], "camera": back[1]}, file)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
