"""Where an MQTT broker is, who this program is there, and how the connection to it is encrypted."""

from __future__ import annotations

import os
import re
import ssl
from pathlib import Path
from typing import Any, ClassVar, Self

from pydantic import Field, field_validator, model_validator

from devices.media import Options
from pipelines.wording import printable

PASSWORD = "OMNI_MQTT_PASSWORD"
"""The environment variable with the password for the broker of [mqtt]."""
_LONGEST = 1024
"""Bytes of a name or a password."""
_LEVELS = re.compile(r"[^+#/\x00-\x1f\x7f$][^+#/\x00-\x1f\x7f]*(/[^+#/\x00-\x1f\x7f$][^+#/\x00-\x1f\x7f]*)*")


class TlsOptions(Options):
    """How the connection is encrypted. An empty section trusts whom this machine trusts."""

    ca: Path | None = None
    """A file with the certificates of whom to trust; None: those that this machine trusts."""
    certificate: Path | None = None
    """This client's own certificate, for brokers that ask for one."""
    key: Path | None = None
    """Its key; None: it is in the certificate's file."""

    @model_validator(mode="after")
    def _key_has_its_certificate(self) -> Self:
        if self.key and not self.certificate:
            raise ValueError("key is of use with its certificate only: name that as well")
        return self

    def context(self) -> ssl.SSLContext:
        """TLS 1.2 or newer with the host's name checked; reads the files. Raises ValueError: which one is no good."""
        _readable("ca", self.ca)
        try:
            context = ssl.create_default_context(cafile=str(self.ca.expanduser()) if self.ca else None)
        except ssl.SSLError:
            raise ValueError(f"tls.ca {self.ca} holds no certificate in PEM form") from None
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.certificate:
            _identify(context, self.certificate, self.key)
        return context


class BrokerOptions(Options):
    """The broker, and who this program is there. There is no default: nothing leaves unless it is named."""

    secret: ClassVar[str] = PASSWORD
    """The environment variable with the password: one host's must not be shown to another."""
    section: ClassVar[str] = ""
    """What stands before the name of an option where it is spoken of."""

    host: str = Field(min_length=1, max_length=255)
    port: int | None = Field(default=None, ge=1, le=65535)
    """None: 1883, or 8883 with a section `tls`."""
    username: str = ""
    """Its password comes from the environment."""
    tls: TlsOptions | None = None

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        return self.host, self.port or (8883 if self.tls else 1883)

    @property
    def place(self) -> str:
        """The same as people write it."""
        host, port = self.address
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    @property
    def password(self) -> str | None:
        """Out of the environment; None where there is none."""
        return os.environ.get(self.secret)

    @field_validator("username")
    @classmethod
    def _is_name(cls, username: str) -> str:
        if printable(username) != username:
            raise ValueError("has characters that cannot be printed")
        if len(username.encode()) > _LONGEST:
            raise ValueError(f"has more than {_LONGEST} bytes")
        return username

    @model_validator(mode="after")
    def _password_fits(self) -> Self:
        """The protocol counts its bytes with two of its own; the environment may hold what is no text at all."""
        password = (self.username and self.password) or ""
        if len(password.encode(errors="surrogateescape")) > _LONGEST:
            raise ValueError(f"the password in {self.secret} has more than {_LONGEST} bytes")
        if re.search("[\ud800-\udfff]", password):
            raise ValueError(f"the password in {self.secret} is not UTF-8")
        return self

    @model_validator(mode="before")
    @classmethod
    def _no_password(cls, given: Any) -> Any:
        if isinstance(given, dict) and "password" in given:
            raise ValueError(f"no password in a file: export {cls.secret}=…")
        return given


def _identify(context: ssl.SSLContext, certificate: Path, key: Path | None) -> None:
    _readable("certificate", certificate)
    _readable("key", key)
    both = certificate.expanduser(), key and key.expanduser()
    try:
        # Without a password given, OpenSSL would ask for one on the terminal.
        context.load_cert_chain(*both, password="")
    except ssl.SSLError:
        raise ValueError(
            f"tls.certificate {certificate} and its key do not fit, are not PEM, or the key has a passphrase"
        ) from None


def _readable(field: str, file: Path | None) -> None:
    try:
        if file:
            file.expanduser().open("rb").close()
    except OSError as error:
        raise ValueError(f"tls.{field} {file} cannot be read: {error.strerror}") from None


def topic_levels(levels: str) -> str:
    """The same, if it can be the beginning of a topic. Raises ValueError."""
    if not _LEVELS.fullmatch(levels) or printable(levels) != levels or len(levels.encode()) > 128:
        raise ValueError(
            "is the beginning of a topic: no + # or what cannot be printed, no empty level, none from $ on"
        )
    return levels
