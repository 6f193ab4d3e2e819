"""The snippets that models were published with run as they stand, but for the lines that import and load."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from assistant import manifest
from pipelines import weights
from pipelines.backends import BackendError
from pipelines.captioners import published
from pipelines.captioners.hf import Hf
from pipelines.captioners.moondream import Moondream, MoondreamOptions
from pipelines.captioners.omnilmm import OmniLmm, OmniLMMChat, img2base64
from pipelines.captioners.ovis import Ovis, OvisOptions
from tests.small import captioner_moondream, captioner_omnilmm, captioner_ovis

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

MADE: dict[str, Callable[[Path], Any]] = {
    "omnilmm-12b": captioner_omnilmm.make_12b,
    "omnilmm-3b": captioner_omnilmm.make,
    "moondream2": captioner_moondream.make_2025,
    "moondream2-2024-04-02": captioner_moondream.make_2024,
    "ovis16-gemma2-9b": captioner_ovis.make,
}
CALLS: list[tuple[Callable[..., Any], str, Any]] = [
    (OmniLMMChat, "openbmb/OmniLMM-12B", OmniLmm),
    (Moondream.from_pretrained, "vikhyatk/moondream2", MoondreamOptions),
    (Ovis.from_pretrained, "AIDC-AI/Ovis1.6-Gemma2-9B", OvisOptions),
]


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A weights' home with a small checkpoint of each, of random weights."""
    home = tmp_path_factory.mktemp("home")
    for name, make in MADE.items():
        (folder := home / "models" / name).mkdir(parents=True)
        make(folder)
    return home


@pytest.fixture(autouse=True)
def home(shelf: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OMNI_HOME", str(shelf))
    return shelf


@pytest.fixture
def image_path(tmp_path: Path) -> str:
    pixels = np.random.default_rng(0).integers(0, 255, (60, 100, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "image.png")
    return str(tmp_path / "image.png")


@pytest.mark.parametrize("name", ["openbmb/OmniLMM-12B", "openbmb/MiniCPM-V"])
def test_omnilmm_in_two_rounds(name: str, image_path: str) -> None:
    chat_model = OmniLMMChat(name, max_answer=12)
    im_64 = img2base64(image_path)

    msgs = [{"role": "user", "content": "What is interesting about this image?"}]
    inputs = {"image": im_64, "question": json.dumps(msgs)}
    answer = chat_model.process(inputs)
    assert answer

    msgs.append({"role": "assistant", "content": answer})
    msgs.append({"role": "user", "content": "Where is China in the image"})
    inputs = {"image": im_64, "question": json.dumps(msgs)}
    answer = chat_model.process(inputs)
    assert answer


def test_moondream2_of_2024(image_path: str) -> None:
    model_id = "vikhyatk/moondream2"
    revision = "2024-04-02"
    model = Moondream.from_pretrained(model_id, trust_remote_code=True, revision=revision)
    tokenizer = model.tokenizer

    image = Image.open(image_path)
    enc_image = model.encode_image(image)
    assert model.answer_question(enc_image, "Describe this image.", tokenizer)
    assert Path(model.model.options.weights).name == "moondream2-2024-04-02"


def test_moondream2_of_2025(image_path: str) -> None:
    model = Moondream.from_pretrained("vikhyatk/moondream2", revision="2025-06-21")
    assert model.caption(Image.open(image_path), length="short")["caption"]


def test_ovis(image_path: str) -> None:
    model = Ovis.from_pretrained(
        "AIDC-AI/Ovis1.6-Gemma2-9B", torch_dtype=torch.bfloat16, multimodal_max_length=8192, trust_remote_code=True
    ).cuda()
    text_tokenizer = model.get_text_tokenizer()
    visual_tokenizer = model.get_visual_tokenizer()

    image = Image.open(image_path)
    text = "What is it?"
    query = f"<image>\n{text}"

    pixel_values: Any
    _prompt, input_ids, pixel_values = model.preprocess_inputs(query, [image])
    attention_mask = torch.ne(input_ids, text_tokenizer.pad_token_id)
    input_ids = input_ids.unsqueeze(0).to(device=model.device)
    attention_mask = attention_mask.unsqueeze(0).to(device=model.device)
    pixel_values = [pixel_values.to(dtype=visual_tokenizer.dtype, device=visual_tokenizer.device)]

    with torch.inference_mode():
        gen_kwargs: dict[str, Any] = {
            "max_new_tokens": 8,
            "do_sample": False,
            "top_p": None,
            "top_k": None,
            "temperature": None,
            "repetition_penalty": None,
            "eos_token_id": model.generation_config.eos_token_id,
            "pad_token_id": text_tokenizer.pad_token_id,
            "use_cache": True,
        }
        generated = model.generate(input_ids, pixel_values=pixel_values, attention_mask=attention_mask, **gen_kwargs)
        output_ids = generated[0]
        output = text_tokenizer.decode(output_ids, skip_special_tokens=True)
    assert output
    assert visual_tokenizer.dtype == torch.bfloat16


@pytest.mark.parametrize(("call", "name", "_form"), CALLS)
def test_what_no_model_is_told_is_one_line(call: Callable[..., Any], name: str, _form: Any) -> None:
    for wrong, why in (("weird", "unknown key"), ("thread", "did you mean threads?"), ("dtype", "float32")):
        with pytest.raises(BackendError, match=why) as caught:
            call(name, **{wrong: "int4"})
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("call", "name", "form"), CALLS)
def test_packages_that_are_missing_are_named(
    call: Callable[..., Any], name: str, form: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(form, "needs", ("no_such_package",))
    with pytest.raises(BackendError, match=r"no_such_package: pip install 'omni-assistant\[neural\]'"):
        call(name)


@pytest.mark.parametrize(("call", "name", "_form"), CALLS)
def test_weights_that_are_not_here_are_pulled_by_their_name(
    call: Callable[..., Any], name: str, _form: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMNI_HOME", str(tmp_path))
    with pytest.raises(BackendError, match=f"omni models pull {weights.published(name)}$"):
        call(name)


def test_a_revision_that_needs_other_weights_is_not_passed_over() -> None:
    with pytest.raises(BackendError, match="revision 2024-08-26 is not known here: ask for 2025-06-21 or 2024-04-02"):
        Moondream("vikhyatk/moondream2", revision="2024-08-26")


def test_a_folder_is_the_same_folder_for_all_that_is_read_of_it(
    tmp_path: Path, shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine").symlink_to(shelf / "models" / "omnilmm-3b")
    told = OmniLMMChat("mine").model.options
    assert told.weights == str((shelf / "models" / "omnilmm-3b").resolve())
    assert told.sampling.top_k == 100, "as the makers of the 3B draw"


def test_a_folder_of_one_s_own_goes_before_a_published_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("vikhyatk/moondream2").mkdir(parents=True)
    chosen = published.options(MoondreamOptions, "vikhyatk/moondream2", {})
    assert chosen.weights == str(Path("vikhyatk/moondream2").resolve())


@pytest.mark.parametrize(
    ("given", "device", "precision"),
    [
        ({"torch_dtype": "auto", "device_map": "auto"}, "auto", "auto"),
        ({"dtype": "torch.float16", "device_map": "cuda:0"}, "cuda", "float16"),
        ({"torch_dtype": None, "device_map": {"": 0}}, "cuda", "auto"),
        ({"device_map": "balanced", "local_files_only": True}, "auto", "auto"),
    ],
)
def test_where_and_in_which_numbers_is_heeded(given: dict[str, Any], device: str, precision: str) -> None:
    chosen = published.options(Hf, "smolvlm-256m", given)
    assert (chosen.device, chosen.precision) == (device, precision)


def test_the_table_is_that_of_the_manifest() -> None:
    known = manifest.read().models
    for name, revisions in weights.PUBLISHED.items():
        for revision, pulled in revisions.items():
            source = known[pulled].source
            assert isinstance(source, manifest.Hub)
            assert source.repo == name
            assert len(revisions) == 1 or source.revision == revision
