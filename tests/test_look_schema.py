"""`omni look --schema`: an answer is made to fit, asked for once more where it does not, or refused in one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assistant import look
from assistant.cli import main
from assistant.look import Answer
from assistant.structured import Schema
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


def test_a_schema_is_never_fetched(home: Path, photo: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    saying(home, "{}")
    refers = schema(tmp_path, {"$ref": "http://127.0.0.1:9/schema.json"})
    line = one_line(capsys, main(["look", photo, "?", "--schema", refers, "--model", "parrot"]))
    assert "a reference cannot be followed" in line
