"""A full disk and a closed folder, as real writers meet them, each in a process of its own."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from subprocesses import FILES_OF_AT_MOST, last_line

BLOCK = """
from pathlib import Path
from hf_regional.durable import atomic_file, atomic_folder
with atomic_folder(Path("out")) as folder:
    {write}
"""
WRITERS = {
    "python": ("", "(folder / 'a.bin').write_bytes(bytes(300_000))"),
    "safetensors": ("import numpy, safetensors.numpy as st", "st.save_file({'w': numpy.ones(100_000)}, folder / 'a.safetensors')"),
    "tokenizers": (
        "from tokenizers import Tokenizer, models",
        "Tokenizer(models.WordLevel({f'word{i}': i for i in range(20_000)}, 'word0')).save(str(folder / 'a.json'))",
    ),
    "torch": ("import torch", "torch.save(torch.ones(100_000), folder / 'a.pt')"),
    "numpy": ("import numpy", "numpy.save(folder / 'a.npy', numpy.ones(100_000))"),
    "pyarrow": ("import pyarrow as pa, pyarrow.parquet as pq", "pq.write_table(pa.table({'w': range(100_000)}), folder / 'a.parquet')"),
}


@pytest.mark.parametrize("writer", WRITERS)
def test_a_limit_on_file_sizes_is_one_clear_error_whoever_writes(tmp_path, writer):
    before, write = WRITERS[writer]
    message = last_line(f"{before}\n{FILES_OF_AT_MOST.format(100_000)}{BLOCK.format(write=write)}", tmp_path)
    assert message.startswith("hf_regional.errors.CannotWriteError: cannot write out: ")
    assert list(tmp_path.iterdir()) == []


def test_a_file_over_the_limit_leaves_nothing(tmp_path):
    code = "from pathlib import Path\nfrom hf_regional.durable import atomic_file\n" + FILES_OF_AT_MOST.format(100_000)
    message = last_line(code + "with atomic_file(Path('a.bin')) as path:\n    path.write_bytes(bytes(300_000))", tmp_path)
    assert message.startswith("hf_regional.errors.CannotWriteError: cannot write a.bin: File too large.")
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def closed() -> Iterator[Path]:
    """A folder that everybody may read and nobody may write to."""
    folder = Path(tempfile.mkdtemp())  # not below tmp_path, which others may not enter
    folder.chmod(0o555)
    yield folder
    folder.chmod(0o755)
    folder.rmdir()


# Root may write anywhere, so it becomes nobody first.
AS_A_USER = "import os, hf_regional.durable, hf_regional.errors\nif os.geteuid() == 0: os.setuid(65534)\n"


@pytest.mark.parametrize(
    "block",
    [
        "with atomic_folder(final) as folder: (folder / 'a').touch()",
        "with atomic_folder(final / 'deep') as folder: (folder / 'a').touch()",
        "with atomic_file(final) as path: path.touch()",
        "require_writable(final)",
    ],
)
def test_a_closed_parent_is_one_clear_error(closed, tmp_path, block):
    code = "from pathlib import Path\nfrom hf_regional.durable import atomic_file, atomic_folder, require_writable\n"
    message = last_line(f"{AS_A_USER}{code}final = Path({str(closed / 'out')!r})\n{block}", tmp_path)
    assert message.startswith(f"hf_regional.errors.CannotWriteError: cannot write {closed / 'out'}")
    assert "Permission denied" in message
    assert os.listdir(closed) == []
