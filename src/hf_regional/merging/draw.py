"""Draw: random numbers for a stretch of a tensor that depend on seed, tensor and place alone, not on how the work was cut."""

import hashlib
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

_A_STEP: Final = 4  # 64-bit numbers that one step of Philox's counter gives


@dataclass(frozen=True, slots=True)
class Draw:
    """The elements `first` to `first + count` of the tensor `name`, flattened."""

    seed: int
    name: str
    first: int
    count: int

    def uniform(self, lane: int, like: Any) -> Any:
        """Numbers in [0, 1), (count,) float64, as an array of the kind (numpy or torch, device) of `like`.

        Args:
            lane: another lane gives independent numbers: one a regional model.
            like: the array beside which they will be used.
        """
        key = hashlib.sha256(f"{self.seed}\0{lane}\0{self.name}".encode()).digest()[:16]
        philox = np.random.Philox(key=np.frombuffer(key, np.uint64))
        before, skip = divmod(self.first, _A_STEP)
        philox.advance(before)
        numbers = np.random.Generator(philox).random(skip + self.count)[skip:]
        if isinstance(like, np.ndarray):
            return numbers
        import torch  # only where the caller has it already

        return torch.from_numpy(numbers).to(like.device)
