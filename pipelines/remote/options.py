"""What a backend on a server can be told, and what is refused before anything is sent."""

from __future__ import annotations

import ipaddress
import os
import re
from typing import Any, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import Field, InstanceOf, ValidationError, field_validator, model_validator

from pipelines import backends
from pipelines.backends import BackendError, BackendOptions, Kind
from pipelines.mistakes import first_mistake


class RemoteOptions(BackendOptions):
    """What all backends on a server have in common. There is no default address: nothing leaves unless it is named."""

    kind: ClassVar[Kind]
    extra: ClassVar[str] = "remote"
    schemes: ClassVar[tuple[str, ...]] = ("http", "https")

    url: str
    """Where the server is; a key does not belong into it."""
    connect_timeout: float = Field(default=3.0, gt=0, le=60)
    """Seconds to wait for the connection."""
    read_timeout: float = Field(default=60.0, gt=0, le=3600)
    """Seconds to wait for the next part of an answer, the first included."""
    longest: float = Field(default=300.0, gt=0, le=36_000)
    """Seconds after which an answer is given up, however much of it came."""
    fallback: InstanceOf[BackendOptions] | None = None
    """What answers while the server is gone: the name of a backend on this machine, or a table of its options with its
    name as `backend`. It is loaded at the start."""

    @property
    def local(self) -> bool:
        """Whether the server is this machine."""
        return is_local(urlsplit(self.url).hostname or "")

    @property
    def origin(self) -> str:
        """The server as errors name it."""
        return urlsplit(self.url).netloc

    @field_validator("fallback", mode="before")
    @classmethod
    def _fallback(cls, given: Any) -> Any:
        if given == "":
            return None
        if isinstance(given, str):
            given = {"backend": given}
        return _local_backend(cls.kind, given) if isinstance(given, dict) else given

    # Checks of the whole and not of a field: the message of a field's check would show what was given.
    @model_validator(mode="after")
    def _address(self) -> RemoteOptions:
        try:
            parts = urlsplit(self.url)
            known = bool(re.fullmatch(r"[a-z0-9_.:-]+", parts.hostname or "")) and (
                parts.port is None or parts.port > 0
            )
            known = known and bool(re.fullmatch(r"[!-~]*", self.url))
        except ValueError:
            known = False
        if not known or parts.scheme not in self.schemes:
            raise ValueError(f"url is no address of a server: {' or '.join(f'{one}://' for one in self.schemes)}host…")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise ValueError("url must hold no user, password or query: a key belongs into the environment")
        return self


class ServerOptions(RemoteOptions):
    """What all backends on an OpenAI-compatible server can be told."""

    needs: ClassVar[tuple[str, ...]] = ("httpx",)

    model: str
    """The model's name on the server."""
    key: str = ""
    """Name of the environment variable that holds the server's key; empty: none is sent. Over http:// a key is sent to
    this machine only, because everybody on the way could read it."""
    temperature: float | None = Field(default=None, ge=0, le=2)
    """0: always the likeliest word; None: as the server likes it."""
    limit: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    """The field in which the server takes the longest answer; some newer models know the second only."""
    retries: int = Field(default=2, ge=0, le=10)
    """How often a request that failed before its first word is repeated."""
    parallel: int = Field(default=2, ge=1, le=64)
    """How many answers the server is asked for at the same time, by all backends together."""

    @model_validator(mode="after")
    def _secret(self) -> ServerOptions:
        if self.key and not re.fullmatch(r"[A-Z_a-z][A-Z_a-z0-9]*", self.key):
            raise ValueError("key is the name of an environment variable, not the key itself")
        if self.key and not self.local and self.url.lower().startswith("http:"):
            raise ValueError("a key is not sent unencrypted over the network: use https://, or no key")
        return self

    @property
    def endpoint(self) -> str:
        """The address that is asked."""
        return self.url.rstrip("/").removesuffix("/chat/completions") + "/chat/completions"

    def secret(self) -> str:
        """The key out of the environment; empty where none is wanted. Raises BackendError."""
        if not self.key:
            return ""
        value = os.environ.get(self.key, "").strip()
        if not value:
            raise BackendError(f"the environment has no {self.key}: export {self.key}=…")
        if not re.fullmatch(r"[!-~]+", value):
            raise BackendError(f"what {self.key} holds is no key: it has spaces or letters that no key has")
        return value


def is_local(host: str) -> bool:
    """Whether the host is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _local_backend(kind: Kind, table: dict[str, Any]) -> BackendOptions:
    """The options of the backend that a table names. Raises ValueError with one line."""
    options = dict(table)
    name = options.pop("backend", None)
    if not isinstance(name, str):
        raise ValueError('names no backend: backend = "…"')
    found = backends.find(kind, name)
    if issubclass(found, RemoteOptions):
        raise ValueError(f"{name} is on a server as well: name a backend on this machine")
    try:
        return found.model_validate(options)
    except ValidationError as error:
        raise ValueError(f"{name}: {first_mistake(error, found)}") from error
