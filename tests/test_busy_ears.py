"""A model at full speed takes nothing away from the microphone: sound is read in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from devices.lines import Lossless
from devices.media import AudioChunk, Frame
from devices.microphone import MicrophoneOptions, open_microphone
from pipelines.backends import Look
from pipelines.language.loading import cores_for_models
from tests import pulse, tiny

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

SECONDS = 3.0


def model() -> Any:
    """A vision-language model that keeps its cores busy: thin as those of other tests, but six times as wide."""
    from pipelines.captioners.split import PICTURE, Prompting, SplitVlm, VisionOptions
    from pipelines.language.causal import Causal
    from pipelines.vision.connectors import StripMlp, connected
    from pipelines.vision.engines import Steps, TorchVision, values
    from pipelines.vision.pictures import normalised, square
    from pipelines.vision.vit import Vit, VitShape

    vision = TorchVision(Vit(VitShape(384, 1536, 4, 6, 224, 14)).eval(), cores_for_models())
    connector = StripMlp(384, 512, 512, group=4).eval()
    words = tiny.tokenizer()
    language = Causal(
        tiny.decoder("Qwen2", words, hidden_size=512, intermediate_size=2048, num_hidden_layers=4),
        words,
        cores_for_models(),
    )

    def see(image: Any) -> Steps:
        features = yield from vision.features(normalised(square(image, 224))[None])
        return values(connected(connector, torch.from_numpy(features))[0])

    options = VisionOptions(weights="made here", max_answer=40)
    return SplitVlm(see, language, Prompting(lambda question, history: f"{PICTURE}{question}"), options)


@pytest.mark.real_time
async def test_no_sample_is_lost_while_a_vision_language_model_runs_at_full_speed(tmp_path: Path) -> None:
    looker, over, answered = model(), threading.Event(), 0

    def look_on() -> int:
        count = 0
        while not over.is_set():
            frame = Frame(np.random.default_rng(count).integers(0, 255, (360, 640, 3), np.uint8), 0.0, "desk")
            for _ in looker.look(Look(frame, "what is it")):
                if over.is_set():
                    break
            count += 1
        return count

    with pulse.server(tmp_path):
        line, microphone = Lossless[AudioChunk](64), open_microphone(MicrophoneOptions())
        working = asyncio.create_task(asyncio.to_thread(look_on))
        async with asyncio.timeout(20):
            listening = asyncio.create_task(microphone.run(line))
            chunks = [await line.get()]
            while chunks[-1].started_at < chunks[0].started_at + SECONDS:
                chunks.append(await line.get())
            over.set()
            answered = await working
        listening.cancel()
        await asyncio.wait([listening])
    assert answered > 1
    assert microphone.lost == 0
    assert np.diff([chunk.started_at for chunk in chunks]) == pytest.approx(0.032, abs=0.001)
