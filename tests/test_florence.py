"""Florence-2: a question becomes a task, places become words, and it says what it cannot do."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.backends import BackendError, Look
from tests import vlms
from tests.vlms import frame, loaded

pytest.importorskip("torch")
pytest.importorskip("transformers")

from pipelines.captioners import florence


@pytest.fixture(scope="module")
def florence2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return vlms.florence2(tmp_path_factory.mktemp("florence") / "florence-2")


def test_florence_answers_by_task_and_says_what_it_cannot(florence2: Path) -> None:
    model = loaded(florence2)
    assert model.task_for("<od>") == "<OD>"
    assert model.task_for("What is written on the sign?") == "<OCR>"
    assert model.task_for("Is she happy?") is None
    answer = "".join(model.look(Look(frame(), "Is she happy?")))
    assert answer == florence.CANNOT + "".join(model.look(Look(frame(), "<CAPTION>")))
    assert len(answer) > len(florence.CANNOT)


def test_florence_says_what_transformers_own_generation_says(florence2: Path) -> None:
    model = loaded(florence2)
    for task in ("<CAPTION>", "<OCR>"):
        inputs = model.shown(task, frame()).inputs
        made = model.engine.model.generate(**inputs, max_new_tokens=30, do_sample=False, num_beams=1)[0].tolist()
        pieces = list(model.look(Look(frame(), task, max_tokens=12)))
        assert "".join(pieces)
        assert model.engine.decode(made).startswith("".join(pieces).rstrip("\ufffd"))
        assert len(pieces) > 2


def test_florence_knows_its_pictures_apart(florence2: Path) -> None:
    model = loaded(florence2)
    assert model.shown("<OCR>", frame(1)).key != model.shown("<OCR>", frame(2)).key
    assert model.shown("<OCR>", frame(1)).key == model.shown("<OD>", frame(1)).key


def test_florence_puts_places_into_words(florence2: Path) -> None:
    model = loaded(florence2)
    words = model.engine.processor.tokenizer
    said = words.encode("cup<loc_0><loc_0><loc_100><loc_100>table<loc_700><loc_0><loc_950><loc_950>")
    pieces = list(model.found("<OD>", iter(said), frame()))
    assert pieces[-1] == "cup on the left and table on the right"
    assert set(pieces[:-1]) == {""}
    read = words.encode("EXIT" + "<loc_500>" * 8)
    assert list(model.found("<OCR_WITH_REGION>", iter(read), frame()))[-1] == "EXIT in the middle"


@pytest.mark.parametrize("option", [{"prompt": "Who is it?"}, {"frames": 9}, {"tiles": True}])
def test_florence_refuses_what_it_cannot_heed(florence2: Path, option: dict[str, object]) -> None:
    with pytest.raises(BackendError, match=f"it cannot heed {next(iter(option))}: leave it out and set `task`"):
        loaded(florence2, **option)


def test_florence_refuses_a_task_it_does_not_know(florence2: Path) -> None:
    with pytest.raises(BackendError, match="no task '<DANCE>': choose one of <CAPTION>"):
        loaded(florence2, task="<DANCE>")
