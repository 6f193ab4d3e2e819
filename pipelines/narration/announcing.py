"""Tells aloud what would else stand on a screen: what is captured and kept, and which part has trouble."""

from __future__ import annotations

import re
from dataclasses import replace

from pipelines.phrases import Language
from pipelines.remarks import Offer, Priority, Remark
from pipelines.types import Attention, Emit, Event, Notice, Recovered, Trouble
from pipelines.wording import one_line, shortened

COOLDOWN = 60.0
"""Seconds in which one part's troubles are told once."""
LATE = 15.0
"""Seconds after which a trouble is not told any more."""
LONGEST = 60
"""Letters of why a part has trouble; the rest is for the screen."""

PARTS: dict[str, tuple[str, str]] = {
    "microphone": ("The microphone", "麦克风"),
    "detector": ("Speech recognition", "语音识别"),
    "transcriber": ("Speech recognition", "语音识别"),
    "wake": ("The wake word", "唤醒词"),
    "voice": ("The voice", "语音"),
    "speaker": ("The speaker", "扬声器"),
    "chat": ("The part that answers", "回答"),
    "captioner": ("Description of the picture", "画面描述"),
    "spotter": ("Finding people and things", "人和物的识别"),
    "reader": ("Reading of text", "文字识别"),
}
"""Those whose trouble is told, in English and in Chinese; that of a camera is told by its narrator."""
_CAPTURE: dict[Language, dict[str, tuple[str, str]]] = {
    "en": {
        "camera": ("The camera is off.", "The camera is on."),
        "microphone": ("The microphone is off.", "The microphone is on."),
        "both": ("Camera and microphone are off.", "Camera and microphone are on."),
    },
    "zh": {
        "camera": ("摄像头已关闭。", "摄像头已打开。"),
        "microphone": ("麦克风已关闭。", "麦克风已打开。"),
        "both": ("摄像头和麦克风已关闭。", "摄像头和麦克风已打开。"),
    },
}
MUTE = ("voice", "speaker")
"""Their trouble cannot be heard."""
_TECHNICAL = re.compile(r"[/\\=@<>{}_\[\]]|\d{3}")


class Announcer:
    """Stands before the feed; told to nobody until it is given the agenda."""

    def __init__(self, emit: Emit, language: Language = "en", stored: str | None = None) -> None:
        """`stored`: what is kept of the session, in a sentence; None: how it begins is told to nobody."""
        self._emit, self._language, self._stored = emit, language, stored
        self._agenda: Offer | None = None
        self._told: Attention | None = None

    def attach(self, agenda: Offer) -> None:
        """Offer from now on."""
        self._agenda = agenda

    def emit(self, event: Event) -> None:
        """Put an event on the feed, and say it where it matters."""
        self._emit(event)
        if self._agenda is not None and (remark := self._remark(event)) is not None:
            self._agenda.offer(remark)

    def working(self, emit: Emit) -> Emit:
        """The same way to the feed, for whoever tells how work goes on: that is said where nothing else is."""

        def told(event: Event) -> None:
            emit(event)
            if self._agenda is not None and isinstance(event, Notice):
                key = f"{event.part} working"
                self._agenda.offer(Remark(event.text, Priority.WORKING, event.at, key=key, expires_at=event.at + LATE))

        return told

    def _remark(self, event: Event) -> Remark | None:
        match event:
            case Attention():
                return self._capture(event)
            case Trouble():
                return self._of_part(event.part, self._trouble(event), event.at, Priority.ANSWER)
            case Recovered():
                text = "恢复了。" if self._language == "zh" else " works again."
                return self._of_part(event.part, text, event.at, Priority.CAPTION)
            case Notice(part="") if "·" not in (text := refusal(event.text)) and self._speaks(text):  # no list of all
                return Remark(text, Priority.ANSWER, event.at, key="notice", expires_at=event.at + LATE, asked=True)
            case _:
                return None

    def _speaks(self, text: str) -> bool:
        """What has no Chinese is for the screen: a Chinese voice would spell it."""
        return self._language != "zh" or re.search("[\u3400-\u9fff]", text) is not None

    def _capture(self, state: Attention) -> Remark | None:
        before, self._told = self._told, state
        text = captured(state, before, self._language)
        if before is None:
            text = "" if self._stored is None else " ".join([text, self._stored]).strip()
        # Whoever switched it off wants to be sure of it, and whoever is near has a right to know: it is never left out.
        return Remark(text, Priority.ANSWER, state.at, key="capture", asked=True, lasting=True) if text else None

    def _of_part(self, part: str, text: str, at: float, priority: Priority) -> Remark | None:
        kind = part.split(" ")[0]
        if kind not in PARTS or (kind in MUTE and priority is Priority.ANSWER):
            return None
        text = PARTS[kind][self._language == "zh"] + text
        told = Remark(text, priority, at, key=f"{kind} {priority.word}", cooldown=COOLDOWN)
        return replace(told, expires_at=at + LATE)

    def _trouble(self, trouble: Trouble) -> str:
        if self._language == "zh":
            return "出了问题。"  # why is told in English only
        why = clause(trouble.why)
        return f" has trouble: {why}." if why else " has trouble."


def captured(state: Attention, before: Attention | None, language: Language) -> str:
    """What is on and off, as far as it is another than before; empty: all is as it was."""
    devices = {"camera": state.camera, "microphone": _hears(state)}
    were = {"camera": before.camera, "microphone": _hears(before)} if before else {}
    changed = [(name, on) for name, on in devices.items() if on is not None and on != were.get(name)]
    mode = _mode(state, language) if _hears(state) and (before is None or before.mode != state.mode) else ""
    sentences = [*_devices(changed, language), *([mode] if mode else [])]
    return ("" if language == "zh" else " ").join(sentences)


def _hears(state: Attention) -> bool | None:
    return None if state.microphone is None else state.microphone and state.mode != "text"


def _devices(changed: list[tuple[str, bool]], language: Language) -> list[str]:
    if len(changed) == 2 and changed[0][1] == changed[1][1]:
        changed = [("both", changed[0][1])]
    return [_CAPTURE[language][name][on] for name, on in changed]


def _mode(state: Attention, language: Language) -> str:
    if state.mode == "wake":
        return f"先说“{state.wake_word}”。" if language == "zh" else f"Say “{state.wake_word}” first."
    if state.mode == "push":
        return "按键后才听。" if language == "zh" else "It listens after the talk key."
    return ""


def refusal(text: str) -> str:
    """What came of a command, without what else it could have been."""
    first = shortened(re.split(": |：", one_line(text))[0], 2 * LONGEST)
    return (
        first
        if first.endswith("。")
        else f"{first}。"
        if re.search("[\u3400-\u9fff]", first)
        else f"{first.rstrip('.')}."
    )


def clause(why: str) -> str:
    """The first few words of why; empty where only an engineer would make something of them."""
    first = re.split(r"[:;(]|[.,] ", one_line(why))[0].strip(" .")
    return "" if _TECHNICAL.search(first) else shortened(first, LONGEST)
