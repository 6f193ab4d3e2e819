"""The scripted parts of `turns.py` behind pipecat-ai; run by an interpreter that has it, told its script as JSON.

Where pipecat-ai leaves a choice it gets the quicker one: the speech timeout as the only rule for the end of a turn, a
transcriber that says that its words are final, and no metrics. Prints for each turn when the pause was heard and sound
began, what each part really took, and by how much timers were late meanwhile.
"""

import asyncio
import json
import statistics
import sys
import time

import numpy as np
from loguru import logger
from pipecat.audio.vad.vad_analyzer import VADAnalyzer, VADParams
from pipecat.frames.frames import (
    InputAudioRawFrame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair, LLMUserAggregatorParams
from pipecat.services.llm_service import LLMService
from pipecat.services.settings import LLMSettings, STTSettings, TTSSettings
from pipecat.services.stt_service import SegmentedSTTService
from pipecat.services.tts_service import TTSService
from pipecat.transports.base_input import BaseInputTransport
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.transports.base_transport import TransportParams
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies
from pipecat.utils.time import time_now_iso8601
from pipecat.workers.runner import WorkerRunner

RATE, CHUNK = 16_000, 512


async def waited(script, seconds):
    """The seconds that a wait of so many really took: in a thread as local models are called here, or without."""
    if script["threads"]:
        return await asyncio.to_thread(blocked, seconds)
    began = time.monotonic()
    await asyncio.sleep(seconds)
    return time.monotonic() - began


def blocked(seconds):
    began = time.monotonic()
    time.sleep(seconds)
    return time.monotonic() - began


class Loudness(VADAnalyzer):
    """Loud is speech."""

    def num_frames_required(self) -> int:
        return CHUNK

    def voice_confidence(self, buffer: bytes) -> float:
        return float(np.abs(np.frombuffer(buffer, np.int16)).max() > 300)


class Microphone(BaseInputTransport):
    """Loud and silent chunks at their own pace."""

    def __init__(self, script, turns, **kwargs):
        super().__init__(TransportParams(audio_in_enabled=True, audio_in_sample_rate=RATE), **kwargs)
        self._script, self._turns = script, turns
        self._talk, self._due = None, 0.0
        self._late = []
        self.over = asyncio.Event()

    async def start(self, frame):
        await super().start(frame)
        await self.set_transport_ready(frame)
        self._talk = self.create_task(self._speak())

    async def _speak(self):
        self._due = time.monotonic()
        for _ in range(self._script["turns"]):
            await self._sound(self._script["gap"], loud=False)
            await self._sound(self._script["speech"], loud=True)
            self._turns.append({})
        await self._sound(self._script["gap"], loud=False)
        self.over.set()

    async def _sound(self, chunks, loud):
        for number in range(1, chunks + 1):
            self._due += CHUNK / RATE
            await asyncio.sleep(max(0.0, self._due - time.monotonic()))
            now = time.monotonic()
            self._late.append(now - self._due)
            if self._turns and not loud and number == self._script["pause"] and "paused" not in self._turns[-1]:
                self._turns[-1] |= {"paused": now, "timers_late": statistics.median(self._late)}
            await self._push(loud)

    async def _push(self, loud):
        samples = np.full(CHUNK, 3277 * loud, np.int16)
        await self.push_audio_frame(InputAudioRawFrame(samples.tobytes(), RATE, 1))


class Speaker(BaseOutputTransport):
    """Takes as long as the sound lasts."""

    def __init__(self, script, turns, **kwargs):
        params = TransportParams(audio_out_enabled=True, audio_out_sample_rate=script["rate"])
        super().__init__(params, **kwargs)
        self._turns, self._due = turns, 0.0

    async def start(self, frame):
        await super().start(frame)
        await self.set_transport_ready(frame)

    async def write_audio_frame(self, frame) -> bool:
        now = time.monotonic()
        if np.abs(np.frombuffer(frame.audio, np.int16)).max() > 0:
            self._turns[-1].setdefault("audio", now)
        self._due = max(self._due, now) + len(frame.audio) / 2 / frame.sample_rate
        await asyncio.sleep(self._due - now)
        return True


class Transcriber(SegmentedSTTService):
    def __init__(self, script, turns):
        super().__init__(
            settings=STTSettings(model=None, language=None),
            ttfs_p99_latency=script["transcriber"],
            trailing_silence_secs=0.0,
        )
        self._script, self._turns = script, turns

    @property
    def wants_wav_segments(self) -> bool:
        return False

    async def run_stt(self, audio):
        self._turns[-1]["transcriber"] = await waited(self._script, self._script["transcriber"])
        yield TranscriptionFrame("how many people are there", "", time_now_iso8601())


class Chat(LLMService):
    def __init__(self, script, turns):
        names = ("model", "system_instruction", "temperature", "max_tokens", "top_p", "top_k", "frequency_penalty")
        more = ("presence_penalty", "seed", "filter_incomplete_user_turns", "user_turn_completion_config")
        super().__init__(settings=LLMSettings(**dict.fromkeys(names + more)))
        self._script, self._turns = script, turns

    async def process_frame(self, frame, direction):
        await super().process_frame(frame, direction)
        if not isinstance(frame, LLMContextFrame):
            await self.push_frame(frame, direction)
            return
        turn, script = self._turns[-1], self._script
        await self.push_frame(LLMFullResponseStartFrame())
        slept = await waited(script, script["first_token"])
        for number, piece in enumerate(script["pieces"]):
            slept += await waited(script, script["token"])
            if number == script["sentence"]:
                turn["chat"] = slept
            await self._push_llm_text(piece)
        await self.push_frame(LLMFullResponseEndFrame())


class Voice(TTSService):
    def __init__(self, script, turns):
        super().__init__(
            push_start_frame=True,
            push_stop_frames=True,
            sample_rate=script["rate"],
            settings=TTSSettings(model=None, voice=None, language=None),
        )
        self._script, self._turns = script, turns

    async def run_tts(self, text, context_id):
        turn = self._turns[-1]
        turn.setdefault("voice", await waited(self._script, self._script["voice"]))
        samples = np.full(round(self._script["rate"] * self._script["sound"]), 3277, np.int16)
        yield TTSAudioRawFrame(samples.tobytes(), self._script["rate"], 1, context_id=context_id)


async def session(script):
    turns = []
    pause = script["pause"] * CHUNK / RATE
    vad = Loudness(params=VADParams(confidence=0.5, start_secs=0.096, stop_secs=pause, min_volume=0.0))
    stop = [SpeechTimeoutUserTurnStopStrategy(user_speech_timeout=script["endpoint"] * CHUNK / RATE - pause)]
    aggregators = LLMContextAggregatorPair(
        LLMContext(),
        user_params=LLMUserAggregatorParams(vad_analyzer=vad, user_turn_strategies=UserTurnStrategies(stop=stop)),
    )
    microphone, speaker = Microphone(script, turns), Speaker(script, turns)
    parts = [microphone, Transcriber(script, turns), aggregators.user(), Chat(script, turns), Voice(script, turns)]
    worker = PipelineWorker(
        Pipeline([*parts, speaker, aggregators.assistant()]),
        params=PipelineParams(audio_in_sample_rate=RATE, audio_out_sample_rate=script["rate"]),
        cancel_on_idle_timeout=False,
        enable_rtvi=False,
    )
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)

    async def end():
        await microphone.over.wait()
        await worker.cancel()
        await runner.cancel()

    await asyncio.gather(runner.run(), end())
    return turns


if __name__ == "__main__":
    logger.remove()
    if sys.argv[2:] == ["--loud"]:
        logger.add(sys.stderr)
    print(json.dumps(asyncio.run(session(json.loads(sys.argv[1])))))
    sys.stdout.flush()
