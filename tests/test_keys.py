"""Single keys: which there are, what a configuration may make of them, and how a person is told of them."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from assistant.config import ConfigError, parse
from assistant.keys import ACTIONS, NAMED, Keys, KeysOptions, listed, named, spoken
from assistant.places import configs


def test_every_action_has_a_key_and_every_option_an_action() -> None:
    fields = set(KeysOptions.model_fields) - {"single"}
    assert fields == set(ACTIONS)
    assert all(KeysOptions().of(name) for name in ACTIONS)


def test_a_key_stands_for_its_line_while_nothing_is_typed() -> None:
    keys = Keys(KeysOptions(single=True))
    assert keys.action("left", typing=False) == "back"
    assert keys.action("left", typing=True) is None
    assert keys.action("r", typing=True) is None


def test_without_single_keys_only_control_keys_act() -> None:
    keys = Keys(KeysOptions())
    assert keys.action("r", typing=False) is None
    assert keys.action("ctrl-t", typing=True) == "talk"


def test_with_the_shift_key_a_letter_does_the_same_unless_the_capital_one_does_something_else() -> None:
    keys = Keys(KeysOptions(single=True))
    assert keys.action("R", typing=False) == keys.action("r", typing=False) == "repeat"
    assert keys.action("Q", typing=False) == "quit"
    assert keys.action("q", typing=False) is None


def test_keys_can_be_others() -> None:
    keys = Keys(KeysOptions(single=True, repeat="f5 ä", aim=""))
    for key in ("f5", "ä"):
        assert keys.action(key, typing=False) == "repeat"
    assert keys.action("r", typing=False) is None
    assert keys.action("a", typing=False) is None
    assert "aim" not in {name for _, name, _ in listed(KeysOptions(single=True, aim=""))}


@pytest.mark.parametrize(
    ("section", "hint"),
    [
        ({"repeat": "s"}, "keys: s cannot stand for repeat and for spell"),
        ({"repeat": "hyper"}, "repeat: there is no key 'hyper'"),
        ({"repeat": "\x1b"}, "there is no key"),
        ({"repaet": "r"}, "keys.repaet: unknown key; did you mean repeat?"),
        ({"repeat": 5}, "keys.repeat"),
    ],
)
def test_what_is_wrong_is_one_clear_line(section: dict[str, object], hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse({"chat": {"backend": "grounded"}, "keys": section}, "mine.toml")
    (line,) = caught.value.lines
    assert hint in line


def test_no_default_key_stands_for_two_and_the_same_key_twice_is_no_mistake() -> None:
    assert KeysOptions(repeat="r r").of("repeat") == ("r", "r")
    with pytest.raises(ValidationError):
        KeysOptions(repeat="t")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_all_is_told_in_words_that_can_be_heard(language: str) -> None:
    options = KeysOptions(single=True)
    told = spoken(options, "zh" if language == "zh" else "en")
    assert len(told) == len(listed(options)) == len(ACTIONS)
    assert all(len(sentence) < 100 for sentence in told)
    signs = [named([key]) for name in ACTIONS for key in options.of(name) if not key.isalnum()]
    assert all(any(letter.isalpha() for letter in sign) for sign in signs)


def test_signs_and_capitals_are_named() -> None:
    assert named(("+", "="), "en") == "plus or equals"
    assert named(("space", "escape")) == "space bar or Escape"
    assert named(("Q", "ctrl-t")) == "capital Q or Ctrl-T"
    assert named(("b", "left"), "zh") == "b或左箭头"
    assert len(set(NAMED)) == len(NAMED)


def test_the_shipped_narration_has_single_keys() -> None:
    assert "single = true" in (configs() / "narration.toml").read_text(encoding="utf-8")
