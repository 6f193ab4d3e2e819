"""The house plan, kept: who may import whom, and that nothing heavy is loaded before it is needed."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("devices", "pipelines", "assistant")
HEAVY = {
    "torch", "cv2", "onnxruntime", "transformers", "rapidocr", "ai_edge_litert", "sounddevice", "soundfile",
    "faster_whisper", "piper", "llama_cpp", "openvino", "httpx", "websockets", "livekit", "aiomqtt", "paho",
}  # fmt: skip
PIPELINES_MAY = {"devices.media", "devices.lines", "devices.proxies", "devices.quiet", "devices.threads"}


def _modules(room: str) -> list[Path]:
    return sorted((ROOT / room).rglob("*.py"))


def _imports(path: Path, top_level_only: bool = False) -> set[str]:
    """The full names of all modules that a file imports; `from a import b` gives `a` and `a.b`."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = tree.body if top_level_only else list(ast.walk(tree))
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found |= {str(node.module)} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def _ours(names: set[str], room: str) -> set[str]:
    return {name for name in names if name == room or name.startswith(room + ".")}


@pytest.mark.parametrize("path", _modules("devices"), ids=str)
def test_devices_know_nobody_else(path: Path) -> None:
    assert not _ours(_imports(path), "pipelines") | _ours(_imports(path), "assistant")


@pytest.mark.parametrize("path", _modules("pipelines"), ids=str)
def test_pipelines_know_of_devices_only_what_any_room_may_share(path: Path) -> None:
    names = _imports(path)
    assert not _ours(names, "assistant")
    strangers = {name for name in _ours(names, "devices") if not name.startswith(tuple(PIPELINES_MAY))}
    assert strangers <= {"devices"}


def test_there_is_no_import_circle() -> None:
    files = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for room in ROOMS for path in _modules(room)}
    graph = {name: _imports(path, top_level_only=True) & files.keys() for name, path in files.items()}
    while leaves := {name for name, needs in graph.items() if not needs & graph.keys()}:
        graph = {name: needs for name, needs in graph.items() if name not in leaves}
    assert not graph, f"a circle among {sorted(graph)}"


@pytest.mark.parametrize("path", [path for room in ROOMS for path in _modules(room)], ids=str)
def test_every_module_says_what_it_is_for(path: Path) -> None:
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    assert docstring or path.name == "__init__.py"


@pytest.mark.parametrize("path", [*_modules("pipelines"), *_modules("assistant")], ids=str)
def test_transformers_is_imported_by_one_thread_at_a_time(path: Path) -> None:
    """Within `loading`, then, which holds the lock: two imports at once leave weights out."""
    assert not _ours(_imports(path, top_level_only=True), "transformers")


@pytest.mark.parametrize(
    "command",
    [
        "import assistant.cli; assistant.cli._parser()",
        "import assistant.cli; assistant.cli.main(['check', 'configs/desktop.toml'])",
        "from pipelines import backends; [backends.find(kind, name) for kind in backends.REGISTRY "
        "for name in backends.REGISTRY[kind]]",
    ],
)
def test_help_and_check_load_nothing_heavy(command: str) -> None:
    script = f"{command}\nimport sys; print(sorted(set({sorted(HEAVY)}) & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]", done.stderr


def test_help_reads_no_configuration() -> None:
    """It is there at once: what takes its time is looked up by the commands that need it."""
    script = (
        "import assistant.cli, sys\ntry: assistant.cli.main(['--help'])\nexcept SystemExit: pass\n"
        "print(sorted({'assistant.config', 'numpy', 'pydantic'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
