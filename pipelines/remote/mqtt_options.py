"""Where an MQTT broker is, who this program is there, and how the connection to it is encrypted."""

from __future__ import annotations

import os
import re
import ssl
from pathlib import Path
from typing import Any

from pydantic import Field, model_validator

from devices.media import Options

PASSWORD = "OMNI_MQTT_PASSWORD"
"""The environment variable with the broker's password."""
_LEVELS = re.compile(r"[^+#/\x00-\x1f\x7f$][^+#/\x00-\x1f\x7f]*(/[^+#/\x00-\x1f\x7f$][^+#/\x00-\x1f\x7f]*)*")


class TlsOptions(Options):
    """How the connection is encrypted. An empty section trusts whom this machine trusts."""

    ca: Path | None = None
    """A file with the certificates of whom to trust; None: those that this machine trusts."""
    certificate: Path | None = None
    """This client's own certificate, for brokers that ask for one."""
    key: Path | None = None
    """Its key; None: it is in the certificate's file."""

    def context(self) -> ssl.SSLContext:
        """These files, read. Raises ValueError with one line that names the file."""
        named = ", ".join(str(file) for file in (self.ca, self.certificate, self.key) if file)
        try:
            context = ssl.create_default_context(cafile=self.ca)
            if self.certificate:
                context.load_cert_chain(self.certificate, self.key, password="")
        except OSError as error:  # what the ssl module raises of its own is one, too
            raise ValueError(f"tls: {named}: {error.strerror or error}") from error
        return context


class BrokerOptions(Options):
    """The broker, and who this program is there. There is no default: nothing leaves unless it is named."""

    host: str = Field(min_length=1, max_length=255)
    port: int | None = Field(default=None, ge=1, le=65535)
    """None: 1883, or 8883 with a section `tls`."""
    username: str = ""
    """Its password comes from the environment, as OMNI_MQTT_PASSWORD."""
    tls: TlsOptions | None = None

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        return self.host, self.port or (8883 if self.tls else 1883)

    @property
    def password(self) -> str | None:
        """Out of the environment; None where there is none."""
        return os.environ.get(PASSWORD)

    @model_validator(mode="before")
    @classmethod
    def _no_password(cls, given: Any) -> Any:
        if isinstance(given, dict) and "password" in given:
            raise ValueError(f"no password in a file: export {PASSWORD}=…")
        return given


def topic_levels(levels: str) -> str:
    """The same, if it can be the beginning of a topic. Raises ValueError."""
    if not _LEVELS.fullmatch(levels) or len(levels.encode()) > 128:
        raise ValueError("is the beginning of a topic: no + # or control characters, no empty level, none from $ on")
    return levels
