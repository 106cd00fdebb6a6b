"""A full disk, a file-size limit, a place that cannot be written: one clear line, exit code 1, and nothing under the final name."""

import json
import os
import re
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from small_world import environment, make_siglip, small_config, write_config

from hf_regional.errors import CannotWriteError, OutputExistsError, RegionalError
from hf_regional.pipeline import run

KB = 1000


@pytest.fixture(scope="module")
def wide_base(tmp_path_factory) -> Path:
    """A model of 400 KB, larger than any other file that a run writes."""
    folder = make_siglip(tmp_path_factory.mktemp("wide") / "wide-siglip", width=96)
    assert (folder / "model.safetensors").stat().st_size > 400 * KB
    return folder


def refused(config: Path, **options) -> str:
    """The one line with which the command refuses."""
    words = [sys.executable, "-m", "hf_regional", "run", str(config), "--quiet"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=environment(), **options)
    assert done.returncode == 1, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    line = done.stderr.splitlines()[-1]
    assert line.startswith("hf-regional run: ")
    return line


def limited(size: int):
    """For a child process: no file may grow beyond `size` bytes."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


@pytest.mark.slow
def test_a_file_size_limit_below_the_model_ends_clearly(wide_base, pictures, tmp_path):
    config = write_config(tmp_path / "run.yaml", small_config(wide_base, pictures, tmp_path / "out"))
    run_once_for_the_cache(wide_base, pictures, tmp_path)
    line = refused(config, preexec_fn=limited(300 * KB))
    assert "training" in line
    assert "free some space or choose another output" in line.lower()
    assert not (tmp_path / "out").exists()
    assert not list(tmp_path.rglob("*.safetensors"))
    # with the limit gone the same command ends well
    assert run(config, progress=False).path == tmp_path / "out"


@pytest.mark.slow
@pytest.mark.parametrize("room", [300 * KB, 700 * KB, 1_500 * KB])
def test_a_small_file_system_that_fills_up_ends_clearly(wide_base, pictures, tmp_path, room):
    """Full while training is saved, while mixes are merged, and while the result is delivered."""
    with mounted(tmp_path / "disk", room) as disk:
        run_once_for_the_cache(wide_base, pictures, tmp_path)
        config = write_config(tmp_path / "run.yaml", small_config(wide_base, pictures, disk / "out"))
        line = refused(config)
        assert re.search("No space left|needs [0-9]+ bytes and [0-9]+ are free|full", line), line
        assert not (disk / "out").exists()
        assert not [path for path in disk.rglob("*") if ".partial-" in path.name]


def test_a_file_in_the_way_of_the_folder_is_named(base, pictures, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(RegionalError, match=r"notes\.txt"):
        run(small_config(base, pictures, tmp_path / "notes.txt" / "out"), progress=False)
    with pytest.raises(OutputExistsError, match=r"notes\.txt"):
        run(small_config(base, pictures, tmp_path / "notes.txt"), progress=False)
    assert (tmp_path / "notes.txt").read_text() == "mine"


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="no /proc here")
def test_a_place_that_cannot_be_written_is_refused_before_any_work(base, pictures):
    with pytest.raises(CannotWriteError, match="/proc/no-such-folder/out"):
        run(small_config(base, pictures, Path("/proc/no-such-folder/out")), progress=False)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_closed_folder_is_refused_before_any_work(base, pictures, tmp_path):
    (tmp_path / "closed").mkdir(mode=0o500)
    with pytest.raises(CannotWriteError, match="closed/out"):
        run(small_config(base, pictures, tmp_path / "closed" / "out"), progress=False)


def test_a_result_that_was_damaged_is_named(base, pictures, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "report.json").write_text('{"schema_version": 1, ')
    with pytest.raises(RegionalError, match=r"report\.json is no JSON"):
        run(small_config(base, pictures, tmp_path / "out"), progress=False)


def run_once_for_the_cache(base: Path, pictures: Path, folder: Path) -> None:
    """`datasets` keeps what it built: the limit is to meet the output, not the corpus."""
    config = write_config(folder / "dry.yaml", small_config(base, pictures, folder / "dry"))
    done = subprocess.run(
        [sys.executable, "-m", "hf_regional", "run", str(config), "--dry-run", "--json"],
        capture_output=True,
        text=True,
        check=True,
        env=environment(),
    )
    assert json.loads(done.stdout)["steps"] == 12


class mounted:  # noqa: N801 - used like open()
    """A tmpfs of so many bytes; skips the test where mounting is not permitted."""

    def __init__(self, folder: Path, size: int) -> None:
        self.folder, self.size = folder, size

    def __enter__(self) -> Path:
        if not shutil.which("mount"):
            pytest.skip("no mount command")
        self.folder.mkdir()
        words = ["mount", "-t", "tmpfs", "-o", f"size={self.size}", "tmpfs", str(self.folder)]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"a small file system cannot be mounted here: {done.stderr.strip()}")
        return self.folder

    def __exit__(self, *_: object) -> None:
        subprocess.run(["umount", str(self.folder)], check=True)
