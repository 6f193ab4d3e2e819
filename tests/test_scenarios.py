"""Scenarios: a mistake in one is named with its place, and one without runs through the whole pipeline."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

import numpy as np
import pytest

from assistant import config, evaluation, judging, scenarios, scenery
from assistant.cli import main
from assistant.config import ConfigError
from assistant.demo import EMBEDDED
from assistant.evaluation import MeasuredLoop
from assistant.places import configs
from assistant.scenarios import Show
from devices.lines import Latest
from devices.media import Frame
from pipelines import weights
from pipelines.clock import VirtualLoop
from tests.commands import one_line
from tests.fakes import FakeVoice
from tests.scenario_parts import CONFIG, OTHER, QUESTION

SHIPPED = Path(__file__).parent / "scenarios"
GOOD = 'about = "A test."\n[[expect]]\nafter = 1\nwithin = 2\nsilent = true\n'


def written(folder: Path, text: str) -> Path:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("path", sorted(SHIPPED.rglob("*.toml")), ids=lambda path: path.stem)
def test_every_shipped_scenario_can_be_read(path: Path) -> None:
    scenario = scenarios.read(path)
    assert scenario.end > 5
    assert all(expect.before <= scenario.end for expect in scenario.expect)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("about = ", "is not TOML"),
        ('about = "x"', "expect: field required"),
        ('about = "x"\nexpect = []', "expect: expect something"),
        (GOOD + "silnet = true", "expect.0.silnet: unknown key; did you mean silent?"),
        (GOOD.replace("within = 2", "within = -2"), "expect.0.within: input should be greater than 0, not -2"),
        (GOOD.replace("silent = true", ""), "expect.0: what is expected?"),
        (GOOD + 'says = ["a"]', "expect.0: silent goes with nothing else"),
        (GOOD + "[[show]]\nat = 0", "show.0: what is shown? give it draw, photo or picture"),
        (GOOD + '[[show]]\nat = 1\nphoto = "coffee"', "show: the first picture is shown at = 0"),
        (GOOD + '[[show]]\nat = 0\npicture = "no.png"', "show.0.picture: there is no picture"),
        (GOOD + '[[show]]\nat = 0\ndraw = { background = "murky" }', "show.0.draw: 'murky' is no colour"),
        (
            GOOD + '[[show]]\nat = 0\ndraw = { shapes = [{ kind = "photo" }] }',
            'show.0.draw.shapes.0: kind = "photo" and photo = "astronaut" go with each other',
        ),
        (GOOD + "[[say]]\nat = 1", "say.0: either text or sound"),
        (GOOD + '[[say]]\nat = 1\nsound = "no.wav"', "say.0.sound: there is no sound file"),
        ("seconds = 5\n" + GOOD + '[[ask]]\nat = 7\ntext = "x"', "ask.0.at: is at 7 s, after the end at 5 s"),
        ("seconds = 2\n" + GOOD, "expect.0: waits until 3 s, after the end at 2 s"),
        (GOOD.replace("after = 1\n", "after = 3599\n"), "expect.0: waits until 3601 s, after the end at 3600 s"),
        (GOOD + f'[[show]]\nat = 0\npicture = "{"a" * 5000}.png"', "show.0.picture: there is no picture …aaa"),
    ],
)
def test_a_mistake_is_named_with_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, named: str
) -> None:
    assert f"mine.toml: {named}" in one_line(capsys, main(["eval", str(written(tmp_path, text))]))


def test_a_photo_that_scikit_image_does_not_carry(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("skimage", reason="the demo extra is not installed")
    path = written(tmp_path, GOOD + '[[show]]\nat = 0\nphoto = "unicorn"')
    (tmp_path / "desk.toml").write_text(CONFIG)
    assert "no photo 'unicorn'" in one_line(capsys, main(["eval", str(path), "--config", str(tmp_path / "desk.toml")]))


def test_a_configuration_without_what_the_scenario_needs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mute.toml").write_text('[chat]\nbackend = "grounded"\n')
    path = written(tmp_path, GOOD + '[[say]]\nat = 1\ntext = "hello"')
    line = one_line(capsys, main(["eval", str(path), "--config", str(tmp_path / "mute.toml")]))
    assert "mute.toml has no [microphone], which this scenario needs" in line


async def test_the_camera_shows_each_picture_from_its_second_on() -> None:
    pictures = [(at, np.full((16, 16, 3), shade, np.uint8)) for at, shade in ((0.0, 10), (1.0, 20), (1.5, 30))]
    frames: Latest[Frame] = Latest(100, "frames")
    began = asyncio.get_running_loop().time()
    await scenery.ScriptedCamera("desk", pictures, 2.0).run(frames)
    frames.close()
    seen = [(round(frame.captured_at - began, 3), int(frame.pixels[0, 0, 0])) async for frame in frames]
    assert len(seen) == 20
    assert [(at, shade) for at, shade in seen if at in (0.0, 0.9, 1.0, 1.4, 1.5, 1.9)] == [
        (0.0, 10), (0.9, 10), (1.0, 20), (1.4, 20), (1.5, 30), (1.9, 30),
    ]  # fmt: skip


def test_speech_stands_at_its_seconds(tmp_path: Path) -> None:
    import soundfile

    said = scenarios.Say(at=1.0, text="ten chars!"), scenarios.Say(at=2.5, text="hm")
    scenery.write_speech(tmp_path / "speech.wav", said, FakeVoice, 4.0)
    sound, rate = soundfile.read(tmp_path / "speech.wav")
    assert len(sound) == 4 * rate
    assert 0 < np.abs(sound[: rate - 100]).max() < 0.01, "a hiss, and no digital silence"
    loud = np.abs(sound) > 0.3
    for at, is_loud in ((0.9, False), (1.1, True), (1.9, True), (2.2, False), (2.6, True), (2.9, False)):
        assert loud[round(at * rate)] == is_loud, at


def test_a_sound_file_of_any_length_is_heard_to_the_end_of_the_scenario_only(tmp_path: Path) -> None:
    import soundfile

    soundfile.write(tmp_path / "long.wav", np.full(1000, 0.4), 16_000)
    with (tmp_path / "long.wav").open("r+b") as file:  # two gigabytes that take no room on the disk
        file.truncate(2_000_000_044)
        for at, size in ((4, 2_000_000_036), (40, 2_000_000_000)):
            file.seek(at)
            file.write(size.to_bytes(4, "little"))
    began = time.process_time()
    said = scenarios.Say(at=1.0, sound=tmp_path / "long.wav")
    scenery.write_speech(tmp_path / "speech.wav", [said], FakeVoice, 3.0)
    assert time.process_time() - began < 1.0
    sound, rate = soundfile.read(tmp_path / "speech.wav")
    assert len(sound) == 3 * rate


def test_shapes_and_cards_are_drawn_where_they_belong() -> None:
    drawing = scenarios.Drawing(
        background="#000000",
        text=("EXIT",),
        card="#00ff00",
        shapes=(scenarios.Shape(kind="circle", colour="red", at=(0.1, 0.1), size=0.1),),
    )
    pixels = scenery.picture(Show(at=0, draw=drawing))
    height, width, _ = pixels.shape
    assert tuple(pixels[height // 10, width // 10]) == (255, 0, 0)
    assert tuple(pixels[-5, -5]) == (0, 0, 0)
    assert tuple(pixels[height * 7 // 10, width // 2]) == (0, 255, 0)
    assert (pixels == 255).all(axis=2).sum() > 500, "the letters are white"


def test_work_takes_as_long_on_the_clock_as_it_really_took_and_waiting_no_time_at_all() -> None:
    async def session() -> float:
        loop = asyncio.get_running_loop()
        began = loop.time()
        await loop.run_in_executor(None, time.sleep, 0.05)
        worked = loop.time() - began
        await asyncio.sleep(1000)
        return worked

    began = time.perf_counter()
    with asyncio.Runner(loop_factory=MeasuredLoop) as runner:
        worked = runner.run(session())
    assert 0.05 <= worked < 0.5
    assert time.perf_counter() - began < 5


def test_what_other_programs_took_is_not_charged(monkeypatch: pytest.MonkeyPatch) -> None:
    waited = iter((1.0, 1.04))
    monkeypatch.setattr(evaluation, "_waited", lambda: next(waited))

    async def session() -> float:
        began = asyncio.get_running_loop().time()
        await asyncio.get_running_loop().run_in_executor(None, time.sleep, 0.05)
        return asyncio.get_running_loop().time() - began

    with asyncio.Runner(loop_factory=MeasuredLoop) as runner:
        worked, loop = runner.run(session()), runner.get_loop()
    assert 0.009 < worked < 0.3
    assert isinstance(loop, MeasuredLoop)
    assert loop.waited == pytest.approx(0.04)


TALK = """
about = "A colour is asked for, the answer is interrupted, and after a change asked for once more."

[[show]]
at = 0
draw = {{ background = "#c00000" }}

[[say]]
at = 2
sound = "question.wav"

[[say]]
at = 5
sound = "other.wav"

[[show]]
at = 8
draw = {{ background = "#0000c0" }}

[[ask]]
at = 12
text = "tell me the colour"

[[expect]]
after = 2.8
within = 1.5
says = ["red"]
never = ["colour"]
interrupted = true

[[expect]]
after = 5.5
within = 3
says = ["{name}"]

[[expect]]
after = 12
within = 1
says = ["blue"]
interrupted = false
"""


@pytest.fixture
def talk(tmp_path: Path) -> Path:
    """A scenario with its two sounds, and its configuration of scripted models."""
    import soundfile

    for name, loudness in (("question", QUESTION), ("other", OTHER)):
        soundfile.write(tmp_path / f"{name}.wav", np.full(12_800, loudness), 16_000)
    (tmp_path / "desk.toml").write_text(CONFIG, encoding="utf-8")
    return tmp_path


def test_a_scenario_runs_through_the_whole_pipeline(talk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(talk, TALK.format(name="omni"))
    arguments = ["eval", str(path), "--config", str(talk / "desk.toml"), "--out", str(talk / "out")]
    status = main(arguments)
    told = capsys.readouterr()
    assert status == 0, told
    assert told.out.splitlines()[-1] == "3 of 3 expectations met in 1 scenario"
    assert {one.name for one in (talk / "out" / "mine").iterdir()} == {
        "contact_sheet.png", "events.jsonl", "microphone.wav", "speaker.wav",
    }  # fmt: skip
    assert (talk / "out" / "mine").stat().st_mode & 0o77 == 0, "what was heard is nobody else's business"
    assert main(["trace", str(talk / "out" / "mine")]) == 0
    assert "tell me the colour" in capsys.readouterr().out


def test_an_expectation_that_is_not_met_is_told_and_is_status_1(talk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(talk, TALK.format(name="somebody else"))
    assert main(["eval", str(path), "--config", str(talk / "desk.toml"), "--json"]) == 1
    verdicts = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["passed"] for one in verdicts] == [True, False, True]
    assert verdicts[1]["found"] == '"I am Omni."'
    assert verdicts[1]["scenario"] == "mine"


def test_nothing_in_a_scenario_is_obeyed_by_the_terminal(talk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(talk, TALK.format(name="\\u001b]0;pwned\\u0007")).rename(talk / "\x1b[31mred.toml")
    assert main(["eval", str(path), "--config", str(talk / "desk.toml")]) == 1
    told = capsys.readouterr()
    assert "[31mred" in told.out
    assert "\x1b" not in told.out + told.err


def test_a_scenario_leaves_the_diary_alone_and_needs_no_call(talk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine = talk / "desk.toml"
    more = f'[memory]\npersist = true\ndiary = "{(talk / "diary.db").as_posix()}"\n[attention]\nmode = "push"\n'
    mine.write_text(CONFIG + more, encoding="utf-8")
    assert main(["eval", str(written(talk, TALK.format(name="omni"))), "--config", str(mine)]) == 0, capsys.readouterr()
    assert not (talk / "diary.db").exists()


@pytest.mark.parametrize("name", ["hold-something-up", "remember-what-was-heard"])
def test_a_shipped_scenario_is_met_by_what_the_packages_carry(name: str) -> None:
    for package in ("pocketsphinx", "espeakng_loader", "rapidocr", "skimage"):
        pytest.importorskip(package, reason="the embedded and demo extras are not installed")
    if not weights.is_here("people"):
        pytest.skip("the embedded captioner's weights are not pulled: omni models pull people")
    sections = config.tables(configs() / "desktop.toml")
    sections |= {kind: {"backend": backend} for kind, backend in EMBEDDED.items()}
    scenario = scenarios.read(SHIPPED / f"{name}.toml")
    # On a clock on which work takes no time: whether it is met must not depend on what else this machine does.
    session = evaluation.evaluate(scenario, config.parse(sections, "embedded"), loop=VirtualLoop)
    verdicts = judging.judge(scenario, session.events, session.heard)
    assert all(one.passed for one in verdicts), verdicts


@pytest.mark.parametrize("name", ["again-and-less", "lens-covered", "somebody-comes-and-goes"])
def test_a_shipped_scenario_of_narration_is_met_by_what_the_packages_carry(name: str) -> None:
    for package in ("pocketsphinx", "espeakng_loader", "rapidocr", "skimage"):
        pytest.importorskip(package, reason="the embedded and demo extras are not installed")
    if not weights.is_here("people"):
        pytest.skip("the embedded spotter's weights are not pulled: omni models pull people")
    sections = config.tables(configs() / "narration.toml")
    sections |= {kind: {"backend": backend} for kind, backend in EMBEDDED.items()}
    scenario = scenarios.read(SHIPPED / "narration" / f"{name}.toml")
    session = evaluation.evaluate(scenario, config.parse(sections, "embedded"), loop=VirtualLoop)
    verdicts = judging.judge(scenario, session.events, session.heard)
    assert all(one.passed for one in verdicts), verdicts


def test_somebody_is_pasted_into_a_picture() -> None:
    pytest.importorskip("skimage", reason="the demo extra is not installed")
    somebody = scenarios.Shape(kind="photo", photo="astronaut", at=(0.25, 0.5), size=0.5)
    empty = scenery.picture(Show(at=0, draw=scenarios.Drawing()))
    drawn = scenery.picture(Show(at=0, draw=scenarios.Drawing(shapes=(somebody,))))
    changed = (empty != drawn).any(axis=2)
    assert changed[120:360, 40:280].mean() > 0.99
    assert not changed[:, 300:].any()
    assert not changed[:110].any()


def test_a_folder_without_scenarios(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no scenario in this folder"):
        scenarios.files([str(tmp_path)])
