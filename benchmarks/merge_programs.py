"""Programs: two checkpoints in, the commands that merge them out: mergekit's, ours in its several ways, and those that only move bytes."""

import json
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

BETA: Final = 0.4
BETAS: Final = (0.2, 0.4, 0.6, 0.8)
PEER: Final = "mergekit"
PEER_PINS: Final = ("torch==2.13.0", "mergekit==0.1.5")
_HERE: Final = Path(__file__).resolve().parent
_DTYPES: Final = {"bf16": "bfloat16", "fp32": "float32"}
_STREAMS: Final = sorted({1, min(4, os.cpu_count() or 1)})
# The last line says whether torch was loaded on the way.
_CALL: Final = """
import json, sys
from hf_regional.merging import merge_checkpoints
merge_checkpoints(*json.loads(sys.argv[1]), **json.loads(sys.argv[2]))
print(json.dumps({"torch": "torch" in sys.modules}))
"""
_START: Final = (
    "from hf_regional.merging.methods import find_method; from hf_regional.merging import merge_checkpoints; find_method('linear')"
)
_METHODS: Final = """
import json
from hf_regional.merging import methods
methods.find_method("linear")
print(json.dumps({name: one.fewest for name, one in methods._REGISTRY.items() if name != "linear"}))
"""


@dataclass(frozen=True, slots=True)
class Program:
    """One thing to run: the command, what it reads, where it writes, and in how many of the rounds."""

    name: str
    command: Callable[[Path], list[str]]  # from the output folder
    inputs: tuple[Path, ...]
    output: Path
    settings: dict[str, str] = field(default_factory=dict[str, str])
    rounds: int | None = None  # None: in all


@dataclass(frozen=True, slots=True)
class Task:
    """What is merged in a run of the benchmark: folders of one dtype, and where to work."""

    dtype: str
    inputs: Path
    work: Path
    peer: Path | None
    memory: Path | None  # an output folder on a file system in memory

    @property
    def base(self) -> Path:
        """The global checkpoint."""
        return self.inputs / "base"

    def region(self, number: int = 1) -> Path:
        """A regional checkpoint."""
        return self.inputs / f"region-{number}"

    def output(self, name: str) -> Path:
        """Where a program writes."""
        return self.work / f"out-{self.dtype}" / name.replace(" ", "-").replace("/", "-")


def install_peer(folder: Path) -> None:
    """An environment of its own for mergekit; one that is there is left as it is."""
    if (folder / "bin" / "mergekit-yaml").is_file():
        return
    venv.create(folder, with_pip=True)
    for pin in PEER_PINS:  # torch first: unpinned, it would bring gigabytes of GPU wheels
        subprocess.run([str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", pin], check=True)


def versions(python: str, *names: str) -> dict[str, str]:
    """Versions of installed packages, as another interpreter sees them."""
    code = "import json, sys, importlib.metadata as m; print(json.dumps({n: m.version(n) for n in sys.argv[1:]}))"
    return json.loads(subprocess.run([python, "-c", code, *names], check=True, capture_output=True, text=True).stdout)


def methods() -> dict[str, int]:
    """The other methods of ours that are there, with the fewest regional models that each takes."""
    return json.loads(subprocess.run([sys.executable, "-c", _METHODS], check=True, capture_output=True, text=True).stdout)


def write_inputs(task: Task, scale: float, regions: int) -> None:
    """Make the checkpoints in a process of its own, for its memory's sake."""
    words = [str(task.inputs), "--dtype", task.dtype, "--scale", str(scale), "--regions", str(regions)]
    subprocess.run([sys.executable, str(_HERE / "merge_inputs.py"), *words], check=True)


def merges(task: Task, *, sweeps: int) -> list[Program]:
    """Linear merges: mergekit's and ours. `sweeps`: in how many rounds mergekit runs at the other three β too."""
    pair = (task.base, task.region())
    found = [
        _ours(task, "ours", pair, BETA, hash_inputs=False),
        _ours(task, "ours + sha256", pair, BETA),
        _console(task),
        _ours(task, "ours, buffered", pair, BETA, hash_inputs=False, settings={"HF_REGIONAL_DIRECT_IO": "0"}),
        _ours(task, "ours, 4 betas", pair, [*BETAS], hash_inputs=False),
        Program("ours, start-up", lambda _: [sys.executable, "-c", _START], (), task.output("start-up")),
    ]
    if task.memory:
        found.append(_ours(task, "ours, to memory", pair, BETA, hash_inputs=False, output=task.memory))
    if task.peer:
        found.append(_peer(task, PEER, BETA))
        found += [_peer(task, f"{PEER} {beta:g}", beta, rounds=sweeps) for beta in BETAS if beta != BETA]
        found.append(_peer(task, f"{PEER} --async-write", BETA, "--async-write", rounds=sweeps))
    return found


def other_methods(task: Task, known: dict[str, int], *, rounds: int) -> list[Program]:
    """Ours by every other method, each with as few regional models as it takes."""
    return [
        _ours(
            task,
            f"ours, method {name}",
            (task.base, *(task.region(number) for number in range(1, fewest + 1))),
            BETA,
            hash_inputs=False,
            method=name,
            rounds=rounds,
        )
        for name, fewest in known.items()
    ]


def limits(task: Task, size: int) -> list[Program]:
    """What only reads both inputs, and what only writes `size` bytes where the merges write."""
    files = [str(file) for folder in (task.base, task.region()) for file in sorted(folder.glob("*.safetensors"))]
    program = [sys.executable, str(_HERE / "merge_limits.py")]
    found: list[Program] = []
    place = task.output("written").parent
    place.mkdir(parents=True, exist_ok=True)
    ways = {"buffered": list[str](), **({"direct": ["--direct"]} if takes_direct(place) else {})}
    for streams in _STREAMS:
        read = [*program, "read", *files, "--streams", str(streams)]
        found.append(Program(f"read, {streams}", lambda _, read=read: read, (task.base, task.region()), task.output("read")))
        for how, flag in ways.items():
            words = ["--bytes", str(size), "--streams", str(streams), *flag]
            output = task.output(f"written-{how}")
            found.append(Program(f"write {how}, {streams}", lambda out, words=words: [*program, "write", str(out), *words], (), output))
    return found


def takes_direct(folder: Path) -> bool:
    """Whether files there can be opened past the page cache."""
    try:
        handle = os.open(folder / "direct", os.O_WRONLY | os.O_CREAT | os.O_DIRECT, 0o600)
    except OSError:
        return False
    else:
        os.close(handle)
        return True
    finally:
        (folder / "direct").unlink(missing_ok=True)


def memory_folder(asked: Path | None, size: int, inputs: int) -> Path | None:
    """A folder for outputs in memory, if there is room for `size` bytes beside the cached inputs."""
    if asked is None or not asked.is_dir() or shutil.disk_usage(asked).free < 1.2 * size:
        return None
    available = next(line for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines() if line.startswith("MemAvailable"))
    if int(available.split()[1]) * 1024 < 1.2 * (size + inputs):
        return None
    return asked / f"hf-regional-merge-{os.getpid()}"


def _ours(
    task: Task,
    name: str,
    models: tuple[Path, ...],
    beta: float | list[float],
    *,
    hash_inputs: bool = True,
    method: str = "linear",
    settings: dict[str, str] | None = None,
    output: Path | None = None,
    rounds: int | None = None,
) -> Program:
    regions = [str(model) for model in models[1:]]
    regional = regions[0] if len(regions) == 1 else regions
    options = json.dumps({"hash_inputs": hash_inputs, "method": method})

    def command(out: Path) -> list[str]:
        return [sys.executable, "-c", _CALL, json.dumps([str(models[0]), regional, beta, str(out)]), options]

    return Program(name, command, models, output or task.output(name), settings or {}, rounds)


def _console(task: Task) -> Program:
    words = [sys.executable, "-m", "hf_regional", "merge", str(task.base), str(task.region())]
    return Program(
        "ours, console",
        lambda out: [*words, str(out), "--beta", str(BETA)],
        (task.base, task.region()),
        task.output("console"),
    )


def _peer(task: Task, name: str, beta: float, *flags: str, rounds: int | None = None) -> Program:
    # A JSON document is a YAML document.
    models = [
        {"model": str(model.absolute()), "parameters": {"weight": weight}}
        for model, weight in ((task.base, round(1 - beta, 12)), (task.region(), beta))
    ]
    wish = task.work / f"{task.dtype}-{beta:g}.yaml"
    wish.parent.mkdir(parents=True, exist_ok=True)
    wish.write_text(json.dumps({"merge_method": "linear", "models": models, "dtype": _DTYPES[task.dtype]}), encoding="utf-8")
    tool = task.peer / "bin" / "mergekit-yaml" if task.peer else Path("mergekit-yaml")
    return Program(
        name,
        lambda out: [str(tool), str(wish), str(out), "--no-copy-tokenizer", "--quiet", *flags],
        (task.base, task.region()),
        task.output(name),
        {"PYTHONPATH": ""},  # the environment of its own sees nothing of ours
        rounds,
    )
