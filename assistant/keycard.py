"""`omni keys`: the keys of a session in the terminal, one a line, for eyes, ears and fingers."""

from __future__ import annotations

import argparse
from json import dumps
from pathlib import Path

from assistant import config
from assistant.keys import ACTIONS, KeysOptions, listed
from assistant.places import configs
from pipelines.phrases import Language


def run(arguments: argparse.Namespace) -> int:
    """Print the keys of a configuration. Raises ConfigError."""
    chosen = config.read(Path(arguments.file) if arguments.file else configs() / "narration.toml")
    language: Language = "zh" if chosen.conversation.language == "zh" else "en"
    for line in as_json(chosen.keys, language) if arguments.json else in_words(chosen.keys, language):
        print(line)
    return 0


def in_words(options: KeysOptions, language: Language) -> list[str]:
    """`r: repeat what was said last`; signs in words, as a screen reader may leave them out."""
    colon = "：" if language == "zh" else ": "
    return [f"{keys}{colon}{does}" for keys, _, does in listed(options, language)]


def as_json(options: KeysOptions, language: Language) -> list[str]:
    """One object a line, with the keys as the configuration writes them."""
    return [
        dumps({"name": name, "keys": options.of(name), "spoken": keys, "line": ACTIONS[name].line, "does": does})
        for keys, name, does in listed(options, language)
    ]
