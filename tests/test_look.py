"""`omni look` and `omni chat`: a photo, a question, an answer; what a person did wrong is one line."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from assistant.cli import main
from assistant.structured import Schema
from pipelines import choosing, room
from tests.commands import one_line, png
from tests.conftest import REPOSITORY
from tests.shelves import lay, use

SCHEMA = {
    "type": "object",
    "required": ["food", "kcal"],
    "properties": {"food": {"type": "string"}, "kcal": {"type": "number"}},
}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A weights' home with one model that looks, and one that does not."""
    home = tmp_path / "home"
    monkeypatch.setenv("OMNI_HOME", str(home))
    monkeypatch.setattr(room, "free", lambda: 8 * 10**9)
    monkeypatch.setattr(choosing, "gpu_plausible", lambda: False)
    lay(home, "eyes", use("captioner", "Watcher", 2))
    lay(home, "talk", use("chat", "Talker"))
    return home


@pytest.fixture
def photo(tmp_path: Path) -> str:
    return picture(tmp_path / "photo.png", 200)


def picture(path: Path, shade: int) -> str:
    from PIL import Image

    Image.new("RGB", (64, 48), (shade, 0, 0)).save(path)
    return str(path)


def saying(home: Path, *answers: str) -> None:
    """Makes the best model say this, one answer after the other."""
    lay(home, "parrot", use("captioner", "Watcher", 9, options={"answers": answers}))


@pytest.mark.usefixtures("home")
def test_a_question_about_a_photo_is_answered(photo: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["look", photo, "Do I have eggs?"]) == 0
    captured = capsys.readouterr()
    assert captured.out == "eyes of 200, asked 0: Do I have eggs?\n"
    assert captured.err == "omni: captioner: eyes, the best of what is pulled and fits (it needs 0.0 GB).\n"


@pytest.mark.usefixtures("home")
def test_the_model_named_is_the_one_that_answers(photo: str, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lay(home, "other", use("captioner", "Watcher", 9))
    assert main(["look", photo, "What?", "--model", "eyes"]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("eyes of")
    assert captured.err == ""


@pytest.mark.usefixtures("home")
def test_the_answer_as_json_names_model_and_times(photo: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["look", photo, "有鸡蛋吗？", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told.keys() == {"model", "question", "answer", "seconds", "first_token_s"}
    assert (told["model"], told["question"]) == ("eyes", "有鸡蛋吗？")
    assert 0 <= told["first_token_s"] <= told["seconds"]


@pytest.mark.usefixtures("home")
def test_streaming_gives_the_same_words(photo: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(["look", photo, "What is it?"])
    whole = capsys.readouterr().out
    assert main(["look", photo, "What is it?", "--stream"]) == 0
    assert capsys.readouterr().out.strip() == whole.strip()
    assert main(["look", photo, "What is it?", "--stream", "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(lines) > 3
    assert "".join(line["piece"] for line in lines[:-1]).strip() == lines[-1]["answer"]


@pytest.mark.usefixtures("home")
def test_without_a_question_the_photo_is_described(photo: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["look", photo]) == 0
    assert "a caption" in capsys.readouterr().out


@pytest.mark.usefixtures("home")
def test_the_longest_answer_can_be_set(photo: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["look", photo, "What is it?", "--max-tokens", "2"]) == 0
    assert capsys.readouterr().out == "eyes of\n"


@pytest.mark.usefixtures("home")
def test_a_question_may_stand_in_a_file(photo: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "prompt.txt").write_text("分析这张\n食物照片\n", encoding="utf-8-sig")
    assert main(["look", photo, "--prompt-file", str(tmp_path / "prompt.txt")]) == 0
    assert "分析这张 食物照片" in capsys.readouterr().out


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


def test_an_empty_answer_is_no_answer(home: Path, photo: str, capsys: pytest.CaptureFixture[str]) -> None:
    saying(home, " \n")
    assert main(["look", photo, "What?", "--model", "parrot"]) == 1
    assert capsys.readouterr().err == "omni: there was no answer\n"


def test_what_a_model_says_cannot_command_the_terminal(
    home: Path, photo: str, capsys: pytest.CaptureFixture[str]
) -> None:
    saying(home, "one\x1b[31m\ntwo\a")
    assert main(["look", photo, "What?"]) == 0
    assert capsys.readouterr().out == "one[31m\ntwo\n"


def test_without_a_model_that_looks_rules_answer_and_say_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, photo: str, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("rapidocr", reason="the embedded extra is not installed")
    monkeypatch.setenv("OMNI_HOME", str(tmp_path / "nothing"))
    assert main(["look", photo, "What colours do you see?"]) == 0
    captured = capsys.readouterr()
    assert "red" in captured.out
    assert "omni: embedded answers by rule; for a model that looks: omni models pull desktop" in captured.err
    assert main(["look", photo, "Food?", "--schema", schema(tmp_path)]) == 2


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("model", "complaint"),
    [
        ("eye", "did you mean eyes?"),
        ("talk", "is a chat, it cannot look at pictures"),
        ("omnivision", "the weights 'omnivision' are not here: omni models pull omnivision"),
        ("smolvlm-256m", "omni models pull smolvlm-256m"),
        ("./nowhere", "there is no file or folder ./nowhere"),
        ("no_such_module:Model", "cannot be imported"),
    ],
)
def test_a_model_that_is_not_to_be_had(
    photo: str, capsys: pytest.CaptureFixture[str], model: str, complaint: str
) -> None:
    assert complaint in one_line(capsys, main(["look", photo, "What?", "--model", model]))


@pytest.mark.usefixtures("home")
def test_a_backend_can_be_named_for_a_folder(photo: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    named = ["--model", str(tmp_path), "--backend", "tests.shelves:Watcher"]
    assert main(["look", photo, "What?", *named]) == 0
    assert f"{tmp_path} of 200" in capsys.readouterr().out
    line = one_line(capsys, main(["look", photo, "What?", "--backend", "tests.shelves:Watcher"]))
    assert "weights: Field required" in line


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("config", "complaint"),
    [
        (None, "is no checkpoint"),
        ({"model_type": "qwen2"}, "is a language model (qwen2): it cannot look at pictures"),
        ({"model_type": "mystery"}, "no captioner is known for the model type 'mystery': name one with --backend"),
        ({"model_type": "smolvlm"}, ""),
        ({"model_type": "ovis"}, ""),
        ({"model_type": "omnilmm"}, ""),
    ],
)
def test_a_folder_that_is_no_checkpoint_of_a_model_that_looks(
    photo: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], config: object, complaint: str
) -> None:
    pytest.importorskip("transformers", reason="the neural extra is not installed")
    (folder := tmp_path / "checkpoint").mkdir()
    if config is not None:
        (folder / "config.json").write_text(json.dumps(config))
    assert complaint in one_line(capsys, main(["look", photo, "What?", "--model", str(folder)]))


@pytest.mark.usefixtures("home")
def test_a_picture_that_is_none_or_too_large(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "text.jpg").write_text("no picture")
    for path in (tmp_path / "absent.jpg", tmp_path / "text.jpg", png(tmp_path / "huge.png", 30_000, 30_000)):
        assert path.name in one_line(capsys, main(["look", str(path), "What?"]))


@pytest.mark.usefixtures("home")
def test_two_questions_are_one_too_many(photo: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "prompt.txt").write_text("What?")
    assert "give one" in one_line(capsys, main(["look", photo, "?", "--prompt-file", str(tmp_path / "prompt.txt")]))
    (tmp_path / "prompt.txt").write_bytes(b"\xff\xfe")
    assert "UTF-8" in one_line(capsys, main(["look", photo, "--prompt-file", str(tmp_path / "prompt.txt")]))


def chat(monkeypatch: pytest.MonkeyPatch, lines: list[str], *arguments: str) -> int:
    monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
    return main(["chat", *arguments, "--model", "eyes"])


@pytest.mark.usefixtures("home")
def test_a_chat_remembers_what_was_said_about_its_picture(
    photo: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert chat(monkeypatch, ["What is it?", "", "Why?", "/bye", "Never asked"], photo) == 0
    assert [line.strip() for line in capsys.readouterr().out.splitlines()] == [
        "eyes of 200, asked 0: What is it?",
        "eyes of 200, asked 1: Why?",
    ]


@pytest.mark.usefixtures("home")
def test_without_a_photo_the_first_line_is_its_path_and_another_path_changes_it(
    photo: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    other = picture(tmp_path / "an other.png", 90)
    assert chat(monkeypatch, [photo, "First?", f"'{other}'", "Second?"]) == 0
    assert [line.strip() for line in capsys.readouterr().out.splitlines()] == [
        "eyes of 200, asked 0: First?",
        "eyes of 90, asked 0: Second?",
    ]


@pytest.mark.usefixtures("home")
def test_a_bad_picture_leaves_the_last_one(
    photo: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = png(tmp_path / "huge.png", 30_000, 30_000)
    assert chat(monkeypatch, [str(bad), "Still there?"], photo) == 0
    captured = capsys.readouterr()
    assert "eyes of 200" in captured.out
    assert "huge.png" in captured.err


@pytest.mark.usefixtures("home")
def test_a_chat_without_lines_just_ends(
    photo: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert chat(monkeypatch, []) == 0
    assert chat(monkeypatch, [], photo) == 0
    assert capsys.readouterr().out == ""


SLOW = """
import time
from tests.shelves import LoadedWatcher, Watcher

class Slow(Watcher):
    def load(self):
        return SlowLoaded(self)

class SlowLoaded(LoadedWatcher):
    def look(self, request):
        yield "begun "
        time.sleep(60)
"""


def test_ctrl_c_ends_it_at_once(tmp_path: Path, photo: str) -> None:
    (tmp_path / "slow_model.py").write_text(SLOW)
    command = [sys.executable, "-m", "assistant", "look", photo, "?", "--stream", "--model", str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{REPOSITORY}"}
    with subprocess.Popen(
        [*command, "--backend", "slow_model:Slow"],
        cwd=REPOSITORY,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.read(5) == b"begun"
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, complaint = process.communicate(timeout=20)
    assert time.monotonic() - began < 5
    assert process.returncode == 130
    assert b"Traceback" not in complaint
