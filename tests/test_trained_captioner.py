"""A small captioner that was really trained sees what is before the camera, through every part of the whole path.

Weights of chance say chance things whether or not a channel is swapped; these would say what is wrong.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assistant import app, config
from assistant.feed import Feed
from assistant.parts import Outside
from devices import stills
from devices.lines import Latest
from devices.media import Frame
from pipelines import backends
from pipelines.backends import Look
from pipelines.captioners.omnivision import OmniVision
from pipelines.captioners.split import SplitVlm
from pipelines.types import Caption, Event, Reply, Trouble

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from pipelines.vision.connectors import StripMlp  # noqa: E402
from tests.tools.scenes import QUESTIONS, Scene, answers, draw, every_scene, held_out  # noqa: E402
from tests.tools.train_captioner import GRID, PROMPT, STRIP, trained  # noqa: E402

UNSEEN = [scene for scene in every_scene() if held_out(scene)]
"""In an order in which neighbours differ in count and place."""
HOLD = 3.0
"""Seconds that each picture is shown."""


@pytest.fixture(scope="session")
def checkpoint(request: pytest.FixtureRequest) -> Path:
    return trained(Path(request.config.cache.mkdir("omni")))


def options(checkpoint: Path) -> dict[str, Any]:
    return {"weights": str(checkpoint), "threads": 1, "device": "cpu", "max_tokens": 24}


def shelf(folder: Path, scenes: Sequence[Scene]) -> Path:
    """The scenes as files, with a hand that the training did not see."""
    chance = np.random.default_rng(2024)
    for number, scene in enumerate(scenes):
        draw(scene, chance).resize((320, 320)).save(folder / f"{number}.png")
    return folder


async def session(camera: dict[str, Any], checkpoint: Path, asked_at: Sequence[float]) -> list[Event]:
    """Everything that is told while the camera runs and "what do you see" is asked at these times."""
    sections = {
        "camera": [{"name": "desk"} | camera],
        "captioner": {"backend": "omnivision"} | options(checkpoint),
        "chat": {"backend": "grounded"},
    }

    async def asks() -> AsyncIterator[str]:
        start = asyncio.get_running_loop().time()
        for moment in asked_at:
            await asyncio.sleep(start + moment - asyncio.get_running_loop().time())
            yield "what do you see"

    feed = Feed()
    line: Latest[Event] = feed.subscribe(10_000)
    await app.run(config.parse(sections, "test"), feed, Outside(asks))
    feed.close()
    return [event async for event in line]


async def score(folder: Path, checkpoint: Path, scenes: Sequence[Scene]) -> float:
    """The share of the scenes of which the assistant says exactly what they are, when it is asked."""
    moments = [HOLD * (number + 0.8) for number in range(len(scenes))]
    camera = {"source": str(shelf(folder, scenes)), "hold": HOLD}
    told = await session(camera, checkpoint, moments)
    assert not [event for event in told if isinstance(event, Trouble)]
    replies = [event.text for event in told if isinstance(event, Reply)]
    assert len(replies) == len(scenes)
    return sum(scene.words in reply for scene, reply in zip(scenes, replies, strict=True)) / len(scenes)


async def test_unseen_scenes_are_told_rightly_from_the_file_to_the_answer(checkpoint: Path, tmp_path: Path) -> None:
    assert await score(tmp_path, checkpoint, UNSEEN) >= 0.9


async def test_a_film_is_told_cut_by_cut(checkpoint: Path, tmp_path: Path) -> None:
    import cv2

    scenes, chance = UNSEEN[::2], np.random.default_rng(7)
    writer = cv2.VideoWriter(str(tmp_path / "film.mp4"), cv2.VideoWriter.fourcc(*"mp4v"), 10, (288, 288))
    for scene in scenes:
        picture = np.asarray(draw(scene, chance).resize((288, 288)))
        for _ in range(15):
            writer.write(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    writer.release()
    told = await session({"source": str(tmp_path / "film.mp4"), "fast": True}, checkpoint, ())
    captions = [event.text for event in told if isinstance(event, Caption)]
    assert len(captions) == len(scenes)
    assert sum(scene.words == said for scene, said in zip(scenes, captions, strict=True)) >= 0.9 * len(scenes)


def test_questions_about_a_picture_are_answered_one_after_another(checkpoint: Path) -> None:
    model: SplitVlm = backends.load(OmniVision(**options(checkpoint)), "captioner")
    chance, right = np.random.default_rng(5), 0
    for scene in UNSEEN[::3]:
        frame = Frame(np.asarray(draw(scene, chance)), 0.0, "desk")
        right += sum(
            "".join(model.look(Look(frame, question))) == answer
            for question, answer in zip(QUESTIONS, answers(scene), strict=True)
        )
    assert right >= 0.9 * len(QUESTIONS) * len(UNSEEN[::3])


async def test_it_is_found_out_when_red_and_blue_are_swapped(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = stills.load_still
    monkeypatch.setattr(stills, "load_still", lambda *given: np.ascontiguousarray(load(*given)[..., ::-1]))
    assert await score(tmp_path, checkpoint, UNSEEN[::2]) < 0.75


async def test_it_is_found_out_when_patches_are_joined_as_squares(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = StripMlp.forward

    def in_squares(self: StripMlp, features: Any) -> Any:
        count, _, width = features.shape
        blocks = features.reshape(count, GRID // 3, 3, GRID // 3, 3, width).transpose(2, 3)
        return project(self, blocks.reshape(count, GRID * GRID, width))

    monkeypatch.setattr(StripMlp, "forward", in_squares)
    assert await score(tmp_path, checkpoint, UNSEEN[::2]) < 0.75


async def test_it_is_found_out_when_a_mask_hides_the_picture(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipelines.language.causal import Causal

    made = Causal.__init__

    def masked(self: Causal, model: Any, tokenizer: Any, threads: int) -> None:
        first = len(tokenizer.encode(PROMPT[0]))

        def hide(module: Any, given: Any, named: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
            read = named["input_ids"] if "input_ids" in named else named["inputs_embeds"]
            mask = torch.ones((1, named["past_key_values"].get_seq_length() + read.shape[1]), dtype=torch.long)
            mask[:, first : first + GRID * GRID // STRIP] = 0  # as if the picture's tokens were padding
            return given, named | {"attention_mask": mask}

        model.register_forward_pre_hook(hide, with_kwargs=True)
        made(self, model, tokenizer, threads)

    monkeypatch.setattr(Causal, "__init__", masked)
    assert await score(tmp_path, checkpoint, UNSEEN[::2]) < 0.75
