"""Merges that are killed, stopped, robbed of their folder or run twice at once: the output is there whole or not at all."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from forked_merges import ENVIRONMENT, End, Merges, places
from weight_folders import write_folder

from hf_regional.durable import file_sha256

BETAS = [0.25, 0.5]
OTHERS = [0.75, 1.0]
FEW = 16  # of the things that a merge does to the disk, in the fast suite; with -m slow before every one


def two_models(folder: Path, values: int) -> tuple[Path, Path]:
    """A base of six shards with what stands beside it, and a regional model of two: twelve tensors of so many values, and small ones."""
    chance = torch.Generator().manual_seed(0)
    base = {f"layers.{place}.weight": torch.randn(values, generator=chance) for place in range(6)}
    base |= {f"layers.{place}.bias": torch.randn(values, generator=chance).bfloat16() for place in range(6)}
    base |= {f"layers.{place}.steps": torch.tensor([place]) for place in range(6)}
    write_folder(folder / "base", base, shards=6)
    (folder / "base" / "tokenizer.json").write_text('{"model": {}}' + " " * 100_000)
    (folder / "base" / "more").mkdir()
    (folder / "base" / "more" / "vocab.txt").write_text("a\nb\n")
    region = {name: one if one.dtype == torch.int64 else one + 0.1 * torch.randn(values, generator=chance) for name, one in base.items()}
    write_folder(folder / "regional", {name: one.to(base[name].dtype) for name, one in region.items()}, shards=2)
    return folder / "base", folder / "regional"


def files_of(folder: Path) -> dict[str, bytes]:
    """Every file of a folder, the record of how it was made too."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


class World:
    """Two small models, an empty place for the output, the process that merges, and what it makes when nobody disturbs it."""

    def __init__(self, folder: Path, place: Path, merges: Merges) -> None:
        self.base, self.regional = two_models(folder / "models", 3_000)
        self.place, self.out, self._merges = place, place / "out", merges
        self._inputs = {**files_of(self.base), "regional": files_of(self.regional)}
        self.merge(OTHERS)
        self.others = self.taken()
        end = self.merge()
        assert end.is_well, end
        self.done = end.done
        self.expected = self.taken()
        assert len(self.expected) == 2 * (6 + 5), f"six shards and five files beside them, twice: {[*self.expected]}"

    def merge(self, betas: list[float] = BETAS, at: int = 0, act: str = "", other: list[float] | None = None) -> End:
        """Merge, or try to."""
        end = self._merges.merge(self.base, self.regional, betas, self.out, at=at, act=act, other=other)
        assert {**files_of(self.base), "regional": files_of(self.regional)} == self._inputs, "an input was touched"
        return end

    def taken(self) -> dict[str, bytes]:
        """The output, which is removed; nothing may stand beside it."""
        assert self.beside() == []
        files = files_of(self.out)
        shutil.rmtree(self.out)
        return files

    def beside(self) -> list[str]:
        """What stands beside the output."""
        return sorted(path.name for path in self.place.iterdir() if path != self.out)

    def require_whole_or_absent(self) -> None:
        assert not self.out.exists() or files_of(self.out) == self.expected


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    (tmp_path / "place").mkdir()
    with Merges(tmp_path / "place") as merges:
        yield World(tmp_path, tmp_path / "place", merges)


@pytest.mark.parametrize("most", [FEW, pytest.param(1000, marks=pytest.mark.slow)])
def test_killed_before_anything_that_it_does_to_the_disk_the_same_call_goes_on_to_the_same_result(world, most):
    kept = Counter[int]()
    for at in places(world.done, most):
        assert world.merge(at=at, act="kill").signal in (0, signal.SIGKILL)  # threads: one thing more or less
        world.require_whole_or_absent()
        finished = not world.out.exists()
        before = written(world.place)
        again = world.merge()
        assert again.is_well == finished, again
        assert finished or "OutputExistsError" in again.error
        kept[len(before & written(world.out))] += 1
        assert world.taken() == world.expected, f"killed before the {at}th of {world.done}"
    # Taken up, not begun anew: the later the kill, the more of the twelve files are left as they were.
    assert {0, 12} < kept.keys()


def written(folder: Path) -> set[tuple[str, int, int]]:
    """Files of weights, each with what shows that it was not written again."""
    files = {file: file.stat() for file in folder.rglob("*.safetensors")}
    return {(file.name, facts.st_ino, facts.st_mtime_ns) for file, facts in files.items()}


@pytest.mark.parametrize("most", [FEW, pytest.param(1000, marks=pytest.mark.slow)])
def test_killed_twice_it_goes_on_all_the_same(world, most):
    chance = random.Random(0)
    for _ in places(world.done, most):
        for _ in range(2):
            world.merge(at=chance.randint(1, world.done), act="kill")
            world.require_whole_or_absent()
        world.merge()
        assert world.taken() == world.expected


def test_what_a_killed_merge_left_goes_when_another_one_is_made_in_its_place(world):
    for at in places(world.done, FEW):
        world.merge(OTHERS, at=at, act="kill")
        if world.out.exists():
            shutil.rmtree(world.out)
        assert world.merge().is_well
        assert world.taken() == world.expected


def test_what_changed_since_the_kill_is_read_anew(world):
    world.merge(at=world.done - 10, act="kill")
    assert written(world.place)
    file = world.regional / "model-00001-of-00002.safetensors"
    later = file.stat().st_mtime_ns + 10**9
    os.utime(file, ns=(later, later))
    before = written(world.place)
    assert world.merge().is_well
    assert not before & written(world.out)
    assert world.taken() == world.expected


@pytest.mark.parametrize("most", [FEW, pytest.param(1000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("other", [BETAS, OTHERS], ids=["the same", "another"])
def test_of_two_merges_to_one_place_one_is_made_and_the_other_is_told(world, other, most):
    winners = Counter[str]()
    for at in places(world.done, most):
        first = world.merge(at=at, act="stop", other=other)
        second = first.other
        if second is None:  # it ended before
            assert first.is_well
        else:
            assert first.is_well != second.is_well, (first, second)
            told = first.error or second.error
            assert "CannotWriteError: another process is writing" in told or "OutputExistsError" in told
            assert str(world.out) in told
        winners["first" if first.is_well else "second"] += 1
        assert world.taken() == (world.expected if first.is_well or other == BETAS else world.others)
    assert winners.keys() == {"first", "second"}


@pytest.mark.parametrize("most", [FEW, pytest.param(1000, marks=pytest.mark.slow)])
def test_a_place_that_vanishes_is_one_clear_error(world, most):
    for at in places(world.done, most):
        end = world.merge(at=at, act="remove")
        if end.is_well:  # before the first step, or after the last
            world.require_whole_or_absent()
        else:
            assert end.error.startswith(f"CannotWriteError: cannot write {world.out}: ")
            assert "vanished" in end.error or "No such file" in end.error
        world.place.mkdir(exist_ok=True)
        assert world.beside() == []
        shutil.rmtree(world.out, ignore_errors=True)
        assert world.merge().is_well
        assert world.taken() == world.expected


# ---- disks of our own ----


def mounted(disk: Path, *command: str | Path) -> None:
    if os.geteuid() != 0 or not shutil.which("mount"):
        pytest.skip("only root may mount a disk")
    disk.mkdir(exist_ok=True)
    done = subprocess.run(["mount", *command, disk], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"no disk can be mounted here: {done.stderr.strip()}")


@pytest.fixture(params=["memory", "ext4"])
def small_disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """A world whose place is a disk of 4 MB, and 16 for ext4, with room for 300 files."""
    disk = tmp_path / "disk"
    if request.param == "memory":
        mounted(disk, "-t", "tmpfs", "-o", "size=4m,nr_inodes=300", "none")
    else:
        if not shutil.which("mkfs.ext4"):
            pytest.skip("no mkfs.ext4")
        with (tmp_path / "image").open("wb") as image:
            image.truncate(16 << 20)
        subprocess.run(["mkfs.ext4", "-q", "-N", "300", tmp_path / "image"], check=True)
        mounted(disk, "-o", "loop", tmp_path / "image")
    try:
        place = disk / "place"  # beside lost+found
        place.mkdir()
        with Merges(place) as merges:
            yield World(tmp_path, place, merges)
    finally:
        subprocess.run(["umount", disk], check=True)


@pytest.mark.parametrize("act", ["fill", "crowd"])
def test_a_disk_that_fills_up_meanwhile_is_one_clear_error(small_disk, act):
    world, ends = small_disk, Counter[bool]()
    for at in places(world.done, FEW):
        end = world.merge(at=at, act=act)
        ends[end.is_well] += 1
        if end.is_well:
            assert files_of(world.out) == world.expected
        else:
            full = "No space left on device" in end.error and end.error.startswith(f"CannotWriteError: cannot write {world.out}")
            assert full or "bytes and" in end.error, end.error  # counted before the first byte
            assert not world.out.exists()
        assert world.beside() in ([], ["filler"])
        remove_filler(world.place)
        shutil.rmtree(world.out, ignore_errors=True)
        assert world.merge().is_well
        assert world.taken() == world.expected
    assert ends[False] > 3


def remove_filler(place: Path) -> None:
    shutil.rmtree(place / "filler") if (place / "filler").is_dir() else (place / "filler").unlink(missing_ok=True)


def test_a_disk_that_takes_no_writes_is_one_clear_error(tmp_path):
    two_models(tmp_path, 10)
    mounted(tmp_path / "disk", "-t", "tmpfs", "-o", "ro", "none")
    try:
        end = ended(command("disk/out"), tmp_path)
        assert end == "hf_regional.errors.CannotWriteError: cannot write disk/out: Read-only file system", end
        assert ended(command("disk/deep/out"), tmp_path).startswith(
            "hf_regional.errors.CannotWriteError: cannot write disk/deep/out: Read-only"
        )
    finally:
        subprocess.run(["umount", tmp_path / "disk"], check=True)


def test_a_mount_point_is_refused_before_the_work(tmp_path):
    two_models(tmp_path, 10)
    mounted(tmp_path / "disk", "-t", "tmpfs", "none")
    try:
        assert "CannotWriteError: disk is a mount point" in ended(command("disk"), tmp_path)
        assert ended(command("disk/merged"), tmp_path) == ""
    finally:
        subprocess.run(["umount", tmp_path / "disk"], check=True)


# ---- whole processes ----


def command(out: str, betas: list[float] = BETAS, before: str = "") -> list[str]:
    code = f"from hf_regional.merging import merge_checkpoints\n{before}\nmerge_checkpoints('base', 'regional', {betas}, {out!r})"
    return [sys.executable, "-c", code]


def begun(arguments: list[str], folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(arguments, cwd=folder, env=ENVIRONMENT, text=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def ended(arguments: list[str], folder: Path) -> str:
    """The last words of a process on its errors, without the advice: nothing where all went well."""
    with begun(arguments, folder) as process:
        _, message = process.communicate(timeout=300)
    assert bool(process.returncode) == bool(message), message
    return message.strip().splitlines()[-1].split(". ")[0] if message else ""


def digests(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): file_sha256(path) for path in folder.rglob("*") if path.is_file()}


def wait_for_weights(folder: Path, process: subprocess.Popen[str]) -> None:
    """Until the first bytes of weights are somewhere below the folder."""
    while process.poll() is None and not any(file.stat().st_size for file in list(folder.glob(".out*/**/*.safetensors"))):
        time.sleep(0.001)
    assert process.poll() is None, process.communicate()[1]


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=lambda sent: sent.name)
def test_told_to_end_it_ends_and_the_same_call_makes_the_result(sent, tmp_path):
    two_models(tmp_path, 1_000_000)
    inputs = digests(tmp_path)
    many = [place / 16 for place in range(1, 16)]
    with begun(command("out", many), tmp_path) as process:
        wait_for_weights(tmp_path, process)
        process.send_signal(sent)
        assert process.wait(timeout=60) == -sent
    left = sorted(path.name for path in tmp_path.iterdir() if path.name not in ("base", "regional"))
    assert len(left) == 1  # to be stopped is a kill: what is finished stays, for the same call to go on from
    assert left[0].startswith(".out.")
    assert ended(command("out", BETAS), tmp_path) == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == ["base", "out", "regional"]
    assert ended(command("again", BETAS), tmp_path) == ""
    assert digests(tmp_path / "again") == digests(tmp_path / "out")
    assert {name: digest for name, digest in digests(tmp_path).items() if not name.startswith(("out", "again"))} == inputs


def test_a_limit_on_the_size_of_files_is_one_clear_error(tmp_path):
    two_models(tmp_path, 1_000_000)
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (3_000_000, 3_000_000))"
    assert ended(command("out", before=limit), tmp_path) == "hf_regional.errors.CannotWriteError: cannot write out: File too large"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["base", "regional"]


def test_a_closed_parent_is_one_clear_error(tmp_path):
    two_models(tmp_path, 10)
    (tmp_path / "closed").mkdir(mode=0o555)
    for path in (*tmp_path.rglob("*.safetensors"), tmp_path, *tmp_path.parents[:2]):  # of pytest, which lets nobody else in
        path.chmod(0o755)
    # Root may write anywhere, so it becomes nobody first, who may not even import.
    nobody = "import os; merge_checkpoints('base', 'regional', 0.5, 'warm')\nif os.geteuid() == 0: os.setuid(65534)"
    for out in ("closed/out", "closed/deep/out"):
        shutil.rmtree(tmp_path / "warm", ignore_errors=True)
        end = ended(command(out, before=nobody), tmp_path)
        assert end.startswith(f"hf_regional.errors.CannotWriteError: cannot write {out}: Permission denied")
    assert list((tmp_path / "closed").iterdir()) == []


@pytest.mark.parametrize("betas", [BETAS, OTHERS], ids=["the same", "another"])
def test_of_two_processes_that_begin_at_once_one_wins_and_the_other_is_told(betas, tmp_path):
    two_models(tmp_path, 500_000)
    waiting = "import time, hf_regional.merging.merge\nfrom pathlib import Path\nwhile not Path('go').exists(): time.sleep(0.001)"
    processes = [begun(command("place/out", wish, waiting), tmp_path) for wish in (BETAS, betas)]
    (tmp_path / "go").touch()
    ends = [process.communicate(timeout=120)[1] for process in processes]
    assert sorted(process.returncode for process in processes) == [0, 1], ends
    told = next(filter(None, ends)).splitlines()[-1]
    assert "CannotWriteError: another process is writing" in told or "OutputExistsError" in told
    won = BETAS if processes[0].returncode == 0 else betas
    assert [path.name for path in (tmp_path / "place").iterdir()] == ["out"]
    assert ended(command("again", won), tmp_path) == ""
    assert digests(tmp_path / "again") == digests(tmp_path / "place" / "out")


@pytest.mark.slow
def test_killed_at_50_random_instants_the_same_command_goes_on_to_the_same_result(tmp_path):
    two_models(tmp_path, 2_000_000)  # 72 MB a model, and as much for each of three mixes
    betas = [0.25, 0.5, 0.75]
    inputs = digests(tmp_path)
    assert ended(command("out", betas), tmp_path) == ""  # with what the machine keeps in memory afterwards
    expected = digests(tmp_path / "out")
    shutil.rmtree(tmp_path / "out")
    start = time.monotonic()
    assert ended(command("out", betas), tmp_path) == ""
    whole = time.monotonic() - start
    shutil.rmtree(tmp_path / "out")
    chance, met = random.Random(4), Counter[str]()
    for instant in [chance.uniform(0, whole) for _ in range(50)]:
        with begun(command("out", betas), tmp_path) as process:
            time.sleep(instant)
            process.kill()
        state = "whole" if (tmp_path / "out").exists() else "in the middle" if list(tmp_path.glob(".out*")) else "nothing"
        met[state] += 1
        assert state != "whole" or digests(tmp_path / "out") == expected
        end = ended(command("out", betas), tmp_path)
        assert "OutputExistsError" in end if state == "whole" else end == ""
        assert digests(tmp_path / "out") == expected
        shutil.rmtree(tmp_path / "out")
        assert sorted(path.name for path in tmp_path.iterdir()) == ["base", "regional"]
        assert digests(tmp_path) == inputs
    assert met["in the middle"] > 5, met
