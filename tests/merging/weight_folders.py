"""Small checkpoint folders, written by the safetensors library itself, for the tests of merging."""

import json
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor


def write_folder(folder: Path, tensors: dict[str, Tensor], *, shards: int = 1) -> Path:
    """A checkpoint with a config beside it, cut by turns into so many shards."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text('{"model_type": "clip"}')
    if shards == 1:
        save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
        return folder
    files = [f"model-{place + 1:05}-of-{shards:05}.safetensors" for place in range(shards)]
    weight_map = {name: files[place % shards] for place, name in enumerate(tensors)}
    for file in files:
        save_file({name: tensors[name] for name in tensors if weight_map[name] == file}, folder / file, metadata={"format": "pt"})
    size = sum(tensor.numel() * tensor.itemsize for tensor in tensors.values())
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {"total_size": size}, "weight_map": weight_map}))
    return folder


def read_folder(folder: Path) -> dict[str, Tensor]:
    """Every tensor of a folder, as the safetensors library reads it."""
    return {name: tensor for file in sorted(folder.glob("*.safetensors")) for name, tensor in load_file(file).items()}


def bits(tensors: dict[str, Tensor]) -> dict[str, bytes]:
    """Tensors as bytes: -0.0 and 0.0 differ here."""
    return {
        name: tensor.contiguous().view(torch.uint8).numpy().tobytes()
        if tensor.dim()
        else tensor.reshape(1).view(torch.uint8).numpy().tobytes()
        for name, tensor in tensors.items()
    }


def files_of(folder: Path) -> dict[str, bytes]:
    """Every file of a folder by its name, but the record of how it was made."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != "regional.json"]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
