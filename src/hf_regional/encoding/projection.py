"""Projection: pooled vectors of two towers in, features of one space out; and the file that holds its weights."""

from pathlib import Path
from typing import Final

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn.functional import gelu

from hf_regional.encoding.dual_layout import FILE_NAME, PROJECTION, Heads
from hf_regional.errors import DamagedFileError, MissingFileError

_FILE: Final = "model.safetensors"


class ProjectionHead(nn.Module):
    """LayerNorm(h + Dropout(W₂ GELU(h))) with h = W₁ x, (n, d) to (n, p).

    LowCLIP's head (arXiv:2408.13909), as its author coded it.
    """

    def __init__(self, width: int, projection_dim: int, dropout: float) -> None:
        super().__init__()
        self.project = nn.Linear(width, projection_dim)
        self.refine = nn.Linear(projection_dim, projection_dim)
        self.dropout = nn.Dropout(dropout)
        self.norm = nn.LayerNorm(projection_dim)

    def forward(self, vectors: Tensor) -> Tensor:
        """Any float in, float32 or wider out."""
        projected = self.project(vectors.to(self.project.weight.dtype))
        features = self.norm(projected + self.dropout(self.refine(gelu(projected))))
        return features.to(torch.promote_types(features.dtype, torch.float32))


class Projection(nn.Module):
    """A head for each tower, and the logarithm of the logits' scale."""

    def __init__(self, heads: Heads) -> None:
        super().__init__()
        self.image = ProjectionHead(heads.vision_dim, heads.projection_dim, heads.dropout)
        self.text = ProjectionHead(heads.text_dim, heads.projection_dim, heads.dropout)
        self.logit_scale = nn.Parameter(torch.tensor(0.0))


def write_projection(projection: Projection, folder: Path) -> None:
    """Write the weights below the folder of a dual encoder."""
    (folder / PROJECTION).mkdir(exist_ok=True)
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in projection.state_dict().items()}
    save_file(weights, folder / PROJECTION / _FILE, {"format": "pt"})


def read_projection(heads: Heads, folder: Path) -> Projection:
    """Read the weights back, in the dtypes that the file has.

    Raises:
        MissingFileError: the file is not there.
        DamagedFileError: it is no safetensors file, or its tensors are not those of `heads`.
    """
    file, projection = folder / PROJECTION / _FILE, Projection(heads)
    try:
        weights = load_file(file)
    except FileNotFoundError as error:
        raise MissingFileError(f"{file} is not there, which holds the heads. Download or save the checkpoint again.") from error
    except (OSError, SafetensorError) as error:
        raise DamagedFileError(f"{file} cannot be read as safetensors: {error}. Download or save it again.") from error
    shapes, wanted = ({name: list(tensor.shape) for name, tensor in side.items()} for side in (weights, projection.state_dict()))
    if wrong := sorted(name for name in shapes.keys() | wanted.keys() if shapes.get(name) != wanted.get(name)):
        found = f"{file}: tensor {wrong[0]!r} has shape {shapes.get(wrong[0])}, and {FILE_NAME} asks for {wanted.get(wrong[0])}"
        raise DamagedFileError(f"{found} (None: not there). Download or save it again.")
    projection.load_state_dict(weights, assign=True)
    return projection
