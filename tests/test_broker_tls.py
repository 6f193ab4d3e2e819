"""Encrypted connections to a real Mosquitto: whom we trust, who trusts us, and what is said where nobody does."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.mqtt.broker import (
    BrokerLost,
    connected,
)
from assistant.mqtt.message import Message
from assistant.mqtt.options import MqttOptions
from tests.brokers import (
    WILL,
    options,
    refusal,
)
from tests.certificates import Authority, authority
from tests.mosquitto import running

pytestmark = [pytest.mark.real_time, pytest.mark.usefixtures("silent")]


async def test_tls_with_a_certificate_of_its_own_authority(tmp_path: Path, trusted: Authority) -> None:
    with running(tmp_path, tls=trusted) as mosquitto:
        for host in ("127.0.0.1", "localhost"):
            async with connected(options(mosquitto, host=host, tls={"ca": str(trusted.ca)}), WILL) as broker:
                await broker.publish(Message("big", bytes(1_000_000), retain=True))
        assert len(mosquitto.retained("big")["big"]) == 1_000_000


async def test_a_broker_that_is_not_trusted_is_told_in_a_line(tmp_path: Path, trusted: Authority) -> None:
    strange = authority(tmp_path, "strange")
    with running(tmp_path / "m", tls=trusted) as mosquitto:
        said = await refusal(options(mosquitto, tls={"ca": str(strange.ca)}))
        assert "strange.pem did not sign its certificate" in said
        assert "is by no known authority" in await refusal(options(mosquitto, tls={}))
        assert "asks" not in said
        with pytest.raises(BrokerLost, match=r"add \[mqtt.tls\]"):
            async with connected(options(mosquitto), WILL):
                pass


async def test_a_certificate_for_another_name_is_refused(tmp_path: Path, trusted: Authority) -> None:
    with running(tmp_path, tls=trusted, names="elsewhere.example") as mosquitto:
        said = await refusal(options(mosquitto, tls={"ca": str(trusted.ca)}))
    assert "another name than 127.0.0.1" in said


async def test_a_broker_that_asks_for_a_certificate(tmp_path: Path, trusted: Authority) -> None:
    strange = authority(tmp_path, "strange")
    with running(tmp_path / "m", tls=trusted, client_certificates=True) as mosquitto:

        def tls(certificate: Path | None = None, key: Path | None = None) -> MqttOptions:
            files = {"ca": trusted.ca, "certificate": certificate, "key": key}
            return options(mosquitto, tls={name: str(file) for name, file in files.items() if file})

        async with connected(tls(*trusted.certificate("camera")), WILL) as broker:
            await broker.publish(Message("x", b"1"))
        assert "asks for a certificate" in await refusal(tls())
        assert "does not take mqtt.tls.certificate" in await refusal(tls(*strange.certificate("thief")))
        assert "cannot be read" in await refusal(tls(tmp_path / "absent.pem"))
        assert "do not fit" in await refusal(tls(trusted.certificate("a")[0], trusted.certificate("b")[1]))


async def test_an_authority_s_file_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("hello", encoding="utf-8")
    assert "PEM" in await refusal(options(1, tls={"ca": str(tmp_path / "ca.pem")}))
    assert "No such file" in await refusal(options(1, tls={"ca": str(tmp_path / "no.pem")}))
