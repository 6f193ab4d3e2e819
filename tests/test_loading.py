"""Models that load side by side, and while others work: none is built in the number format of another."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pipelines import backends
from pipelines.backends import Look
from pipelines.language import loading
from tests import vlms

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from pipelines.vision import choice  # noqa: E402
from pipelines.vision.choice import vision_engine  # noqa: E402
from pipelines.vision.compiled import scenes  # noqa: E402
from pipelines.vision.engines import Values, finish, values  # noqa: E402
from pipelines.vision.vit import Vit, VitShape  # noqa: E402

MODELS = ("hf", "moondream", "omnilmm", "omnivision", "ovis")


class SomebodyLoads:
    """A lock, outside of which a model in half precision is always being loaded by somebody else."""

    def __enter__(self) -> None:
        torch.set_default_dtype(torch.float32)

    def __exit__(self, *_: object) -> None:
        torch.set_default_dtype(torch.bfloat16)


@pytest.fixture
def beside(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """Call it, and somebody loads from then on."""

    def begin() -> None:
        for module in (loading, choice):
            monkeypatch.setattr(module, "ALONE", SomebodyLoads())
        torch.set_default_dtype(torch.bfloat16)

    yield begin
    torch.set_default_dtype(torch.float32)


def answers(name: str, told: dict[str, Any]) -> list[str]:
    model = backends.load(backends.find("captioner", name).model_validate(told), "captioner")
    frame = vlms.frame(1)
    return ["".join(model.describe(frame)), "".join(model.look(Look(frame, "what is it", max_tokens=12)))]


def tower() -> Vit:
    torch.manual_seed(0)
    return Vit(VitShape(width=64, hidden=160, layers=2, heads=4, image=56, patch=14)).eval().requires_grad_(False)


def seen_in_8_bits(by: Vit) -> Values:
    return finish(vision_engine(by, "int8", 1).features(values(scenes(56, 1)[0])))


@pytest.mark.parametrize("name", MODELS)
def test_a_model_answers_the_same_if_another_loads_beside_it(
    name: str, tmp_path: Path, beside: Callable[[], None]
) -> None:
    told = importlib.import_module(f"tests.small.captioner_{name}").make(tmp_path)
    told |= {} if name == "hf" else {"vision": "int8"}
    alone = answers(name, told)
    beside()
    assert answers(name, told) == alone


@pytest.mark.real_time
def test_a_tower_is_put_into_8_bits_when_nobody_else_loads() -> None:
    """As transformers loads a model: with torch's number format changed for every thread."""
    from transformers.modeling_utils import local_torch_dtype

    alone, made = seen_in_8_bits(tower()), tower()
    inside, done = threading.Event(), threading.Event()

    def load_another() -> None:
        with loading.loading(Path("another")), local_torch_dtype(torch.bfloat16):
            inside.set()
            done.wait(0.3)

    another = threading.Thread(target=load_another)
    another.start()
    inside.wait()
    beside_it = seen_in_8_bits(made)
    done.set()
    another.join()
    assert (beside_it == alone).all()
