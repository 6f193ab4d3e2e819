"""Why a broker and this program do not come together, and what is to be done about it, in one line."""

from __future__ import annotations

import os
import socket
import ssl

from pipelines.remote.mqtt_options import BrokerOptions

UNWELCOME = {0x86, 0x87, 0x8A}
"""Reason codes of MQTT 5 (section 2.4) of a broker that does not want this user."""
_MISMATCH, _EXPIRED = (62, 64), 10
"""OpenSSL's X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH and X509_V_ERR_CERT_HAS_EXPIRED."""


def unreached(error: OSError, options: BrokerOptions, seconds: float) -> str:
    """For a connection that did not come about, after so many seconds where nobody answered."""
    at, section = options.place, options.section
    if isinstance(error, TimeoutError):
        return f"no answer from {at} in {seconds:g} s: is {section}host right?"
    if isinstance(error, socket.gaierror):
        return f"{section}host {options.host!r} has no address ({error.strerror}): is its name right?"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the broker at {at} is not trusted: {_distrust(error, options)}"
    if isinstance(error, ssl.SSLError):
        reason = (error.reason or "no TLS").replace("_", " ").lower()
        return f"no TLS with {at} ({reason}): is {section}port the one for TLS, and TLS 1.2 allowed there?"
    if options.tls and isinstance(error, ConnectionResetError | ConnectionAbortedError):
        return f"{at} ended the connection while it was being encrypted: is {section}port the one for TLS?"
    why = os.strerror(error.errno).lower() if error.errno else "it does not answer"
    return f"no broker at {at} ({why}): start it, or correct {section}host and {section}port"


def not_let_in(why: str, options: BrokerOptions) -> str:
    """For a broker that says no."""
    return f"the broker at {options.place} does not let us in: {why}"


def refused(code: int, said: str, options: BrokerOptions) -> str:
    """What a reason code means, as a clause. `said`: what it is called."""
    if code == 0x8A:
        return f"{who(options)} is banned there"
    if code in UNWELCOME:
        check = f"check {options.section}username and export {options.secret}=…"
        return f"wrong name or password, or {who(options)} may not connect: {check}"
    return f"it says {said.lower()}"


def who(options: BrokerOptions) -> str:
    """Who this program is to the broker."""
    return options.username or f"someone without {options.section}username"


def _distrust(error: ssl.SSLCertVerificationError, options: BrokerOptions) -> str:
    section, ca = options.section, options.tls.ca if options.tls else None
    if error.verify_code in _MISMATCH:
        return f"its certificate is for another name than {options.host}; {section}host must be one that is in it"
    if error.verify_code == _EXPIRED:
        return "its certificate has expired"
    by = f"{section}tls.ca {ca} did not sign its certificate" if ca else "its certificate is by no known authority"
    return f"{by} ({error.verify_message}); name the right authority's file there"
