"""`python -m assistant` is `omni`."""

from assistant.cli import entry

entry()
