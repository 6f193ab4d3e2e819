"""`omni models`: what is on the shelf is whole, or it is not there; every mistake is one line."""

from __future__ import annotations

import argparse
import errno
import json
import shutil
import subprocess
import sys
import threading
from collections import namedtuple
from pathlib import Path

import pytest

from assistant import manifest, models, shelf, sources
from pipelines import weights
from tests.pulls import REPOSITORY, entry, file_line

A, B = b"the weights of a", b"the weights of b, which are longer"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A weights' home whose manifest knows `a` and `b`, files that lie beside it, and both as `pair`."""
    monkeypatch.setenv("OMNI_HOME", str(tmp_path / "home"))
    home = tmp_path / "home"
    home.mkdir()
    (home / "a.bin").write_bytes(A)
    (home / "b.bin").write_bytes(B)
    entries = [entry("a", "file", file_line("a.bin", A)), entry("b", "file", file_line("b.bin", B))]
    (home / "models.toml").write_text("\n".join(entries) + '\n[groups]\npair = ["a", "b"]\n')
    return home


def omni_models(*words: str) -> int:
    parser = argparse.ArgumentParser()
    models.add_arguments(parser)
    return models.run(parser.parse_args(words))


def state_of(name: str) -> str:
    return next(row.state for row in models.list_models() if row.name == name)


def test_what_is_pulled_is_found_and_says_what_it_is(home: Path) -> None:
    models.pull("a", print)
    assert weights.find("a") == home / "models" / "a"
    record = json.loads((weights.find("a") / "manifest.json").read_text())
    assert record["licence"] == "MIT"
    assert record["files"]["a.bin"]["size"] == len(A)
    assert state_of("a") == "here"
    assert state_of("b") == "absent"


def test_a_group_brings_all_its_members_and_takes_them_away(home: Path) -> None:
    assert omni_models("pull", "pair") == 0
    assert {path.name for path in (home / "models").iterdir()} == {"a", "b"}
    assert omni_models("remove", "pair") == 0
    assert list((home / "models").iterdir()) == []


def test_what_is_here_and_whole_is_not_fetched_again(home: Path) -> None:
    models.pull("a", print)
    (home / "a.bin").unlink()
    said: list[str] = []
    models.pull("a", said.append)
    assert len(said) == 1
    assert said[0].startswith("a: is here and verified")


def test_a_file_that_was_changed_is_found_out_and_mended(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    models.pull("pair", print)
    (home / "models" / "a" / "a.bin").write_bytes(A[::-1])
    capsys.readouterr()
    assert omni_models("verify") == 1
    said = capsys.readouterr().out.splitlines()
    assert said == ["a: a.bin is not what was pulled: omni models pull a", "b: verified"]
    models.pull("a", print)
    assert omni_models("verify", "a", "b") == 0


def test_a_file_that_is_gone_is_found_out(home: Path) -> None:
    models.pull("a", print)
    (home / "models" / "a" / "a.bin").unlink()
    said: list[str] = []
    assert not models.verify("a", said.append)
    assert said == ["a: a.bin is missing: omni models pull a"]
    assert state_of("a") == "damaged"


def test_a_record_that_was_tampered_with_does_not_reach_the_terminal(home: Path) -> None:
    models.pull("a", print)
    record = home / "models" / "a" / "manifest.json"
    told = json.loads(record.read_text())
    told["files"] = {"x\x1b[2J\ny": {"sha256": "0" * 64, "size": 1}}
    record.write_text(json.dumps(told))
    said: list[str] = []
    assert not models.verify("a", said.append)
    assert said == ["a: x[2J y is missing: omni models pull a"]


def test_a_folder_made_by_hand_is_replaced(home: Path) -> None:
    (home / "models" / "a").mkdir(parents=True)
    (home / "models" / "a" / "something.bin").write_bytes(b"?")
    assert state_of("a") == "damaged"
    models.pull("a", print)
    assert {path.name for path in (home / "models" / "a").iterdir()} == {"a.bin", "manifest.json"}
    assert models.verify("a", print)


def test_a_manifest_that_moved_on_makes_what_is_here_old(home: Path) -> None:
    models.pull("a", print)
    (home / "new.bin").write_bytes(B)
    (home / "models.toml").write_text(entry("a", "file", file_line("new.bin", B, name="a.bin")))
    assert state_of("a") == "outdated"
    said: list[str] = []
    assert models.verify("a", said.append)
    assert said == ["a: verified; the manifest now names another: omni models pull a"]
    models.pull("a", print)
    assert (home / "models" / "a" / "a.bin").read_bytes() == B


def test_an_unknown_name_is_answered_with_those_there_are(home: Path) -> None:
    with pytest.raises(models.WeightsError, match=r"'smolm2'; did you mean 'smollm2'\? there are a, b, desktop, "):
        models.pull("smolm2", print)
    with pytest.raises(models.WeightsError, match="no weights are called"):
        models.remove("../models", print)


def test_removing_what_is_not_here_says_so_and_what_nobody_knows_any_more_can_go(home: Path) -> None:
    said: list[str] = []
    models.remove("a", said.append)
    (home / "models" / "forgotten").mkdir(parents=True)
    models.remove("forgotten", said.append)
    assert said == ["a: was not here", "forgotten: removed"]
    assert list((home / "models").iterdir()) == []


def test_verifying_what_is_not_here_says_how_it_comes(home: Path) -> None:
    said: list[str] = []
    assert models.verify(None, said.append)
    assert said == ["no weights are here yet: omni models pull embedded"]
    with pytest.raises(models.WeightsError, match="omni models pull a"):
        models.verify("a", print)


def test_a_disk_with_too_little_space_is_noticed_before_anything_is_fetched(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(100, 97, 3))
    with pytest.raises(models.WeightsError, match=r"a: needs .* of disk, .* are free: free some .*OMNI_HOME"):
        models.pull("a", print)
    assert not (home / "models").exists()


@pytest.mark.parametrize("stop", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_a_pull_that_ends_in_the_middle_leaves_what_was_there(
    home: Path, monkeypatch: pytest.MonkeyPatch, stop: BaseException
) -> None:
    def write_half(source: manifest.Source, folder: Path, scratch: Path) -> None:
        (folder / "a.bin").write_bytes(A[:5])
        raise stop

    models.pull("b", print)
    with monkeypatch.context() as patched:
        patched.setattr(sources, "fetch", write_half)
        with pytest.raises((models.WeightsError, KeyboardInterrupt)) as caught:
            models.pull("a", print)
    assert "the disk is full" in str(caught.value) or caught.type is KeyboardInterrupt
    assert [path.name for path in (home / "models").iterdir()] == ["b"]
    assert [path.name for path in (home / "partial").iterdir()] == ["lock"]
    models.pull("a", print)
    assert models.verify(None, print)


def test_a_home_that_cannot_be_written_is_one_line(home: Path) -> None:
    (home / "partial").write_text("in the way")
    with pytest.raises(models.WeightsError, match=r"a: File exists \(.*partial\): set OMNI_HOME to a folder that can"):
        models.pull("a", print)


def test_a_lock_that_cannot_be_taken_is_one_line(home: Path) -> None:
    lock = home / "partial" / "lock"
    lock.mkdir(parents=True)
    with pytest.raises(models.WeightsError, match=f"{lock}: .*: set OMNI_HOME to a folder that can be read and"):
        models.pull("a", print)
    lock.rmdir()
    lock.write_bytes(b"rubbish" * 1000)
    with pytest.raises(models.WeightsError, match=f"{lock}: .*: delete that file, then try again"):
        models.pull("a", print)


def test_what_a_killed_pull_left_is_swept_by_the_next(home: Path) -> None:
    (home / "partial" / "a-killed" / "fetched").mkdir(parents=True)
    (home / "partial" / "a-killed" / "fetched" / "a.bin").write_bytes(A[:3])
    models.pull("a", print)
    assert [path.name for path in (home / "partial").iterdir()] == ["lock"]


def test_a_second_pull_waits_for_the_first_and_says_so(home: Path) -> None:
    said: list[str] = []
    waits = threading.Event()

    def say(line: str) -> None:
        said.append(line)
        waits.set()

    second = threading.Thread(target=models.pull, args=("a", say))
    with shelf.alone(print):
        second.start()
        assert waits.wait(10)
        assert not (home / "models").exists()
    second.join(10)
    assert said[0] == "another `omni models` is at work here: waiting until it is done"
    assert said[-1].startswith("a: is here")


def test_the_list_can_be_read_by_people_and_by_programs(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    models.pull("a", print)
    capsys.readouterr()
    assert omni_models("list") == 0
    lines = capsys.readouterr().out.splitlines()
    assert next(line for line in lines if line.startswith("a ")).split()[1] == "here"
    assert lines[-1] == f"They lie in {home}"
    assert omni_models("list", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["groups"]["pair"] == ["a", "b"]
    assert {row["name"]: row["state"] for row in told["models"]}["b"] == "absent"


def test_the_list_fits_a_screen_and_tells_of_conditions(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert omni_models("list") == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines[:-1])) <= 105
    assert next(line for line in lines if line.startswith("omnilmm-12b ")).endswith("General Model License …")
    assert next(line for line in lines if line.startswith("whisper-base ")).endswith("MIT")
    assert any("a pull tells them first" in line for line in lines)
    assert omni_models("list", "--json") == 0
    row = next(row for row in json.loads(capsys.readouterr().out)["models"] if row["name"] == "omnilmm-12b")
    assert "written leave" in row["licence"]


def test_the_conditions_of_a_licence_are_told_before_anything_is_fetched(home: Path) -> None:
    text = (home / "models.toml").read_text().replace('"MIT"', '"MIT, but only on Sundays"', 1)
    (home / "models.toml").write_text(text)
    said: list[str] = []
    models.pull("a", said.append)
    models.pull("b", said.append)
    assert said[0] == "a: its licence has conditions: MIT, but only on Sundays"
    assert said[1].endswith("licence MIT")
    assert not any("its licence has" in line for line in said[1:])


def test_what_was_compiled_is_listed_with_its_size_and_goes(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert omni_models("remove", "compiled") == 0
    assert capsys.readouterr().out == "compiled: was not here\n"
    (home / "compiled" / "tower").mkdir(parents=True)
    (home / "compiled" / "tower" / "000.onnx").write_bytes(bytes(2_500_000))
    models.pull("a", print)
    assert omni_models("list") == 0
    assert "Compiled vision towers take 2.5 MB: omni models remove compiled" in capsys.readouterr().out
    assert omni_models("remove", "compiled") == 0
    assert capsys.readouterr().out == "compiled: removed\n"
    assert not (home / "compiled").exists()
    assert state_of("a") == "here"


def test_the_command_s_words_load_nothing_heavy() -> None:
    look = (
        "import assistant.models, sys; print([name for name in ('pydantic', 'numpy', 'rich') if name in sys.modules])"
    )
    seen = subprocess.run([sys.executable, "-c", look], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert seen.stdout.strip() == "[]"
