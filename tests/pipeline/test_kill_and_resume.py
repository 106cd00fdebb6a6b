"""Killed at any moment and started again, the job goes on from its last finished stage and ends as if nothing had happened."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from small_world import environment, small_config, write_config

from hf_regional.durable import Stages
from hf_regional.pipeline import run

WORK = ".out.work"
STAGES = ("training", "merging", "validation-0", "validation-0.5", "validation-1", "test-0", "test-tuned", "test-1")


def bits(path: Path) -> str:
    """Everything that must not depend on how often the run was killed: the report without its seconds, and all other files."""
    report = {key: value for key, value in json.loads((path / "report.json").read_text()).items() if key != "seconds"}
    report["settings"].pop("output", None)
    files = {name: (path / name).read_bytes() for name in ("model.safetensors", "regional/model.safetensors", "README.md", "regional.json")}
    return repr((json.dumps(report, sort_keys=True), files))


def made(folder: Path) -> dict[str, int]:
    """Finished stage -> when it was made, in ns."""
    return {
        path.parent.name: path.stat().st_mtime_ns for path in (folder / WORK).glob("*/stage.json") if not path.parent.name.startswith(".")
    }


def work_of(folder: Path, pattern: str) -> Callable[[], bool]:
    return lies_in(folder / WORK, pattern)


def lies_in(folder: Path, pattern: str) -> Callable[[], bool]:
    return lambda: any(folder.glob(pattern))


MOMENTS: dict[str, Callable[[Path], Callable[[], bool]]] = {
    "training has begun": lambda folder: work_of(folder, ".training.partial-*"),
    "its weights are being written": lambda folder: work_of(folder, ".training.partial-*/.model.partial-*/model.safetensors"),
    "training is finished": lambda folder: work_of(folder, "training/stage.json"),
    "the first mix is written": lambda folder: work_of(folder, ".merging.partial-*/*/*"),
    "the first β is measured": lambda folder: work_of(folder, "validation-0/stage.json"),
    "the last β is being measured": lambda folder: work_of(folder, "validation-0.5/stage.json"),
    "test is measured": lambda folder: work_of(folder, "test-tuned/stage.json"),
    "delivery has begun": lambda folder: lies_in(folder, ".out.partial-*"),
    "the card is being written": lambda folder: lies_in(folder, ".out.partial-*/regional.json"),
}


@pytest.mark.slow
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_killed_run_ends_as_one_that_was_not(moment, finished, base, pictures, tmp_path):
    config = write_config(tmp_path / "run.yaml", small_config(base, pictures, tmp_path / "out"))
    happened = kill_when(config, MOMENTS[moment](tmp_path))
    if not happened:
        pytest.skip(f"the run was over before it was seen that {moment}")
    assert not (tmp_path / "out").exists(), "nothing half-written under the final name"
    before = made(tmp_path)
    seen: dict[str, int] = {}
    remember(seen, tmp_path, lambda: run(config, progress=False))
    assert {name: seen[name] for name in before} == before, "a finished stage was made again"
    assert bits(tmp_path / "out") == bits(finished.path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "run.yaml"], "what the killed run left is gone"


@pytest.mark.slow
def test_killed_again_and_again_it_still_ends(finished, base, pictures, tmp_path):
    """Each start gets a little further; the sum of all is one run."""
    config = write_config(tmp_path / "run.yaml", small_config(base, pictures, tmp_path / "out"))
    kills = sum(
        kill_when(config, work_of(tmp_path, f"{stage}/stage.json")) for stage in ("training", "merging", "validation-0.5", "test-0")
    )
    assert kills >= 2
    run(config, progress=False)
    assert bits(tmp_path / "out") == bits(finished.path)


@pytest.mark.slow
def test_an_interrupt_says_how_to_go_on(base, pictures, tmp_path):
    config = write_config(tmp_path / "run.yaml", small_config(base, pictures, tmp_path / "out"))
    if not kill_when(config, work_of(tmp_path, ".training.partial-*"), signal.SIGINT, log := tmp_path / "log"):
        pytest.skip("the run was over too early")
    assert "Call it again to go on from the last finished stage." in log.read_text()
    assert not list((tmp_path / WORK).glob(".training.partial-*")), "an interrupt clears up behind itself"


def test_a_stage_that_was_cut_short_is_made_again(tmp_path):
    calls: list[str] = []

    def work(folder: Path) -> None:
        calls.append("made")
        (folder / "deep").mkdir()
        (folder / "deep" / "rows.parquet").write_bytes(b"0123456789")

    stages = Stages(tmp_path / "work")
    rows = stages.run("rows", {"seed": 0}, work) / "deep" / "rows.parquet"
    stages.run("rows", {"seed": 0}, work)
    assert calls == ["made"]
    rows.write_bytes(b"01234")  # truncated
    stages.run("rows", {"seed": 0}, work)
    assert rows.read_bytes() == b"0123456789"
    rows.unlink()  # lost
    stages.run("rows", {"seed": 0}, work)
    (tmp_path / "work" / "rows" / "stage.json").write_text('{"key": ')  # its own record truncated
    stages.run("rows", {"seed": 0}, work)
    stages.run("rows", {"seed": 1}, work)  # another key
    assert calls == ["made"] * 5


def test_damaged_stages_of_a_killed_run_are_made_again(finished, base, pictures, tmp_path, monkeypatch):
    config = small_config(base, pictures, tmp_path / "out")
    stop_before_delivery(monkeypatch, config)
    assert set(made(tmp_path)) >= {"training", "merging", "validation-0", "validation-1", "test-0", "test-tuned"}
    weights, rows = tmp_path / WORK / "training/model/model.safetensors", tmp_path / WORK / "validation-0.5/rows.parquet"
    for path in (weights, rows):
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    monkeypatch.undo()
    run(config, progress=False)
    assert bits(tmp_path / "out") == bits(finished.path)


def test_stages_of_another_corpus_are_not_taken(base, pictures, tmp_path, monkeypatch):
    """One pixel of one picture is enough, though name and caption stay."""
    import shutil

    from PIL import Image

    mine = shutil.copytree(pictures, tmp_path / "pictures")
    config = small_config(base, mine, tmp_path / "out")
    stop_before_delivery(monkeypatch, config)
    before = made(tmp_path)
    picture = Image.open(mine / "idn-merah-0.png")
    picture.putpixel((0, 0), (255, 255, 255))
    picture.save(mine / "idn-merah-0.png")
    stop_before_delivery(monkeypatch, config)
    assert made(tmp_path)["training"] > before["training"]


def test_a_run_that_was_killed_after_its_delivery_is_tidied_by_the_next_call(base, pictures, tmp_path, monkeypatch):
    config = small_config(base, pictures, tmp_path / "out")
    monkeypatch.setattr(Stages, "forget", lambda stages: None)  # killed before it could clear up
    first = run(config, progress=False)
    assert (tmp_path / WORK).is_dir()
    monkeypatch.undo()
    assert run(config, progress=False).report == first.report
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def stop_before_delivery(monkeypatch, config: dict) -> None:
    """Run the job up to its last step, and stop there as an interrupt would."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("hf_regional.pipeline.job._deliver", stop)
    with pytest.raises(KeyboardInterrupt):
        run(config, progress=False)


def kill_when(config: Path, happens: Callable[[], bool], how: signal.Signals = signal.SIGKILL, log: Path | None = None) -> bool:
    """Start the run as a process and kill it as soon as something is seen on disk; False where it ended before that."""
    with (log or Path(os.devnull)).open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "hf_regional", "run", str(config), "--quiet"], stderr=out, stdout=out, env=environment()
        )
        while process.poll() is None and not happens():
            time.sleep(0.0005)
        killed = process.poll() is None
        process.send_signal(how)
        process.wait(60)
        assert killed or process.returncode == 0, "the run failed by itself"
    return killed and not (config.parent / "out").exists()


def remember(seen: dict[str, int], folder: Path, work: Callable[[], object]) -> None:
    """Do some work, and note every stage's time just before its folder is cleared away."""
    forget = Stages.forget

    def noting(stages: Stages) -> None:
        seen.update(made(folder))
        forget(stages)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Stages, "forget", noting)
        work()
