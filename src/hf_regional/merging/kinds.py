"""Kinds: the few things that numpy arrays and torch tensors call by other names, so that a method is written once for both."""

from typing import Any

import numpy as np


def as_numbers(flags: Any, like: Any) -> Any:
    """Booleans as 0 and 1 of the type of `like`: numpy would make float64 of them, torch float32."""
    return flags.astype(like.dtype) if isinstance(flags, np.ndarray) else flags.to(like.dtype)


def as_float64(array: Any) -> Any:
    """The same numbers in float64, of the same kind."""
    return array.astype(np.float64, copy=False) if isinstance(array, np.ndarray) else array.double()


def to_numpy(array: Any) -> np.ndarray[Any, np.dtype[Any]]:
    """The same numbers as a numpy array, on the CPU."""
    return array if isinstance(array, np.ndarray) else array.detach().cpu().numpy()
