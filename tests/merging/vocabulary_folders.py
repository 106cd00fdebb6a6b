"""Small checkpoints with tokenizers, and a slow, plain way to write what a vocabulary plan says."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, models
from torch import Tensor

from hf_regional.merging.checkpoint import read_checkpoint
from hf_regional.merging.sources import Files, Plain, Source
from hf_regional.merging.vocabulary import VocabularyPlan, grown_index, grown_shard, plan_vocabulary

DTYPES = {"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16, "I64": torch.int64}


def write_tokenizer(folder: Path, ids: Mapping[str, int]) -> None:
    """tokenizer.json, as the tokenizers library writes it, with these words at these rows."""
    folder.mkdir(parents=True, exist_ok=True)
    Tokenizer(models.WordLevel(dict(ids), unk_token=min(ids, key=lambda word: ids[word]))).save(str(folder / "tokenizer.json"))


def write_model(folder: Path, ids: Mapping[str, int] | None, tensors: dict[str, Tensor], **config: object) -> Path:
    """A checkpoint of one file with a tokenizer, or without one."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"model_type": "tiny", **config}))
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    if ids is not None:
        write_tokenizer(folder, ids)
    return folder


def read_whole(source: Source, shape: tuple[int, ...]) -> Tensor:
    """All elements of a source at once."""
    dtype = DTYPES[source.dtype]
    raw = bytearray(torch.Size(shape).numel() * dtype.itemsize)
    with Files() as files:
        for file in source.files:
            files.add(file)
        source.read(files, 0, memoryview(raw))
    return torch.frombuffer(raw, dtype=dtype).reshape(shape)


def merge_by_plan(base: Path, regional: Path, beta: float, out: Path, policy: str | None = None) -> VocabularyPlan:
    """Write the linear mix of two checkpoints whose vocabularies differ: every tensor whole, one after the other."""
    world, region = read_checkpoint(base), read_checkpoint(regional)
    plan = plan_vocabulary(world, [region], policy)
    assert plan is not None
    for name in {path.as_posix() for path in world.companions} - {*plan.dropped}:
        copy(base / name, out / name)
    for name, file in plan.companions.items():
        copy(file, out / name)
    for name, content in plan.configs.items():
        (out / name).write_text(json.dumps(content))
    for part in world.components:
        grown = [grown_shard(shard, plan.shapes(part, shard)) for shard in part.shards]
        for shard in grown:
            mixed = bytearray(shard.head)
            for name, place in shard.tensors.items():
                whole = part.qualified(name)
                regrown = plan.tensors.get(whole)
                sources = (regrown.world, *regrown.regions) if regrown else (Plain(world.tensors[whole]), Plain(region.tensors[whole]))
                ours, theirs = (read_whole(source, place.shape) for source in sources)
                new = ours if torch.equal(ours.double(), theirs.double()) else torch.lerp(ours.float(), theirs.float(), beta).to(ours.dtype)
                mixed += new.reshape(-1).view(torch.uint8).numpy().tobytes()
            file = out / world.relative(shard.file)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(mixed)
        if part.index:
            before, after = ([one for shard in side for one in shard.tensors.values()] for side in (part.shards, grown))
            index = grown_index(json.loads(part.index.read_text()), before, after)
            (out / world.relative(part.index)).write_text(json.dumps(index))
    return plan


def copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
