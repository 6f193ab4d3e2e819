"""What follows a branch of a hub: looked up and pinned by the first pull, kept by later ones, and never a program."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from assistant import digests, manifest, models
from assistant.cli import main
from pipelines import choosing, pulled
from tests import pulls
from tests.pulls import Server, serving

pytest.importorskip("huggingface_hub", reason="the hub extra is not installed")

FIRST, SECOND = "1" * 40, "2" * 40
WEIGHTS, CONFIG = bytes(range(256)) * 300, b'{"model_type": "tiny"}'
NAMELESS = json.dumps({"id": "someone/tiny", "sha": FIRST, "siblings": [{"rfilename": 5, "size": 5}]}).encode()
FILES = {"model.safetensors": WEIGHTS, "config.json": CONFIG, "code.py": b"raise SystemExit", "deep/more.json": b"{}"}
ENTRY = """
[models.tiny]
purpose = "A test."
licence = "MIT"
size = 10
about = true
memory = 1000
use = [{ kind = "captioner", backend = "hf", rank = 7 }]

[models.tiny.hub]
repo = "someone/tiny"
revision = "main"
match = ["*.safetensors", "*.json"]
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A weights' home that knows `tiny`, which follows a branch."""
    monkeypatch.setenv("OMNI_HOME", str(tmp_path))
    (tmp_path / "models.toml").write_text(ENTRY)
    return tmp_path


def repository(commit: str, files: Mapping[str, bytes] = FILES) -> dict[str, bytes]:
    return pulls.repository(commit, files)


def pull(files: dict[str, bytes], update: bool = False) -> tuple[int, str, str]:
    """Pull `tiny` from a hub that holds this: the status, what was said, and the complaint."""
    with serving(Server(files)) as hub:
        return pull_at(hub.address, update)


def pull_at(address: str, update: bool = False) -> tuple[int, str, str]:
    said: list[str] = []
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
        patched.setattr("huggingface_hub.constants.ENDPOINT", address)
        template = f"{address}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
        patched.setattr("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", template)
        try:
            models.pull("tiny", said.append, update)
        except models.WeightsError as error:
            return 1, "\n".join(said), str(error)
    return 0, "\n".join(said), ""


def record(home: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((home / "models" / "tiny" / "manifest.json").read_text())
    return found


def test_a_branch_is_pinned_by_the_first_pull(home: Path) -> None:
    status, said, complaint = pull(repository(FIRST))
    assert (status, complaint) == (0, "")
    assert f"tiny: hub someone/tiny at main is pinned now at commit {FIRST}" in said
    assert {path.name for path in (home / "models" / "tiny").iterdir()} == {
        "model.safetensors",
        "config.json",
        "manifest.json",
    }
    assert record(home)["commit"] == FIRST
    assert models.verify("tiny", print)
    assert [path.name for path in (home / "partial").iterdir()] == ["lock"]


def test_files_of_the_same_content_are_fetched_once_and_saved_both(home: Path) -> None:
    hub = Server(repository(FIRST, FILES | {"generation_config.json": CONFIG, "copy.safetensors": WEIGHTS}))
    with serving(hub):
        assert pull_at(hub.address)[0] == 0
    folder = home / "models" / "tiny"
    assert (folder / "config.json").read_bytes() == (folder / "generation_config.json").read_bytes() == CONFIG
    assert (folder / "model.safetensors").read_bytes() == (folder / "copy.safetensors").read_bytes() == WEIGHTS
    assert models.verify("tiny", print)
    assert hub.ranges.count("bytes=0-") == 2
    assert [path.name for path in (home / "partial").iterdir()] == ["lock"]


def test_the_record_tells_pipelines_what_the_weights_are_good_for(home: Path) -> None:
    pull(repository(FIRST))
    (found,) = pulled.all_pulled()
    assert (found.name, found.need, found.use[0].rank) == ("tiny", 1000, 7)
    (home / "models.toml").write_text(ENTRY.replace("rank = 7", "rank = 9"))
    assert pull(repository(FIRST))[0] == 0
    assert pulled.all_pulled()[0].use[0].rank == 9


def test_a_hub_that_moved_on_is_told_of_and_not_followed(home: Path) -> None:
    pull(repository(FIRST))
    later = repository(FIRST) | repository(SECOND, FILES | {"model.safetensors": WEIGHTS[::-1]})
    status, said, _ = pull(later)
    assert status == 0
    assert f"the hub has moved on to {SECOND[:12]}: omni models pull --update tiny" in said
    assert record(home)["commit"] == FIRST
    assert (home / "models" / "tiny" / "model.safetensors").read_bytes() == WEIGHTS


def test_with_update_it_is_followed(home: Path) -> None:
    assert pull(repository(FIRST), update=True)[0] == 0
    status, said, _ = pull(repository(FIRST), update=True)
    assert "the hub has not moved" in said
    assert [path.name for path in (home / "partial").iterdir()] == ["lock"]
    (home / "models" / "tiny" / "config.json").write_bytes(CONFIG[::-1])
    assert pull(repository(FIRST), update=True)[0] == 0
    assert models.verify("tiny", print)
    later = repository(SECOND, FILES | {"model.safetensors": WEIGHTS[::-1]})
    status, said, _ = pull(later, update=True)
    assert status == 0
    assert record(home)["commit"] == SECOND
    assert (home / "models" / "tiny" / "model.safetensors").read_bytes() == WEIGHTS[::-1]


def test_damaged_weights_are_mended_at_their_own_commit(home: Path) -> None:
    pull(repository(FIRST))
    (home / "models" / "tiny" / "config.json").write_text("{}")
    assert pull(repository(FIRST) | repository(SECOND))[0] == 0
    assert record(home)["commit"] == FIRST
    assert models.verify("tiny", print)


def test_what_is_here_is_whole_without_a_hub(home: Path) -> None:
    pull(repository(FIRST))
    status, said, _ = pull_at("http://127.0.0.1:9")
    assert status == 0
    assert "is here and verified" in said
    assert "cannot be told" in said
    assert models.list_models()[-1].state == "here"


def test_an_interrupted_pull_goes_on_at_the_commit_it_began_with(home: Path) -> None:
    small = {path: content for path, content in repository(FIRST).items() if not path.endswith("model.safetensors")}
    assert pull(small)[0] == 1
    assert {path.suffix for path in (home / "partial").iterdir()} >= {".json", ".part"}
    begun = {path: content for path, content in repository(FIRST).items() if path.startswith("/someone")}
    assert pull(begun | repository(SECOND))[0] == 0
    assert record(home)["commit"] == FIRST


def test_removing_takes_what_an_interrupted_pull_left(home: Path) -> None:
    small = {path: content for path, content in repository(FIRST).items() if not path.endswith("model.safetensors")}
    pull(small)
    models.remove("tiny", print)
    assert [path.name for path in (home / "partial").iterdir()] == ["lock"]


@pytest.mark.parametrize("path", ["model.safetensors", "config.json"])
def test_other_bytes_than_the_hub_promised_leave_one_line(home: Path, path: str) -> None:
    told = repository(FIRST)
    told[f"/someone/tiny/resolve/{FIRST}/{path}"] = FILES[path][::-1]
    status, _, said = pull(told)
    assert status == 1
    assert f"{path} has the wrong hash" in said
    assert not list(home.glob("models/*"))


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (repository(FIRST, {"config.json": CONFIG}), "the hub holds no *.safetensors there"),
        ({}, "the hub answers 404"),
        ({"/api/models/someone/tiny/revision/main?blobs=true": b"<html>"}, "cannot be read"),
        ({"/api/models/someone/tiny/revision/main?blobs=true": b"[1]"}, "cannot be read"),
        ({"/api/models/someone/tiny/revision/main?blobs=true": b'{"a":' * 100_000}, "cannot be read"),
        ({"/api/models/someone/tiny/revision/main?blobs=true": NAMELESS}, "cannot be read"),
        (repository("main"), "does not tell hashes"),
    ],
)
def test_a_hub_that_tells_something_else_is_one_line(home: Path, answer: dict[str, bytes], complaint: str) -> None:
    status, _, said = pull(answer)
    assert status == 1
    assert complaint in said
    assert "\n" not in said


@pytest.mark.parametrize(
    "name", ["a b.json", "-rf.json", "a%20b.json", ".json", "deep\x1b[2J.json", "n" * 300 + ".json"]
)
def test_a_name_that_no_file_is_saved_under_is_the_reason(home: Path, name: str) -> None:
    status, _, said = pull(repository(FIRST, FILES | {name: CONFIG}))
    assert status == 1
    assert "a name that no file is saved under here: in the manifest, let `match` leave it out" in said
    assert said.isprintable()
    assert len(said) < 250


@pytest.mark.parametrize(
    ("status", "advice"),
    [(401, "log in"), (404, "check the manifest"), (408, "try again later"), (429, "try again later")]
    + [(status, "try again later") for status in (500, 502, 503)],
)
def test_what_a_hub_answers_says_what_to_do(home: Path, status: int, advice: str) -> None:
    with serving(Server({}, refusal=status)) as hub:
        said = pull_at(hub.address)[2]
    assert f"the hub answers {status}: " in said
    assert said.endswith(advice) or advice == "log in" in said


@pytest.mark.parametrize("to", ["", "file:///etc/hostname"], ids=["in a circle", "into this machine"])
@pytest.mark.parametrize("asked", ["/api/models/someone/tiny/revision/main?blobs=true", "/someone/tiny/resolve/"])
def test_a_hub_that_sends_one_astray_is_told_from_one_that_is_not_there(home: Path, to: str, asked: str) -> None:
    moved = next(path for path in repository(FIRST) if path.startswith(asked))
    with serving(Server(repository(FIRST), moved={moved: to or moved})) as hub:
        assert "the hub redirects in a way that is not followed: try again later" in pull_at(hub.address)[2]


@pytest.mark.parametrize("pattern", ["*.py", "*", "../*.json", "model.pkl", "*.safetensors/.."])
def test_a_pattern_that_could_bring_a_program_is_refused(home: Path, pattern: str) -> None:
    (home / "models.toml").write_text(ENTRY.replace('"*.json"', f'"{pattern}"'))
    with pytest.raises(models.WeightsError, match=r"models\.tiny\.hub"):
        manifest.read()


def test_git_s_own_hash_is_what_git_says(tmp_path: Path) -> None:
    (tmp_path / "hello").write_bytes(b"hello\n")
    assert digests.git_blob(tmp_path / "hello") == "ce013625030ba8dba906f756967f9e9ca394464a"


def test_a_model_pulled_from_a_hub_is_chosen_and_looks_at_a_photo(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("transformers", reason="the neural extra is not installed")
    from PIL import Image

    from tests.small import captioner_hf

    (made := tmp_path / "made").mkdir()
    captioner_hf.make(made)
    published = {path.name: path.read_bytes() for path in made.iterdir()}
    (home / "models.toml").write_text(ENTRY.replace('"*.json"', '"*.json", "*.txt", "*.jinja"'))
    assert pull(repository(FIRST, published))[0] == 0
    monkeypatch.setattr(choosing, "gpu_plausible", lambda: False)
    Image.new("RGB", (64, 48), "red").save(tmp_path / "photo.png")
    assert main(["look", str(tmp_path / "photo.png"), "What is it?", "--max-tokens", "8", "--json"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["model"] == "tiny"
    assert "captioner: tiny, the best of what is pulled and fits" in captured.err
