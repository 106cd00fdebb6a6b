"""`run`: the main job as one readable function. Every stage is a folder that is made once; a killed run goes on from the last finished one."""

import json
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from hf_regional.adapting import adapt
from hf_regional.cards import CardFacts, write_card
from hf_regional.durable import Stages, atomic_folder, digest_of, require_writable
from hf_regional.encoding import load_encoder
from hf_regional.errors import OutputExistsError
from hf_regional.evaluating.beta import Choice, Demand, checked_grid, choose
from hf_regional.evaluating.plot import plot_tradeoff
from hf_regional.evaluating.report import Measured, build_report
from hf_regional.evaluating.runner import measure_rows
from hf_regional.evaluating.sides import Scorer
from hf_regional.evaluating.task import Task
from hf_regional.merging import merge_checkpoints
from hf_regional.pipeline import facts
from hf_regional.pipeline.config import Config, load_config
from hf_regional.pipeline.delivery import copy_model
from hf_regional.pipeline.inputs import Inputs, load_inputs

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Run:
    """What a run made: the folder of the merged model, its report, and the facts on its card."""

    path: Path
    report: dict[str, Any]
    facts: CardFacts


def run(config: Config | Mapping[str, Any] | str | Path | None = None, *, progress: bool = True, **changes: Any) -> Run:
    """Adapt a global model to a region and keep the world: filter, train, merge, choose, report.

    Args:
        config: nothing (the embedded corpus and Southeast Asia), a YAML file, a mapping, or a `Config`.
        progress: show progress bars.
        **changes: top-level keys of the config to replace, such as `output=` or `seed=`.

    Returns:
        The folder: the merged model as plain `from_pretrained` loads it, `regional/` (θ_regional), `report.json`, `tradeoff.png`,
        `regional.json` (the facts) and `README.md` (the card).

    Raises:
        ConfigError and its kin before any work; OutputExistsError where another run's result is in the way; CannotWriteError on a full disk.
    """
    chosen = load_config(config, **changes)
    chosen.require_built()
    betas = checked_grid(chosen.merging.betas)
    output = chosen.output
    if (finished := _finished(output, chosen)) is not None:
        return finished
    require_writable(output)

    inputs = load_inputs(chosen, progress=progress)
    stages = Stages(output.absolute().with_name(f".{output.name}.work"))
    clock = _Clock(stages.root)
    identity = inputs.identity()

    def train(folder: Path) -> None:
        with clock.timed("train"):
            made = adapt(inputs.base, inputs.training_rows, chosen.to_recipe(), folder / "model", seed=chosen.seed, device=chosen.device, progress=progress)
        (folder / "history.json").write_text(json.dumps({"history": made.history, "training": made.facts.of("training")}), encoding="utf-8")

    trained = stages.run("train", {**identity, "recipe": chosen.to_recipe().model_dump(mode="json"), "seed": chosen.seed}, train)
    training = json.loads((trained / "history.json").read_text(encoding="utf-8"))["training"]
    key = {**identity, "training": training, "merging": chosen.merging.model_dump(mode="json")}

    def merge(folder: Path) -> None:
        with clock.timed("merge"):
            grid = [beta for beta in betas if beta > 0]
            options = {"method": chosen.merging.method, "only": chosen.merging.only, "skip": chosen.merging.skip}
            merged = merge_checkpoints(inputs.base, trained / "model", grid, folder / "mixes", **options)
        (folder / "merging.json").write_text(json.dumps(merged.report), encoding="utf-8")

    merged = stages.run("merge", key, merge)
    mixes = {0.0: inputs.base, **{beta: merged / "mixes" / f"beta-{beta:g}" for beta in betas if beta > 0}}

    def measure(beta: float, split: str, model: Path, tasks: Sequence[Task]) -> pd.DataFrame:
        def work(folder: Path) -> None:
            with clock.timed(f"score {split}"):
                measure_rows(load_encoder(model, device=chosen.device), tasks).to_parquet(folder / "rows.parquet")

        described = [task.model_dump(mode="json") for task in chosen.tasks]
        folder = stages.run(f"{split}-{beta:g}", {**key, "tasks": described, "beta": beta, "split": split}, work)
        return pd.read_parquet(folder / "rows.parquet")

    validation = inputs.tasks("validation")
    with inputs.bar(mixes.items(), "scoring every β on validation") as grid:
        measured = {beta: measure(beta, "validation", model, validation) for beta, model in grid}
    scorer = Scorer(validation, resamples=chosen.resamples, seed=chosen.seed)
    value, source = chosen.choosing.resolve(inputs.region)
    demand = Demand(chosen.choosing.min_retention, chosen.choosing.margin, chosen.choosing.retention_policy)
    choice = choose(measured, scorer, value, demand, facts=CardFacts(), region=inputs.region)
    logger.info("%s", choice.reason)

    test = inputs.tasks("test")
    ends = {"base": (0.0, inputs.base), "tuned": (1.0, trained / "model"), "merged": (choice.beta, mixes[choice.beta])}
    with inputs.bar(ends.items(), "scoring base, fine-tuned and merged on test") as rows:
        final = Measured(**{name: measure(beta, "test", model, test) for name, (beta, model) in rows})
    report = build_report(
        final,
        Scorer(test, resamples=chosen.resamples, seed=chosen.seed),
        choice,
        region=facts.region(inputs.region),
        alpha={"value": value, "source": source},
        settings=facts.settings(chosen),
        seconds=clock.seconds(),
    )
    merging = json.loads((merged / "merging.json").read_text(encoding="utf-8"))
    story = facts.story(inputs, chosen, training=training, merging=merging, choice=choice, report=report)
    _deliver(output, mixes[choice.beta], trained / "model", report, story)
    stages.forget()
    return Run(output, report, story)


def _deliver(output: Path, model: Path, regional: Path, report: dict[str, Any], story: CardFacts) -> None:
    """Put the result under its final name, whole."""
    with atomic_folder(output) as folder:
        copy_model(model, folder)
        copy_model(regional, folder / "regional")
        (folder / "report.json").write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        plot_tradeoff(report, folder / "tradeoff.png")
        story.save(folder)
        write_card(folder)


def _finished(output: Path, config: Config) -> Run | None:
    """The result of the same settings where it is there already.

    Raises:
        OutputExistsError: something else is there.
    """
    record = output / "report.json"
    if not record.is_file():
        if output.exists() and any(output.iterdir()):
            raise OutputExistsError(f"{output} exists and holds no report of ours; choose another `output`.")
        return None
    report = json.loads(record.read_text(encoding="utf-8"))
    if report.get("settings") != json.loads(json.dumps(facts.settings(config))):
        raise OutputExistsError(f"{output} holds the result of other settings; choose another `output`, or remove that folder first.")
    logger.info("%s is finished already; remove it to run again", output)
    return Run(output, report, CardFacts.load(output))


class _Clock:
    """Seconds by stage, kept beside the stages so that a resumed run still knows what the first part took."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def timed(self, name: str) -> "_Timer":
        return _Timer(self.root / "seconds.jsonl", name)

    def seconds(self) -> dict[str, float]:
        """Stage -> seconds, summed over its parts."""
        record = self.root / "seconds.jsonl"
        lines = [json.loads(line) for line in record.read_text(encoding="utf-8").splitlines()] if record.is_file() else []
        out: dict[str, float] = {}
        for line in lines:
            out[line["stage"]] = round(out.get(line["stage"], 0.0) + line["seconds"], 2)
        return {**out, "total": round(sum(out.values()), 2)}


class _Timer:
    def __init__(self, record: Path, stage: str) -> None:
        self.record, self.stage, self.began = record, stage, 0.0

    def __enter__(self) -> None:
        self.began = time.monotonic()

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            line = json.dumps({"stage": self.stage, "seconds": time.monotonic() - self.began})
            with self.record.open("a", encoding="utf-8") as file:
                file.write(line + "\n")


__all__ = ["Choice", "Inputs", "Run", "digest_of", "run"]
