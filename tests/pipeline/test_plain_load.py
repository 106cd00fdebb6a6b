"""The result is a plain model: without this package it loads, and gives the scores of the report."""

import json
import subprocess
import sys

import pytest

from hf_regional.corpora import load_corpus

# What a stranger would write: no line of ours, and a finder that refuses our package should anything ask for it.
STRANGER = """
import csv, json, sys
from pathlib import Path

class Refuses:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "hf_regional":
            raise ModuleNotFoundError("hf_regional is not installed here")

sys.meta_path.insert(0, Refuses())
try:
    import hf_regional
except ModuleNotFoundError:
    pass
else:
    sys.exit("hf_regional can be imported: the test shows nothing")

import numpy as np, torch
from PIL import Image
from transformers import AutoModel, AutoProcessor, CLIPModel, SiglipModel

folder, pictures, split = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
torch.set_num_threads(1)
processor = AutoProcessor.from_pretrained(folder)
kind = json.loads((folder / "config.json").read_text())["model_type"]
model = {"clip": CLIPModel, "siglip": SiglipModel}[kind].from_pretrained(folder).eval()
rows = list(csv.DictReader((pictures / "metadata.csv").open(encoding="utf-8")))
files = sorted({row["file_name"] for row in rows})
asked = [row for row in rows if row["split"] == split]
padding = {"clip": True, "siglip": "max_length"}[kind]

def unit(found):
    found = getattr(found, "pooler_output", found)
    return torch.nn.functional.normalize(found, dim=-1).numpy()

with torch.inference_mode():
    gallery = [Image.open(pictures / name).convert("RGB") for name in files]
    images = unit(model.get_image_features(**processor(images=gallery, return_tensors="pt")))
    tokens = processor(text=[row["text"] for row in asked], padding=padding, truncation=True, return_tensors="pt")
    texts = unit(model.get_text_features(**tokens))

def mrr(country):
    ranks = []
    for query, row in zip(texts, asked):
        if row["country"] != country:
            continue
        right = {files.index(other["file_name"]) for other in rows if other["text"].casefold() == row["text"].casefold()}
        scores = images @ query
        best = max(scores[list(right)])
        ranks.append(1 + sum(scores[i] > best for i in range(len(files)) if i not in right))
    return float(np.mean(1 / np.array(ranks)))

countries = sorted({row["country"] for row in asked})
by_country = {country: mrr(country) for country in countries}
world = np.mean([score for country, score in by_country.items() if country not in {"IDN", "MYS"}])
region = np.mean([by_country["IDN"], by_country["MYS"]])
print(json.dumps({"class": type(model).__module__, "global": float(world), "regional": float(region), "by_country": by_country}))
"""


def stranger(folder, pictures, split="test") -> dict:
    """What somebody without our package finds; -I leaves PYTHONPATH and the working folder out."""
    done = subprocess.run(
        [sys.executable, "-I", "-c", STRANGER, str(folder), str(pictures), split], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
@pytest.mark.parametrize(("model", "inner"), [("merged", "."), ("tuned", "regional")])
def test_a_stranger_gets_the_reported_scores(finished, pictures, model, inner):
    found = stranger(finished.path / inner, pictures)
    assert found["class"].startswith("transformers.models.siglip")
    for side in ("global", "regional"):
        assert found[side] == pytest.approx(finished.report[model][side]["value"], abs=1e-6)
    for country, score in found["by_country"].items():
        assert score == pytest.approx(finished.report["by_country"][country][model]["value"], abs=1e-6)


def test_the_files_say_the_library_s_class_and_hold_no_pickle(finished):
    config = json.loads((finished.path / "config.json").read_text())
    assert config["architectures"] == ["SiglipModel"]
    assert "auto_map" not in config
    assert not [path.name for path in finished.path.rglob("*") if path.suffix in {".bin", ".pt", ".pth", ".pkl", ".py"}]


def test_every_text_of_the_small_world_is_asked_once(pictures):
    rows = load_corpus("imagefolder+csv", data_dir=pictures, split="test")
    assert len(set(rows["text"])) == len(rows) == 15
