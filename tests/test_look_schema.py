"""`omni look --schema`: an answer is made to fit, asked for once more where it does not, or refused in one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assistant import fitting, look
from assistant.cli import main
from assistant.config import ConfigError
from assistant.look import Answer
from assistant.structured import Schema, Unfit
from tests.commands import one_line
from tests.photos import home, photo, saying

__all__ = ["home", "photo"]

SCHEMA = {
    "type": "object",
    "required": ["food", "kcal"],
    "properties": {"food": {"type": "string"}, "kcal": {"type": "number"}},
}


def schema(tmp_path: Path, content: object = SCHEMA) -> str:
    (tmp_path / "schema.json").write_text(json.dumps(content), encoding="utf-8")
    return str(tmp_path / "schema.json")


@pytest.mark.parametrize(
    "answer",
    [
        '{"food": "米饭", "kcal": 620}',
        'Sure!\n```json\n{"food": "米饭", "kcal": 620}\n```\nEnjoy.',
        'A set {of} things: {"food": "米饭", "kcal": 620} and more {"x": 1}',
    ],
)
def test_an_answer_is_made_to_fit_a_schema(
    home: Path, photo: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], answer: str
) -> None:
    saying(home, answer)
    assert main(["look", photo, "Analyse the food.", "--schema", schema(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert json.loads(out) == {"food": "米饭", "kcal": 620}
    assert "米饭" in out


def test_an_answer_that_does_not_fit_is_asked_for_once_more(
    home: Path, photo: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    saying(home, '{"food": "rice", "kcal": "many"}', '{"food": "rice", "kcal": 1}', "never asked")
    assert main(["look", photo, "Food?", "--schema", schema(tmp_path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["question"], told["answer"]) == ("Food?", {"food": "rice", "kcal": 1})


def test_the_times_are_counted_from_the_first_question_on(
    home: Path, photo: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    saying(home, "never asked")
    answers = iter([Answer("no idea", 2.0, 0.5), Answer('{"food": "rice", "kcal": 1}', 3.0, 1.25)])

    async def slowly(*_: object) -> Answer:
        return next(answers)

    monkeypatch.setattr(look, "ask", slowly)
    assert main(["look", photo, "Food?", "--schema", schema(tmp_path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["seconds"], told["first_token_s"]) == (5.0, 3.25)


def test_what_never_fits_is_one_line_and_its_words(
    home: Path, photo: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    saying(home, "no idea", '{"food": "rice", "kcal": NaN}', '{"food": 1}')
    assert main(["look", photo, "Food?", "--schema", schema(tmp_path), "--model", "parrot"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines() == [
        '{"food": "rice", "kcal": NaN}',
        "omni: no answer fits the schema: there is no JSON in it",
    ]


@pytest.mark.parametrize(("question", "told"), [("What food is it?", "fits this JSON schema"), ("什么食物？", "回答")])
def test_the_model_is_told_the_schema_in_the_language_of_the_question(tmp_path: Path, question: str, told: str) -> None:
    asked = Schema(Path(schema(tmp_path))).question(question)
    assert asked.startswith(question)
    assert told in asked
    assert json.loads(asked.splitlines()[-1]) == SCHEMA


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("{", "is not JSON"),
        ('{"type": "thing"}', "is no JSON schema: type: 'thing' is not valid"),
        ('{"type": "object"', "is not JSON"),
        (None, "cannot be read"),
    ],
)
@pytest.mark.usefixtures("home")
def test_a_file_that_is_no_schema(
    photo: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | None, complaint: str
) -> None:
    if content is not None:
        (tmp_path / "bad.json").write_text(content, encoding="utf-8")
    assert complaint in one_line(capsys, main(["look", photo, "?", "--schema", str(tmp_path / "bad.json")]))


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("null", "is no JSON schema: it must be an object"),
        ("1", "is no JSON schema: it must be an object"),
        ('{"$schema": []}', "is no JSON schema: $schema is no address"),
        ('{"$schema": 5}', "is no JSON schema: $schema is no address"),
        ('{"minimum": 1e400}', "is no number that JSON can hold"),
        ('{"minimum": NaN}', "is no number that JSON can hold"),
        ("[" * 100_000, "is nested too deeply"),
        ('{"not":' * 900 + "{}" + "}" * 900, "is nested too deeply"),
        ('{"not":' * 60 + "{}" + "}" * 60, "no model is called so"),
        ('{"$id": "http://[", "$ref": "x"}', "cannot be followed: nothing is fetched"),
        ('{"$ref": "http://127.0.0.1:9/schema.json"}', "cannot be followed: nothing is fetched"),
        ('{"$ref": "#/$defs/no"}', "the reference '#/$defs/no' cannot be followed: nothing is fetched, put what it"),
        ('{"properties": {"a": {"items": {"$ref": "#/$defs/no"}}}}', "cannot be followed"),
        ('{"title": "x", "$ref": "#/title"}', "the reference '#/title' cannot be followed"),
        ('{"$ref": "#"}', "a reference comes back to itself without end"),
        ('{"$defs": {"a": {"anyOf": [{"$ref": "#/$defs/a"}]}}}', "a reference comes back to itself without end"),
        ('{"properties": {"a": {"$ref": "#"}}}', "no model is called so"),
        ('{"const": {"$ref": "#/nowhere"}}', "no model is called so"),
    ],
)
@pytest.mark.usefixtures("home")
def test_a_schema_is_looked_through_before_a_model_is(
    photo: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str, complaint: str
) -> None:
    (tmp_path / "bad.json").write_text(content, encoding="utf-8")
    asked = ["look", photo, "?", "--schema", str(tmp_path / "bad.json"), "--model", "nonesuch"]
    line = one_line(capsys, main(asked))
    assert complaint in line
    assert "nonesuch" in line or f"--schema {tmp_path / 'bad.json'}: " in line


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("option", ["--schema", "--prompt-file"])
def test_a_file_without_a_name_is_not_passed_over(photo: str, capsys: pytest.CaptureFixture[str], option: str) -> None:
    assert f"{option}: names no file" in one_line(capsys, main(["look", photo, option, ""]))


def test_what_a_terminal_would_obey_is_told_escaped(
    home: Path, photo: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    value = {"\x9b2J": "\x9b31m\x7f \u202eodd", "米饭": "\u3000👩\u200d🍳"}
    saying(home, json.dumps(value))
    assert main(["look", photo, "Food?", "--schema", schema(tmp_path, {})]) == 0
    out = capsys.readouterr().out
    assert json.loads(out) == value
    assert not set(out) & {"\x9b", "\x7f", "\u202e"}
    assert "米饭" in out
    assert "👩\u200d🍳" in out


def test_what_a_terminal_would_obey_is_no_part_of_the_reason_either(
    home: Path, photo: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    saying(home, json.dumps({"\x9b2J": 1}))
    strict = schema(tmp_path, {"additionalProperties": {"type": "string"}})
    assert main(["look", photo, "Food?", "--schema", strict]) == 1
    assert "2J: 1 is not of type 'string'" in (told := capsys.readouterr().err)
    assert "\x9b" not in told


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ('{"kcal": 1e400}', "there is no JSON in it"),
        ('{"kcal": 1' + "0" * 400 + "}", "a number in it is too large"),
        ('{"food": ' + "[" * 900 + "]" * 900 + "}", "there is no JSON in it"),
    ],
)
def test_a_value_out_of_all_bounds_does_not_fit(tmp_path: Path, answer: str, why: str) -> None:
    with pytest.raises(Unfit, match=why):
        Schema(Path(schema(tmp_path, {"properties": {"kcal": {"multipleOf": 0.1}}}))).read(answer)


@pytest.mark.real_time
def test_a_pattern_that_never_ends_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    endless = Schema(Path(schema(tmp_path, {"properties": {"food": {"pattern": "^(a+)+$"}}})))
    monkeypatch.setattr(fitting, "LONGEST", 1.0)
    with pytest.raises(ConfigError, match=r"schema\.json: took longer than 1 s to check .* simplify its patterns"):
        endless.read(json.dumps({"food": "a" * 40 + "!"}))
