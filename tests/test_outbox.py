"""What waits for the broker outlives the session that was killed, in order, within its bound, for its owner alone."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from assistant.mqtt.options import MqttOptions
from assistant.mqtt.outbox import Entry, Outbox, place
from pipelines.backends import BackendError


def told(word: str, change: str = "new", private: bool = True) -> Entry:
    return Entry("omni/home/door/event", f'{{"caption":"{word}","labels":["cup"]}}'.encode(), change, private=private)


def emptied(box: Outbox) -> list[str]:
    """The words of all that waits, taken out one by one."""
    words, entry = [], box.next()
    while entry is not None:
        words.append(entry.payload.decode().split('"')[3])
        entry = box.next(entry.number)
    return words


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "outbox.db"


def test_the_next_session_goes_on_where_a_killed_one_was(file: Path) -> None:
    box = Outbox(file, 10)
    for word in ("one", "two", "three"):
        box.put(told(word), 0.0)
    first = box.next()
    assert first is not None
    box.next(first.number)
    box._rows.close()  # killed
    again = Outbox(file, 10)
    assert len(again) == 2
    assert emptied(again) == ["two", "three"]
    assert len(again) == 0


def test_an_entry_stays_until_the_broker_has_it(file: Path) -> None:
    box = Outbox(file, 10)
    box.put(told("one"), 0.0)
    assert box.next() == box.next()
    assert len(box) == 1


def test_beyond_the_bound_the_oldest_updates_go_first_and_are_counted(file: Path) -> None:
    box = Outbox(file, 4)
    for number, change in enumerate(("new", "update", "update", "end", "new", "update", "new", "new")):
        box.put(told(str(number), change), 0.0)
    assert emptied(box) == ["3", "4", "6", "7"]
    assert box.lost == 4


def test_what_may_be_at_the_broker_already_does_not_make_room(file: Path) -> None:
    box = Outbox(file, 2)
    box.put(told("0", "update"), 0.0)
    box.next()
    for number in (1, 2, 3):
        box.put(told(str(number), "update"), 0.0)
    assert emptied(box) == ["0", "3"]


def test_a_bound_of_one_keeps_the_newest(file: Path) -> None:
    box = Outbox(file, 1)
    box.put(told("0"), 0.0)
    box.next()
    box.put(told("1"), 0.0)
    assert emptied(box) == ["1"]
    assert box.lost == 1


def test_what_waited_too_long_is_given_up_and_counted(file: Path) -> None:
    box = Outbox(file, 10)
    box.put(told("old"), 100.0)
    box.put(told("young"), 200.0)
    box.forget(150.0)
    assert emptied(box) == ["young"]
    assert box.lost == 1


def test_covered_cameras_leave_no_words_of_what_they_saw(file: Path) -> None:
    box = Outbox(file, 10)
    for word, change, private in (
        ("a", "new", True),
        ("b", "update", True),
        ("c", "end", True),
        ("lost", "new", False),
    ):
        box.put(told(word, change, private), 0.0)
    box.withdraw()
    left = [box.next()]
    left.append(box.next(left[0].number if left[0] else 0))
    assert [entry.payload for entry in left if entry] == [
        b'{"caption":"","labels":[]}',
        b'{"caption":"lost","labels":["cup"]}',
    ]
    assert box.lost == 0
    assert not any(word in path.read_bytes() for path in file.parent.iterdir() for word in (b':"a"', b':"b"', b':"c"'))
    box.close()


def test_what_motion_alone_found_keeps_its_title_and_loses_all_else(file: Path) -> None:
    box = Outbox(file, 10)
    for source in ("motion", "model"):
        text = f'{{"source":"{source}","title":"Motion","caption":"words","people":2,"keyframe":3,"labels":["cup"]}}'
        box.put(Entry("t", text.encode(), "end", private=True), 0.0)
    box.withdraw()
    first = box.next()
    second = box.next(first.number if first else 0)
    left = '"caption":"","people":null,"keyframe":null,"labels":[]}'
    assert [entry.payload.decode() for entry in (first, second) if entry] == [
        f'{{"source":"motion","title":"Motion",{left}',
        f'{{"source":"model","title":"",{left}',
    ]


def event(name: str, change: str, **more: object) -> Entry:
    payload = {"type": "camera_event", "id": name, "kind": "person_left", "event_type": "person_left"} | more
    return Entry("t", json.dumps(payload).encode(), change, private=True, event=name)


def test_covered_cameras_leave_nothing_of_what_a_picture_told(file: Path) -> None:
    box = Outbox(file, 10)
    box.put(event("walk", "end", people=2, keyframe=7, confidence=0.5, described_at="then", labels=["cup"]), 0.0)
    box.withdraw()
    entry = box.next()
    left = json.loads(entry.payload) if entry else {}
    assert (left.pop("type"), left.pop("id"), left.pop("labels")) == ("camera_event", "walk", [])
    assert {left.pop("kind"), left.pop("event_type")} == {"motion"}
    assert set(left.values()) == {None}


def test_what_nobody_heard_of_does_not_end(file: Path) -> None:
    box = Outbox(file, 10)
    box.put(event("told", "new"), 0.0)
    first = box.next()
    box.next(first.number if first else 0)
    for name, change in (("told", "end"), ("walk", "new"), ("walk", "update"), ("walk", "end"), ("run", "new")):
        box.put(event(name, change), 0.0)
    box.withdraw()
    box.put(event("run", "end"), 0.0)
    assert len(box) == 1
    entry = box.next()
    assert entry is not None
    assert json.loads(entry.payload)["id"] == "told"


def test_what_was_heard_of_later_ends(file: Path) -> None:
    box = Outbox(file, 10)
    box.hush("walk")
    box.put(event("walk", "update"), 0.0)
    box.put(event("walk", "end"), 0.0)
    assert len(box) == 2


def test_what_is_given_up_is_in_none_of_the_files(file: Path) -> None:
    box = Outbox(file, 10)
    box.put(told("letter"), 100.0)
    assert any(b"letter" in path.read_bytes() for path in file.parent.iterdir())
    box.forget(200.0)
    assert not any(b"letter" in path.read_bytes() for path in file.parent.iterdir())


def test_the_file_is_its_owners_alone(file: Path) -> None:
    box = Outbox(file, 10)
    box.put(told("one"), 0.0)
    assert {path.stat().st_mode & 0o777 for path in file.parent.iterdir()} == {0o600}


def test_two_sessions_do_not_share_one(file: Path) -> None:
    box = Outbox(file, 10)
    with pytest.raises(BackendError, match=r"another session has the same mqtt\.node"):
        Outbox(file, 10)
    box.close()
    Outbox(file, 10).close()


def test_a_file_of_somebody_else_stays_as_it_is(tmp_path: Path) -> None:
    text, other = tmp_path / "text", tmp_path / "other.db"
    text.write_text("no database at all, but long enough to be looked at\n" * 30)
    with sqlite3.connect(other) as rows:
        rows.execute("CREATE TABLE mine (x)")
    rows.close()
    before = text.read_bytes(), other.read_bytes()
    for path in (text, other):
        with pytest.raises(BackendError, match="is no outbox of this program") as failed:
            Outbox(path, 10)
        assert "\n" not in str(failed.value)
    assert (text.read_bytes(), other.read_bytes()) == before


def test_a_folder_that_cannot_be_written_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BackendError, match="cannot be opened: ") as failed:
        Outbox(tmp_path / "file" / "outbox.db", 10)
    assert "\n" not in str(failed.value)


def test_a_file_that_fails_meanwhile_is_left_to_the_next_session_and_the_memory_goes_on(file: Path) -> None:
    box = Outbox(file, 10)
    box.put(told("one"), 0.0)
    box._rows.execute("PRAGMA query_only = ON")  # as a disk that is full
    box.put(told("two"), 0.0)
    assert "cannot be written" in box.trouble
    assert emptied(box) == ["two"]
    box.close()
    assert emptied(Outbox(file, 10)) == ["one"]


def test_each_node_has_a_file_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OMNI_HOME", str(tmp_path))
    one, two = (place(MqttOptions(host="broker", base="a/b", node=node)) for node in ("door", "garden"))
    assert one.parent == two.parent == tmp_path
    assert one != two
    named = MqttOptions.model_validate({"host": "broker", "outbox": {"file": "~/box.db"}})
    assert place(named) == Path("~/box.db").expanduser()


def test_what_was_stored_outlives_a_process_that_is_killed(file: Path) -> None:
    script = (
        "import os, signal, sys; from pathlib import Path; from assistant.mqtt.outbox import Entry, Outbox\n"
        "box = Outbox(Path(sys.argv[1]), 100)\n"
        "for number in range(50): box.put(Entry('t', b'{\"caption\":\"%d\"}' % number), 0.0)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run([sys.executable, "-c", script, str(file)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert emptied(Outbox(file, 100)) == [str(number) for number in range(50)]
