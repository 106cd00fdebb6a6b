"""Kills, full disks and large tensors, each in a process of its own; and what importing the room costs."""

import json
import os
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from weight_folders import write_folder

MERGE = "from hf_regional.merging import merge_checkpoints\nmerge_checkpoints('base', 'regional', {beta}, 'out', hash_inputs=False)\n"
ENVIRONMENT = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "HF_HUB_DISABLE_PROGRESS_BARS": "1", "OMP_NUM_THREADS": "1"}


def start(code: str, folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code], cwd=folder, env=ENVIRONMENT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def two_folders(folder: Path, values: int) -> None:
    write_folder(folder / "base", {"w": torch.zeros(values)})
    write_folder(folder / "regional", {"w": torch.ones(values)})


def test_a_kill_in_mid_write_leaves_nothing_under_the_final_name(tmp_path: Path) -> None:
    two_folders(tmp_path, 8_000_000)
    grid = [place / 20 for place in range(1, 20)]  # 19 mixes of 32 MB: long enough to be hit in the middle
    with start(MERGE.format(beta=grid), tmp_path) as process:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and process.poll() is None:
            if any(file.stat().st_size > 4_000_000 for file in tmp_path.glob(".out.resume-*/work/*/*.safetensors")):
                break
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert process.returncode == -signal.SIGKILL
    assert any(tmp_path.glob(".out.resume-*"))
    assert not (tmp_path / "out").exists()


def test_a_full_disk_is_a_clear_error_and_leaves_nothing(tmp_path: Path) -> None:
    two_folders(tmp_path, 2_000_000)  # 8 MB
    limited = "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (3_000_000, 3_000_000))\n"
    with start(limited + MERGE.format(beta=0.5), tmp_path) as process:
        _, message = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "CannotWriteError: cannot write out: File too large" in message
    assert sorted(path.name for path in tmp_path.iterdir()) == ["base", "regional"]


def test_too_little_space_is_found_before_the_first_byte(tmp_path: Path) -> None:
    write_sparse(tmp_path / "huge.safetensors", 8 * 2**40)  # 8 TiB, of which the disk holds the header
    code = MERGE.format(beta=0.5).replace("'base'", "'huge.safetensors'").replace("'regional'", "'huge.safetensors'")
    with start(code, tmp_path) as process:
        _, message = process.communicate(timeout=120)
    assert "CannotWriteError: out needs 8796093" in message
    assert [path.name for path in tmp_path.iterdir()] == ["huge.safetensors"]


def test_memory_does_not_grow_with_a_tensor(tmp_path: Path) -> None:
    for side in ("base", "regional"):
        (tmp_path / side).mkdir()
        write_sparse(tmp_path / side / "model.safetensors", 2**28)
    with (tmp_path / "regional" / "model.safetensors").open("r+b") as file:
        file.seek(2**27)
        file.write(struct.pack("<f", 1.0) * 2**21)
    measured = (
        "import resource, hf_regional.merging.files, hf_regional.encoding\n"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "before = peak()\n" + MERGE.format(beta=[0.25, 0.5]) + "print((peak() - before) / 1024)"
    )
    with start(measured, tmp_path) as process:
        grown, message = process.communicate(timeout=120)
    assert process.returncode == 0, message
    assert float(grown) < 64, f"{grown} MB more for one tensor of 256 MB"


def write_sparse(file: Path, size: int) -> None:
    header = json.dumps({"w": {"dtype": "F32", "shape": [size // 4], "data_offsets": [0, size]}}).encode()
    with file.open("wb") as stream:
        stream.write(struct.pack("<Q", len(header)) + header)
        try:
            stream.truncate(8 + len(header) + size)
        except OSError:
            pytest.skip("this file system takes no sparse file of that size")


def test_importing_the_room_loads_no_torch(tmp_path: Path) -> None:
    code = "import sys, hf_regional.merging; print('torch' in sys.modules, 'merge_checkpoints' in dir(hf_regional.merging))"
    with start(code, tmp_path) as process:
        output, message = process.communicate(timeout=60)
    assert output.split() == ["False", "True"], message
