"""`omni models`: what is on the shelf is whole, or it is not there; every mistake is one line."""

from __future__ import annotations

import argparse
import errno
import importlib.util
import json
import shutil
import subprocess
import sys
import threading
from collections import namedtuple
from pathlib import Path

import pytest

from assistant import convert, manifest, models, shelf, sources
from pipelines import pulled, weights
from pipelines.backends import REGISTRY
from tests.pulls import REPOSITORY, entry, file_line

A, B = b"the weights of a", b"the weights of b, which are longer"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A weights' home whose manifest knows `a` and `b`, files that lie beside it, and both as `pair`."""
    monkeypatch.setenv("OMNI_HOME", str(tmp_path / "home"))
    home = tmp_path / "home"
    home.mkdir()
    (home / "a.bin").write_bytes(A)
    (home / "b.bin").write_bytes(B)
    entries = [entry("a", "file", file_line("a.bin", A)), entry("b", "file", file_line("b.bin", B))]
    (home / "models.toml").write_text("\n".join(entries) + '\n[groups]\npair = ["a", "b"]\n')
    return home


def omni_models(*words: str) -> int:
    parser = argparse.ArgumentParser()
    models.add_arguments(parser)
    return models.run(parser.parse_args(words))


def state_of(name: str) -> str:
    return next(row.state for row in models.list_models() if row.name == name)


def test_what_is_pulled_is_found_and_says_what_it_is(home: Path) -> None:
    models.pull("a", print)
    assert weights.find("a") == home / "models" / "a"
    record = json.loads((weights.find("a") / "manifest.json").read_text())
    assert record["licence"] == "MIT"
    assert record["files"]["a.bin"]["size"] == len(A)
    assert state_of("a") == "here"
    assert state_of("b") == "absent"


def test_a_group_brings_all_its_members_and_takes_them_away(home: Path) -> None:
    assert omni_models("pull", "pair") == 0
    assert {path.name for path in (home / "models").iterdir()} == {"a", "b"}
    assert omni_models("remove", "pair") == 0
    assert list((home / "models").iterdir()) == []


def test_what_is_here_and_whole_is_not_fetched_again(home: Path) -> None:
    models.pull("a", print)
    (home / "a.bin").unlink()
    said: list[str] = []
    models.pull("a", said.append)
    assert len(said) == 1
    assert said[0].startswith("a: is here and verified")


def test_a_file_that_was_changed_is_found_out_and_mended(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    models.pull("pair", print)
    (home / "models" / "a" / "a.bin").write_bytes(A[::-1])
    capsys.readouterr()
    assert omni_models("verify") == 1
    said = capsys.readouterr().out.splitlines()
    assert said == ["a: a.bin is not what was pulled: omni models pull a", "b: verified"]
    models.pull("a", print)
    assert omni_models("verify", "a", "b") == 0


def test_a_file_that_is_gone_is_found_out(home: Path) -> None:
    models.pull("a", print)
    (home / "models" / "a" / "a.bin").unlink()
    said: list[str] = []
    assert not models.verify("a", said.append)
    assert said == ["a: a.bin is missing: omni models pull a"]
    assert state_of("a") == "damaged"


def test_a_folder_made_by_hand_is_replaced(home: Path) -> None:
    (home / "models" / "a").mkdir(parents=True)
    (home / "models" / "a" / "something.bin").write_bytes(b"?")
    assert state_of("a") == "damaged"
    models.pull("a", print)
    assert {path.name for path in (home / "models" / "a").iterdir()} == {"a.bin", "manifest.json"}
    assert models.verify("a", print)


def test_a_manifest_that_moved_on_makes_what_is_here_old(home: Path) -> None:
    models.pull("a", print)
    (home / "new.bin").write_bytes(B)
    (home / "models.toml").write_text(entry("a", "file", file_line("new.bin", B, name="a.bin")))
    assert state_of("a") == "outdated"
    said: list[str] = []
    assert models.verify("a", said.append)
    assert said == ["a: verified; the manifest now names another: omni models pull a"]
    models.pull("a", print)
    assert (home / "models" / "a" / "a.bin").read_bytes() == B


def test_an_unknown_name_is_answered_with_those_there_are(home: Path) -> None:
    with pytest.raises(models.WeightsError, match=r"'smolm2'; did you mean 'smollm2'\? there are a, b, desktop, "):
        models.pull("smolm2", print)
    with pytest.raises(models.WeightsError, match="no weights are called"):
        models.remove("../models", print)


def test_removing_what_is_not_here_says_so_and_what_nobody_knows_any_more_can_go(home: Path) -> None:
    said: list[str] = []
    models.remove("a", said.append)
    (home / "models" / "forgotten").mkdir(parents=True)
    models.remove("forgotten", said.append)
    assert said == ["a: was not here", "forgotten: removed"]
    assert list((home / "models").iterdir()) == []


def test_verifying_what_is_not_here_says_how_it_comes(home: Path) -> None:
    said: list[str] = []
    assert models.verify(None, said.append)
    assert said == ["no weights are here yet: omni models pull embedded"]
    with pytest.raises(models.WeightsError, match="omni models pull a"):
        models.verify("a", print)


def test_a_disk_with_too_little_space_is_noticed_before_anything_is_fetched(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(100, 97, 3))
    with pytest.raises(models.WeightsError, match=r"a: needs .* of disk, .* are free: .*OMNI_HOME"):
        models.pull("a", print)
    assert not (home / "models").exists()


@pytest.mark.parametrize("stop", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_a_pull_that_ends_in_the_middle_leaves_what_was_there(
    home: Path, monkeypatch: pytest.MonkeyPatch, stop: BaseException
) -> None:
    def write_half(source: manifest.Source, folder: Path, scratch: Path) -> None:
        (folder / "a.bin").write_bytes(A[:5])
        raise stop

    models.pull("b", print)
    with monkeypatch.context() as patched:
        patched.setattr(sources, "fetch", write_half)
        with pytest.raises((models.WeightsError, KeyboardInterrupt)) as caught:
            models.pull("a", print)
    assert "the disk is full" in str(caught.value) or caught.type is KeyboardInterrupt
    assert [path.name for path in (home / "models").iterdir()] == ["b"]
    assert [path.name for path in (home / "partial").iterdir()] == ["lock"]
    models.pull("a", print)
    assert models.verify(None, print)


def test_a_home_that_cannot_be_written_is_one_line(home: Path) -> None:
    (home / "partial").write_text("in the way")
    with pytest.raises(models.WeightsError, match=r"a: File exists \(.*partial\)"):
        models.pull("a", print)


def test_what_a_killed_pull_left_is_swept_by_the_next(home: Path) -> None:
    (home / "partial" / "a-killed" / "fetched").mkdir(parents=True)
    (home / "partial" / "a-killed" / "fetched" / "a.bin").write_bytes(A[:3])
    models.pull("a", print)
    assert [path.name for path in (home / "partial").iterdir()] == ["lock"]


def test_a_second_pull_waits_for_the_first_and_says_so(home: Path) -> None:
    said: list[str] = []
    waits = threading.Event()

    def say(line: str) -> None:
        said.append(line)
        waits.set()

    second = threading.Thread(target=models.pull, args=("a", say))
    with shelf.alone(print):
        second.start()
        assert waits.wait(10)
        assert not (home / "models").exists()
    second.join(10)
    assert said[0] == "another `omni models` is at work here: waiting until it is done"
    assert said[-1].startswith("a: is here")


def test_the_list_can_be_read_by_people_and_by_programs(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    models.pull("a", print)
    capsys.readouterr()
    assert omni_models("list") == 0
    lines = capsys.readouterr().out.splitlines()
    assert next(line for line in lines if line.startswith("a ")).split()[1] == "here"
    assert lines[-1] == f"They lie in {home}"
    assert omni_models("list", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["groups"]["pair"] == ["a", "b"]
    assert {row["name"]: row["state"] for row in told["models"]}["b"] == "absent"


def test_the_shipped_manifest_brings_what_the_embedded_assistant_needs() -> None:
    shipped = manifest.load(REPOSITORY / "configs" / "models.toml")
    assert shipped.members("embedded") == ("people", "smollm2")
    assert all(shipped.models[name].licence == "Apache-2.0" for name in shipped.members("embedded"))
    assert all(one.purpose.endswith(".") for one in shipped.models.values())


def test_every_shipped_use_names_a_backend_that_takes_it() -> None:
    shipped = manifest.read()
    for name, one in shipped.models.items():
        for use in one.use:
            assert REGISTRY[use.kind][use.backend]
            assert one.memory
            if importlib.util.find_spec(REGISTRY[use.kind][use.backend].partition(":")[0]):
                assert pulled.options(use, name).model_dump()["weights"] == name


def test_the_desktop_group_brings_eyes_ears_a_chat_and_a_voice() -> None:
    shipped = manifest.read()
    for group in ("desktop", "desktop-zh"):
        kinds = {use.kind for name in shipped.members(group) for use in shipped.models[name].use}
        assert kinds == {"captioner", "transcriber", "chat", "voice"}


def test_what_belongs_together_is_pulled_together() -> None:
    assert manifest.read().members("moondream2") == ("moondream2", "starmie-v1")


@pytest.mark.parametrize(
    ("good", "bad", "complaint"),
    [
        ("licence", "license", r"models\.a\.licence: Field required"),
        ("purpose", "color = 1\npurpose", r"models\.a\.color: Extra inputs are not permitted"),
        ("size = 10", 'size = "big"', r"models\.a\.size: Input should be a valid integer"),
        ("path", "pfad", r"models\.a\.file\.files\.0\.path: Field required"),
        ("[models.a.file]", "[models.a.ftp]", r"models\.a\.ftp: Extra inputs are not permitted"),
        ('sha256 = "', 'sha256 = "x', r"models\.a\.file\.files\.0\.sha256: String should match"),
        ("size = 16", 'name = "../up", size = 16', r"models\.a\.file\.files\.0\.name: String should match"),
        ("size = 16", 'name = "manifest.json", size = 16', r"models\.a: .*give them a `name`"),
        ("kept = 10", 'kept = 10\nconvert = "gguf"', r"models\.a: .*takes exactly one \.gguf file"),
        ("[models.a]", "[models.a", "Expected"),
        ("kept = 10", 'along = ["z"]', r"models\.a\.along: no model is called 'z'"),
        ("[models.a.file]", '[models.a.hub]\nrepo="x/y"\nrevision="main"', r"models\.a\.hub: .*full commit hash"),
        ('pair = ["a", "b"]', 'pair = ["a", "c"]', r"groups\.pair: no model is called 'c'"),
        ('pair = ["a", "b"]', 'a = ["b"]', r"groups\.a: is a model's name too"),
    ],
)
def test_a_mistake_in_a_manifest_of_one_s_own_is_named(home: Path, good: str, bad: str, complaint: str) -> None:
    own = home / "models.toml"
    text = own.read_text()
    assert good in text
    own.write_text(text.replace(good, bad, 1))
    with pytest.raises(models.WeightsError, match=complaint) as caught:
        models.list_models()
    assert "models.toml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_command_s_words_load_nothing_heavy() -> None:
    look = (
        "import assistant.models, sys; print([name for name in ('pydantic', 'numpy', 'rich') if name in sys.modules])"
    )
    seen = subprocess.run([sys.executable, "-c", look], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert seen.stdout.strip() == "[]"


def test_a_conversion_that_cannot_be_done_is_refused_before_the_fetch(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "models.toml").write_text(entry("tiny", "file", file_line("tiny.gguf", A), convert="gguf"))
    monkeypatch.setattr(convert.importlib.util, "find_spec", lambda name: None if name == "gguf" else object())
    with pytest.raises(models.WeightsError, match=r'needs gguf: pip install "omni-assistant\[embedded\]"'):
        models.pull("tiny", print)


def test_a_gguf_model_becomes_one_that_loads_at_once_and_speaks_the_same(home: Path) -> None:
    if lacking := convert.missing():
        pytest.skip(lacking)
    from transformers import AutoModelForCausalLM, AutoTokenizer

    write_gguf(home / "tiny.gguf")
    content = (home / "tiny.gguf").read_bytes()
    (home / "models.toml").write_text(entry("tiny", "file", file_line("tiny.gguf", content), convert="gguf"))
    models.pull("tiny", print)
    folder = weights.find("tiny")
    assert not list(folder.glob("*.gguf"))
    assert models.verify("tiny", print)

    before = AutoModelForCausalLM.from_pretrained(home, gguf_file="tiny.gguf", dtype="bfloat16")
    after = AutoModelForCausalLM.from_pretrained(folder, local_files_only=True, dtype="bfloat16")
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    chat = [{"role": "user", "content": "then in here"}]
    text = tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True)
    assert text == "<|im_start|>user\nthen in here<|im_end|>\n<|im_start|>assistant\n"
    words = tokenizer(text, return_tensors="pt", add_special_tokens=False)
    assert tokenizer.decode(words["input_ids"][0]) == text
    assert after.generation_config.eos_token_id == tokenizer.convert_tokens_to_ids("<|im_end|>")
    assert (before(**words).logits == after(**words).logits).all()


def test_a_gguf_file_that_is_none_is_told_in_one_line_and_leaves_nothing(home: Path) -> None:
    if lacking := convert.missing():
        pytest.skip(lacking)
    (home / "bad.gguf").write_bytes(b"GGUF of another kind")
    line = file_line("bad.gguf", b"GGUF of another kind")
    (home / "models.toml").write_text(entry("bad", "file", line, convert="gguf"))
    with pytest.raises(models.WeightsError, match=r"bad\.gguf cannot be converted: .+") as caught:
        models.pull("bad", print)
    assert "\n" not in str(caught.value)
    assert not list(home.glob("models/*"))


CHAT = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def write_gguf(path: Path) -> None:
    """A llama of two layers with random weights, a byte-level tokenizer and a chat template."""
    from gguf import GGUFWriter

    writer = GGUFWriter(path, "llama")
    writer.add_name("tiny")
    writer.add_context_length(256)
    writer.add_embedding_length(32)
    writer.add_block_count(2)
    writer.add_feed_forward_length(48)
    writer.add_head_count(4)
    writer.add_head_count_kv(2)
    writer.add_rope_dimension_count(8)
    writer.add_rope_freq_base(10000.0)
    writer.add_layer_norm_rms_eps(1e-5)
    write_tokenizer(writer)
    write_tensors(writer)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def write_tokenizer(writer) -> None:  # type: ignore[no-untyped-def]
    from tokenizers.pre_tokenizers import ByteLevel

    words = [*sorted(ByteLevel.alphabet()), "he", "Ġt", "in", "<|im_start|>", "<|im_end|>"]
    writer.add_vocab_size(len(words))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(words)
    writer.add_token_types([1] * (len(words) - 2) + [3, 3])
    writer.add_token_merges(["h e", "Ġ t", "i n"])
    writer.add_bos_token_id(len(words) - 2)
    writer.add_eos_token_id(len(words) - 1)
    writer.add_chat_template(CHAT)


def write_tensors(writer) -> None:  # type: ignore[no-untyped-def]
    import numpy as np

    chance = np.random.default_rng(0)
    shapes = {"attn_q": (32, 32), "attn_k": (16, 32), "attn_v": (16, 32), "attn_output": (32, 32)}
    shapes |= {"ffn_gate": (48, 32), "ffn_up": (48, 32), "ffn_down": (32, 48)}
    writer.add_tensor("token_embd.weight", chance.normal(0, 0.5, (261, 32)).astype(np.float16))
    for layer in range(2):
        for name, shape in shapes.items():
            writer.add_tensor(f"blk.{layer}.{name}.weight", chance.normal(0, 0.5, shape).astype(np.float16))
        for name in ("attn_norm", "ffn_norm"):
            writer.add_tensor(f"blk.{layer}.{name}.weight", np.ones(32, np.float32))
    writer.add_tensor("output_norm.weight", np.ones(32, np.float32))
