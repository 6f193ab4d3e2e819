"""Authorities and certificates made with the openssl program, good for two days."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

PATIENCE = 10.0
"""Seconds that openssl may take."""


@dataclass(frozen=True)
class Authority:
    """Whom to trust, and the certificates that it signed, as files in one folder."""

    folder: Path
    name: str = "ca"

    @property
    def ca(self) -> Path:
        return self.folder / f"{self.name}.pem"

    def certificate(self, owner: str, subject: str = "localhost,127.0.0.1,::1") -> tuple[Path, Path]:
        """Certificate and key of an owner, good for the names and addresses in `subject`."""
        key, request, signed = (self.folder / f"{owner}.{kind}" for kind in ("key", "csr", "pem"))
        names = ",".join(("IP:" if _is_address(name) else "DNS:") + name for name in subject.split(","))
        (self.folder / f"{owner}.ext").write_text(
            f"subjectAltName={names}\nauthorityKeyIdentifier=keyid\n", encoding="utf-8"
        )
        _openssl("req", *_KEY, "-nodes", "-keyout", str(key), "-out", str(request), "-subj", f"/CN={owner}")
        _openssl(
            *("x509", "-req", "-in", str(request), "-CA", str(self.ca), "-CAkey", str(self.ca.with_suffix(".key"))),
            *("-CAcreateserial", "-days", "2", "-extfile", str(self.folder / f"{owner}.ext"), "-out", str(signed)),
        )
        return signed, key


_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1")


def authority(folder: Path, name: str = "ca") -> Authority:
    """A new one, whose certificate lies in the folder as `<name>.pem`; skips where openssl is absent."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl on this machine")
    new = Authority(folder, name)
    _openssl(
        *("req", "-x509", *_KEY, "-nodes", "-days", "2", "-subj", f"/CN={name}"),
        *("-addext", "keyUsage=critical,keyCertSign,cRLSign"),
        *("-keyout", str(new.ca.with_suffix(".key")), "-out", str(new.ca)),
    )
    return new


def _openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True, timeout=PATIENCE)


def _is_address(name: str) -> bool:
    return ":" in name or name.replace(".", "").isdigit()
