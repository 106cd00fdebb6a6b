"""Inputs: a size and a dtype in, checkpoints of a Llama of 1.1 G parameters out, the same bytes every time.

    python benchmarks/merge_inputs.py FOLDER --dtype bf16 --scale 0.05 --regions 1

FOLDER/base and FOLDER/region-1, ...: 147 tensors under a Llama's names in 4 shards with an index and a config.json. The base is
drawn from N(0, 0.02), a region is the base and a step from N(0, 5e-4), so that no tensor is equal in both and nothing can be copied.
A folder that is there already with the same size is left as it is.
"""

import argparse
import json
import math
import os
import shutil
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np

LAYERS: Final = 16
SHARDS: Final = 4
HEAD: Final = 64
_TILE: Final = 1 << 24  # values drawn; a tensor takes them from a place of its own on, round and round
_STRIDE: Final = 7_368_787  # prime, so that no two tensors begin alike
_WIDTH: Final = {"bf16": 2, "fp32": 4}
_STORED: Final = {"bf16": ("BF16", "bfloat16"), "fp32": ("F32", "float32")}  # in the header, in config.json

Tile = np.ndarray[Any, np.dtype[Any]]


def sizes(scale: float) -> dict[str, int]:
    """Numbers of a config.json whose model has `scale` times 1.104 G parameters, roughly; 1 gives those of 1.104 G."""
    heads = max(1, round(32 * math.sqrt(scale)))
    return {
        "hidden_size": heads * HEAD,
        "intermediate_size": 4 * heads * HEAD,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": heads,
        "num_key_value_heads": heads // 4 if heads % 4 == 0 else heads,
        "vocab_size": max(64, round(32_000 * math.sqrt(scale))),
    }


def shapes(size: dict[str, int]) -> dict[str, tuple[int, ...]]:
    """Shape of every tensor by its name in the files."""
    wide, inner, keys = size["hidden_size"], size["intermediate_size"], size["num_key_value_heads"] * HEAD
    layer = {
        "input_layernorm": (wide,),
        "mlp.down_proj": (wide, inner),
        "mlp.gate_proj": (inner, wide),
        "mlp.up_proj": (inner, wide),
        "post_attention_layernorm": (wide,),
        "self_attn.k_proj": (keys, wide),
        "self_attn.o_proj": (wide, wide),
        "self_attn.q_proj": (wide, wide),
        "self_attn.v_proj": (keys, wide),
    }
    layers = {f"model.layers.{place}.{name}.weight": shape for place in range(LAYERS) for name, shape in layer.items()}
    words = (size["vocab_size"], wide)
    return {"model.embed_tokens.weight": words} | layers | {"model.norm.weight": (wide,), "lm_head.weight": words}


def tile(dtype: str, region: int) -> Tile:
    """The values that are repeated: of the base for region 0."""
    values = np.random.default_rng(0).standard_normal(_TILE, np.float32) * np.float32(0.02)
    if region:
        values += np.random.default_rng(region).standard_normal(_TILE, np.float32) * np.float32(5e-4)
    if dtype == "fp32":
        return values
    bits = values.view(np.uint32)
    return ((bits + (np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1)))) >> np.uint32(16)).astype(np.uint16)


def shards_of(tensors: dict[str, tuple[int, ...]]) -> list[list[str]]:
    """Names in order, cut where a quarter of the values is full."""
    total, done = sum(math.prod(shape) for shape in tensors.values()), 0
    cut: list[list[str]] = [[] for _ in range(SHARDS)]
    for name, shape in tensors.items():
        cut[min(SHARDS - 1, done * SHARDS // total)].append(name)
        done += math.prod(shape)
    return cut


def header(names: list[str], tensors: dict[str, tuple[int, ...]], dtype: str) -> bytes:
    """The first bytes of a safetensors file: length, then JSON, filled up with spaces to a multiple of 8."""
    entries: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    position = 0
    for name in names:
        end = position + math.prod(tensors[name]) * _WIDTH[dtype]
        entries[name] = {"dtype": _STORED[dtype][0], "shape": list(tensors[name]), "data_offsets": [position, end]}
        position = end
    text = json.dumps(entries, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text


def pieces(values: Tile, first: int, count: int) -> Iterator[Tile]:
    """`count` values of the tile from place `first` on, round and round."""
    while count:
        piece = values[first : first + count]
        yield piece
        first, count = 0, count - len(piece)


def write_checkpoint(folder: Path, dtype: str, scale: float, region: int) -> None:
    """One checkpoint, complete under its name or not there."""
    size = sizes(scale)
    tensors, values = shapes(size), tile(dtype, region)
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    places = {name: place * _STRIDE % _TILE for place, name in enumerate(tensors)}
    weight_map: dict[str, str] = {}
    for number, names in enumerate(shards_of(tensors), start=1):
        file = f"model-{number:05}-of-{SHARDS:05}.safetensors"
        weight_map |= dict.fromkeys(names, file)
        with (partial / file).open("wb") as stream:
            stream.write(header(names, tensors, dtype))
            for name in names:
                for piece in pieces(values, places[name], math.prod(tensors[name])):
                    stream.write(piece.data)
    total = sum(math.prod(shape) for shape in tensors.values())
    index = {"metadata": {"total_parameters": total, "total_size": total * _WIDTH[dtype]}, "weight_map": weight_map}
    (partial / "model.safetensors.index.json").write_text(json.dumps(index, indent=2), encoding="utf-8")
    config = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "tie_word_embeddings": False, "dtype": _STORED[dtype][1]}
    (partial / "config.json").write_text(json.dumps(config | size, indent=2), encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    os.replace(partial, folder)


def is_there(folder: Path, dtype: str, scale: float) -> bool:
    """Whether a checkpoint of that size and dtype was written to the folder before."""
    if not (folder / "config.json").is_file():
        return False
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    return config["dtype"] == _STORED[dtype][1] and all(config[key] == value for key, value in sizes(scale).items())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--dtype", choices=[*_WIDTH], required=True)
    parser.add_argument("--scale", type=float, default=1.0, help="share of 1.104 G parameters (default 1)")
    parser.add_argument("--regions", type=int, default=1, help="regional checkpoints beside the base (default 1)")
    arguments = parser.parse_args()
    for region in range(arguments.regions + 1):
        folder = arguments.folder / (f"region-{region}" if region else "base")
        if not is_there(folder, arguments.dtype, arguments.scale):
            write_checkpoint(folder, arguments.dtype, arguments.scale, region)


if __name__ == "__main__":
    main()
