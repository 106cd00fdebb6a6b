"""Finite: a checkpoint in, the first tensor that holds NaN or infinity as an error out."""

import threading
from typing import Final

import numpy as np

from hf_regional.errors import NonFiniteError
from hf_regional.merging.checkpoint import Checkpoint
from hf_regional.merging.codecs import WIDE, is_finite
from hf_regional.merging.header import Stored
from hf_regional.merging.sources import Files
from hf_regional.merging.workers import run_blocks

_STEP: Final = 4 << 20  # bytes


def require_finite(checkpoint: Checkpoint) -> None:
    """Read every tensor of a checkpoint once.

    Raises:
        NonFiniteError: a floating tensor holds NaN or infinity; the message names file and tensor.
        DamagedFileError: a file ended before its header said.
    """
    with Files() as files:
        for shard in checkpoint.shards:
            files.add(shard.file)
        floats = [(name, stored) for name, stored in checkpoint.tensors.items() if stored.dtype in WIDE]
        run_blocks(floats, lambda: np.empty(_STEP, np.uint8), lambda buffer, one: _check(files, buffer, *one), threading.Event())


def _check(files: Files, buffer: np.ndarray, name: str, stored: Stored) -> None:  # pyright: ignore[reportMissingTypeArgument]
    for start in range(0, stored.size, _STEP):
        piece = buffer[: min(_STEP, stored.size - start)]
        files.read(stored.file, stored.start + start, piece.data)
        if not is_finite(piece, stored.dtype):
            raise NonFiniteError(
                f"{stored.file}: tensor {name!r} holds NaN or infinity. Take an earlier checkpoint of that model, or repair it.", name
            )
