"""`backend = "auto"`: the best that is pulled, fits and loads, told with the reason; with nothing pulled, as before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assistant import app, check, config, manifest
from assistant.feed import Feed
from assistant.parts import backend_options
from devices.media import SPEECH_RATE
from pipelines import backends, choosing, room
from pipelines.backends import BackendError, Kind, Loaded, Looker
from pipelines.captioners.auto import Auto as Captioning
from pipelines.phrases import CHINESE, ENGLISH
from pipelines.types import Caption, Notice, Started
from tests.shelves import LoadedWatcher, lay, use

GIGABYTE = 10**9


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A weights' home with nothing in it, on a machine with 8 GB free and no GPU."""
    monkeypatch.setenv("OMNI_HOME", str(tmp_path))
    monkeypatch.setattr(room, "free", lambda: 8 * GIGABYTE)
    monkeypatch.setattr(choosing, "gpu_plausible", lambda: False)
    return tmp_path


def chosen(kind: Kind, **options: Any) -> Loaded:
    return backends.loaded(backends.find(kind, "auto")(**options), kind)


EMBEDDED: list[tuple[Kind, str]] = [
    ("captioner", "embedded"),
    ("transcriber", "pocketsphinx"),
    ("chat", "embedded"),
    ("voice", "espeak"),
]


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(("kind", "name"), EMBEDDED)
def test_with_nothing_pulled_all_is_as_with_the_embedded_one(kind: Kind, name: str) -> None:
    if lacking := backends.missing(backends.find(kind, name)):
        pytest.skip(lacking)
    alone = backends.loaded(backends.find(kind, name)(), kind)
    found = chosen(kind)
    assert type(found.backend) is type(alone.backend)
    assert (found.name, found.notice) == (alone.name, alone.notice)


def test_the_highest_rank_is_taken_and_is_the_real_thing(home: Path) -> None:
    for name, rank in (("small", 1), ("large", 3), ("middle", 2)):
        lay(home, name, use("captioner", "Watcher", rank))
    found = chosen("captioner")
    assert isinstance(found.backend, Looker)
    assert found.name == "large"
    assert found.notice == "captioner: large, the best of what is pulled and fits (it needs 0.0 GB)."


def test_what_does_not_fit_is_passed_over_and_the_figures_are_told(home: Path) -> None:
    lay(home, "huge", use("captioner", "Watcher", 9), memory=5 * GIGABYTE)
    lay(home, "small", use("captioner", "Watcher", 1), memory=GIGABYTE)
    found = chosen("captioner")
    assert found.name == "small"
    assert "passed over: huge needs 5.0 GB, 3.9 GB are its share" in found.notice


def test_one_set_of_weights_may_serve_two_kinds(home: Path) -> None:
    lay(home, "both", use("captioner", "Watcher"), use("chat", "Talker"))
    assert chosen("captioner").name == chosen("chat").name == "both"
    assert isinstance(chosen("captioner").backend, LoadedWatcher)


@pytest.mark.parametrize("culprit", ["Broken", "TooLarge", "Surprising", "Uninstalled", "NoSuchClass"])
def test_what_cannot_be_loaded_gives_way_to_the_next(home: Path, culprit: str) -> None:
    lay(home, "bad", use("captioner", culprit, 9))
    lay(home, "good", use("captioner", "Watcher", 1))
    found = chosen("captioner")
    assert found.name == "good"
    assert "passed over: bad" in found.notice
    assert "\n" not in found.notice


def test_when_nothing_pulled_can_be_used_the_embedded_one_says_so(home: Path) -> None:
    lay(home, "bad", use("voice", "Broken"))
    pytest.importorskip("espeakng_loader", reason="the embedded extra is not installed")
    found = chosen("voice")
    assert found.name == "espeak"
    assert found.notice.startswith(
        "voice: espeak, for nothing better can be used; passed over: bad cannot be loaded: the weights are damaged. "
    )


def test_when_not_even_that_can_be_used_all_reasons_are_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lay(home, "bad", use("voice", "Broken"))
    monkeypatch.setattr("pipelines.voices.espeak.Espeak.needs", ("no_such_package",))
    with pytest.raises(BackendError, match=r"no_such_package: pip install .*; bad cannot be loaded: the weights are"):
        chosen("voice")


def test_a_gpu_decides_with_ranks_and_memory_of_its_own(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lay(home, "large", use("captioner", "Watcher", 0, gpu=9), memory=20 * GIGABYTE)
    lay(home, "small", use("captioner", "Watcher", 5, gpu=1))
    found = chosen("captioner")
    assert found.name == "small"
    assert "passed over: large is too slow without a GPU" in found.notice
    monkeypatch.setattr(choosing, "gpu_plausible", lambda: True)
    monkeypatch.setattr(choosing, "gpu_free", lambda: 80 * GIGABYTE)
    assert chosen("captioner").name == "large"


def test_what_a_person_prefers_goes_before_all_ranks_but_must_fit(home: Path) -> None:
    lay(home, "best", use("captioner", "Watcher", 9))
    lay(home, "mine", use("captioner", "Watcher", 0))
    lay(home, "huge", use("captioner", "Watcher", 1), memory=90 * GIGABYTE)
    assert chosen("captioner", prefer="mine").name == "mine"
    assert chosen("captioner", prefer="huge").name == "best"


def test_a_voice_must_speak_the_language(home: Path) -> None:
    lay(home, "english", use("voice", "Singer", 9, language="en"))
    lay(home, "chinese", use("voice", "Singer", 1, language="zh"))
    assert chosen("voice").name == "english"
    assert chosen("voice", language="zh").name == "chinese"


def test_a_transcriber_is_told_the_language(home: Path) -> None:
    lay(home, "ears", use("transcriber", "Listener"))
    second = np.zeros(SPEECH_RATE, np.float32)
    assert chosen("transcriber", language="zh").backend.transcribe(second).text == "zh"
    assert chosen("transcriber").backend.transcribe(second).text == ""


def test_a_captioner_is_asked_in_the_words_of_its_section(home: Path) -> None:
    lay(home, "eyes", use("captioner", "Watcher"))
    assert chosen("captioner", prompt="看到什么？").backend.options.prompt == "看到什么？"
    assert chosen("captioner").backend.options.prompt == "a caption"


def test_a_model_that_cannot_be_asked_is_not_asked() -> None:
    known = manifest.read().models
    florence, smolvlm = known["florence-2-base"].use[0], known["smolvlm-256m"].use[0]
    asking = Captioning(prompt="What is on the table?")
    assert asking.passed_on(smolvlm) == {"prompt": "What is on the table?"}
    assert asking.passed_on(florence) == {}


def test_a_captioner_that_knows_chinese_is_asked_in_the_language_of_the_conversation(home: Path) -> None:
    lay(home, "eyes", use("captioner", "Bilingual"))
    asked = []
    for language in ("zh", "en", "auto"):
        sections = {
            "camera": [{"source": 0}],
            "captioner": {"backend": "auto"},
            "conversation": {"language": language},
        }
        options = backend_options(config.parse(sections, "test"))
        asked.append(backends.load(options["captioner"], "captioner").options.prompt)
    assert asked == [CHINESE.caption, ENGLISH.caption, ENGLISH.caption]


def test_the_language_of_a_conversation_chooses_its_voice(home: Path) -> None:
    lay(home, "english", use("voice", "Singer", 9, language="en"))
    lay(home, "chinese", use("voice", "Singer", 1, language="zh"))
    sections = {
        "chat": {"backend": "grounded"},
        "speaker": {"sink": "none"},
        "voice": {"backend": "auto"},
        "conversation": {"language": "zh"},
    }
    options = backend_options(config.parse(sections, "test"))
    assert backends.loaded(options["voice"], "voice").name == "chinese"


def test_what_is_preferred_and_not_here_is_told(home: Path) -> None:
    lay(home, "eyes", use("captioner", "Watcher"))
    assert "mine is not here as a captioner: omni models pull mine" in chosen("captioner", prefer="mine").notice


def test_why_the_options_of_a_record_do_not_fit_is_told(home: Path) -> None:
    lay(home, "old", use("captioner", "Watcher", options={"prompt": 7}))
    notice = chosen("captioner").notice
    assert "passed over: old cannot be used as a captioner: prompt: input should be a valid string, not 7." in notice


def test_folders_without_a_readable_record_are_no_candidates(home: Path) -> None:
    (home / "models" / "by-hand").mkdir(parents=True)
    (lay(home, "odd", use("captioner", "Watcher")) / "manifest.json").write_text("{")
    lay(home, "older")
    assert chosen("chat").name == "embedded"


def test_check_tells_what_would_be_taken_now(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text('[[camera]]\nname="desk"\nsource=0\n[captioner]\nbackend="auto"\n', encoding="utf-8")
    lay(home, "eyes", use("captioner", "Watcher"))
    assert check.run([str(mine)]) == 0
    assert "captioner auto (now eyes)" in capsys.readouterr().out


def test_check_names_what_is_missing_where_nothing_would_load(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text('[chat]\nbackend="grounded"\n[speaker]\nsink="none"\n[voice]\nbackend="auto"\n', encoding="utf-8")
    monkeypatch.setattr("pipelines.voices.espeak.Espeak.needs", ("no_such_package",))
    assert check.run([str(mine)]) == 2
    assert "voice needs no_such_package: pip install" in capsys.readouterr().err


async def test_a_session_begins_with_what_was_chosen_and_why(home: Path, tmp_path: Path) -> None:
    from PIL import Image

    lay(home, "eyes", use("captioner", "Watcher"))
    (tmp_path / "photos").mkdir()
    Image.new("RGB", (64, 48), "red").save(tmp_path / "photos" / "1.png")
    sections = {
        "camera": [{"name": "desk", "source": str(tmp_path / "photos"), "hold": 2.0}],
        "captioner": {"backend": "auto"},
    }
    feed = Feed()
    line = feed.subscribe(1000)
    await app.run(config.parse(sections, "test"), feed)
    feed.close()
    events = [event async for event in line]
    assert next(event.parts for event in events if isinstance(event, Started))["captioner"] == "eyes"
    assert any("captioner: eyes, the best" in event.text for event in events if isinstance(event, Notice))
    assert any("eyes of 255" in event.text for event in events if isinstance(event, Caption))
