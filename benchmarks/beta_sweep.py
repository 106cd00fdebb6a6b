"""What four β cost beside one where only one tower is mixed: `select_beta(..., only=...)` reuses the features of the other.

    python benchmarks/beta_sweep.py
    python benchmarks/beta_sweep.py --rounds 5 --json

f is the share of one scoring that the mixed tower takes. Without reuse four β cost 4 times one; with it the mixed tower is asked four times
and the other once: 1 + 3f. Bound: at most (1 + 3f) · 1.15. CPU seconds of this process, since wall clocks of a busy machine lie; the rounds
of one and of four β alternate, and the median of their ratios is judged. The task is emoji-world: 1,846 pictures, asked by names.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hf_regional.corpora import embedded_model
from hf_regional.encoding import FeatureCache, load_encoder
from hf_regional.evaluating.catalogue import load_task
from hf_regional.evaluating.mixes import Mixes, Recipe
from hf_regional.evaluating.protocols.retrieval import RetrievalTask
from hf_regional.regions import Region

TOWERS = {"text": ["text_model.*", "text_projection.*"], "image": ["vision_model.*", "visual_projection.*"]}
FOUR = [0.2, 0.4, 0.6, 0.8]
ALLOWANCE = 1.15


def cpu_seconds(work: Callable[[], Any]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun


def nudged(base: Path, folder: Path) -> Path:
    """The base with every weight a little off: a regional model without the training."""
    import shutil

    from safetensors.torch import load_file, save_file

    shutil.copytree(base, folder)
    weights = {
        name: tensor * 1.01 if tensor.is_floating_point() else tensor for name, tensor in load_file(folder / "model.safetensors").items()
    }
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    return folder


def share_of(tower: str, base: Path, task: RetrievalTask) -> float:
    """f: of the CPU seconds of scoring the task once."""
    encoder = load_encoder(base, device="cpu")
    encoder.encode_texts(task.texts[:8])  # the first call sets things up
    tower_seconds = cpu_seconds(lambda: encoder.encode_texts(task.texts) if tower == "text" else encoder.encode_images(task.gallery))
    return tower_seconds / cpu_seconds(lambda: task.measure(encoder))


def measured(tower: str, rounds: int, base: Path, regional: Path, task: RetrievalTask, folder: Path) -> dict[str, Any]:
    """f, the ratio of four β to one, and the bound."""

    def sweep(betas: list[float]) -> float:
        mixes = Mixes(base, regional, {"": [task]}, folder, Recipe(only=TOWERS[tower]), "cpu", progress=False, cache=FeatureCache())
        return cpu_seconds(lambda: mixes.measure(betas))

    sweep(FOUR[:1])
    shares, ratios = [], []
    for _ in range(rounds):
        shares.append(share_of(tower, base, task))
        ratios.append(sweep(FOUR) / sweep(FOUR[:1]))
    f, ratio = statistics.median(shares), statistics.median(ratios)
    return {"tower": tower, "f": f, "ratio": ratio, "bound": (1 + 3 * f) * ALLOWANCE, "least": min(ratios), "most": max(ratios)}


def main() -> None:
    parser = argparse.ArgumentParser(description="Four β beside one, with one tower mixed.")
    parser.add_argument("--rounds", type=int, default=3, help="pairs of sweeps (default 3)")
    parser.add_argument("--json", action="store_true", help="one JSON object in place of the table")
    asked = parser.parse_args()
    base, task = embedded_model("emoji-world-clip"), load_task("emoji-world", region=Region("SEA"), part="select")
    if base is None or not isinstance(task, RetrievalTask):
        raise SystemExit("the embedded model or the task of emoji-world is not what this program was written for")
    with tempfile.TemporaryDirectory() as place:
        regional = nudged(base, Path(place) / "regional")
        rows = [measured(tower, asked.rounds, base, regional, task, Path(place) / tower) for tower in TOWERS]
    if asked.json:
        print(json.dumps({"rounds": asked.rounds, "towers": rows}))
        return
    print(f"{'mixed':<7} {'f':>5} {'four β / one':>13} {'least':>6} {'most':>6} {'(1 + 3f)·1.15':>14}")
    for row in rows:
        verdict = "PASS" if row["ratio"] <= row["bound"] else "FAIL"
        print(
            f"{row['tower']:<7} {row['f']:5.2f} {row['ratio']:13.2f} {row['least']:6.2f} {row['most']:6.2f} {row['bound']:14.2f}  {verdict}"
        )


if __name__ == "__main__":
    main()
