"""Errors of a person's own commands; they stand alone so that `omni --help` loads nothing more to know them."""

from __future__ import annotations


class WeightsError(Exception):
    """Weights that cannot be listed, fetched, checked or removed; the message is one line and says what to do."""
