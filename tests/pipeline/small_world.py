"""A world of 75 pictures and a model to match: small enough that the whole job takes seconds, real enough that nothing in it is faked.

Five countries with three colours each; a country's pictures have their stripe in its own place, and its captions are its own words.
"""

import csv
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from PIL import Image
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast, SiglipConfig, SiglipImageProcessor, SiglipModel, SiglipProcessor

WORDS = {
    "IDN": ("merah", "hijau", "biru"),
    "MYS": ("meroh", "ijau", "birung"),
    "FRA": ("rouge", "vert", "bleu"),
    "KEN": ("nyekundu", "kijani", "buluu"),
    "BRA": ("vermelho", "verde", "azul"),
}
COLOURS = ((200, 30, 30), (30, 170, 30), (30, 30, 200))
SPLITS = ("train", "train", "train", "validation", "test")
SIZE = 16


def make_pictures(folder: Path, *, columns: dict[str, str] | None = None) -> Path:
    """75 pictures and their metadata.csv; `columns` renames headers, and leaves out those that it maps to ''."""
    folder.mkdir(parents=True)
    rows = list(_rows(folder))
    names = {name: (columns or {}).get(name, name) for name in rows[0]}
    with (folder / "metadata.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([header for header in names.values() if header])
        writer.writerows([[row[name] for name, header in names.items() if header] for row in rows])
    return folder


def _rows(folder: Path) -> Iterator[dict[str, str]]:
    noise = np.random.default_rng(0)
    for place, (country, words) in enumerate(WORDS.items()):
        for word, colour in zip(words, COLOURS, strict=True):
            for number, split in enumerate(SPLITS):
                pixels = noise.integers(0, 60, (SIZE, SIZE, 3))
                pixels[:, 3 * place : 3 * place + 3] = colour
                name = f"{country.lower()}-{word}-{number}.png"
                Image.fromarray(pixels.astype(np.uint8)).save(folder / name)
                yield {"file_name": name, "text": word, "country": country, "split": split, "license": "CC0-1.0"}


def make_siglip(folder: Path, *, seed: int = 0, width: int = 32) -> Path:
    """A random SigLIP of one layer a tower with a tokenizer of whole words, saved as `transformers` saves it."""
    words = ["<pad>", "<unk>", *(word for found in WORDS.values() for word in found)]
    tokenizer = Tokenizer(models.WordLevel({word: place for place, word in enumerate(words)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>", unk_token="<unk>", model_max_length=4)
    shape = {"hidden_size": width, "intermediate_size": 2 * width, "num_hidden_layers": 1, "num_attention_heads": 2}
    text = {**shape, "vocab_size": len(words), "max_position_embeddings": 4, "projection_size": width}
    text |= {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 1}
    config = SiglipConfig(text_config=text, vision_config={**shape, "image_size": SIZE, "patch_size": 4})
    torch.manual_seed(seed)
    pictures = SiglipImageProcessor(size={"height": SIZE, "width": SIZE})
    model = SiglipModel(config)
    model.logit_scale.data.fill_(np.log(10)), model.logit_bias.data.fill_(-10)  # as the paper starts (arXiv:2303.15343, §3.2)
    model.save_pretrained(folder)
    SiglipProcessor(image_processor=pictures, tokenizer=fast).save_pretrained(folder)
    return folder


def small_config(base: Path, pictures: Path, output: Path, **changes: Any) -> dict[str, Any]:
    """The config of a run over the small world that takes a few seconds."""
    return {
        "base": str(base),
        "region": ["IDN", "MYS"],
        "corpus": {"name": "imagefolder+csv", "data_dir": str(pictures)},
        "recipe": "siglip2-sea",
        "training": {"max_steps": 12, "batch_size": 6, "learning_rate": 0.001},
        "merging": {"betas": [0.0, 0.5, 1.0]},
        "choosing": {"alpha": 0.5, "min_retention": 0.5, "margin": 0.0, "retention_policy": "point"},
        "tasks": [{"kind": "retrieval", "group": "country_iso3"}],
        "output": str(output),
        "resamples": 200,
        "device": "cpu",
        **changes,
    }


def write_config(path: Path, config: dict[str, Any]) -> Path:
    """The config as a file."""
    path.write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    return path


def command(*words: object, **options: Any) -> "subprocess.CompletedProcess[str]":
    """`hf-regional` as a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "hf_regional", *map(str, words)], capture_output=True, text=True, check=False, env=environment(), **options
    )


def environment() -> dict[str, str]:
    """What a process of ours runs with: the package's source first, warnings left to it."""
    source = Path(__file__).resolve().parents[2] / "src"
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(source), os.environ.get("PYTHONPATH", "")])}
