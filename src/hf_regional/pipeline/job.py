"""`run`: the main job as one readable function. A killed run goes on from its last finished stage."""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm.auto import tqdm

from hf_regional.cards import CardFacts, write_card
from hf_regional.durable import Stages, atomic_folder, require_writable
from hf_regional.errors import DamagedFileError, OutputExistsError
from hf_regional.evaluating.beta import Choice, Demand, choose
from hf_regional.evaluating.plot import plot_tradeoff
from hf_regional.evaluating.report import Measured, build_report
from hf_regional.evaluating.sides import Scorer
from hf_regional.pipeline import facts
from hf_regional.pipeline.config import Config, load_config
from hf_regional.pipeline.delivery import copy_model
from hf_regional.pipeline.inputs import load_inputs
from hf_regional.pipeline.work import Work

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
        ConfigError and its kin before any work; OutputExistsError where another result is in the way; CannotWriteError on a full disk.
    """
    chosen = load_config(config, **changes)
    chosen.check()
    if (finished := _finished(chosen)) is not None:
        return finished
    require_writable(chosen.output)

    inputs = load_inputs(chosen)  # base, region, corpus; every row with its verdict
    work = Work(inputs, working_folder(chosen.output), progress)
    validation, test = inputs.tasks("validation"), inputs.tasks("test")
    mixes = work.mixes  # trains, then merges

    bar = tqdm(mixes.items(), desc="scoring every β on validation", disable=not progress)
    measured = {beta: work.measure(f"{beta:g}", model, "validation", validation) for beta, model in bar}
    alpha, source = chosen.choosing.resolve(inputs.region)
    choice = choose(measured, _scorer(chosen, validation), alpha, _demand(chosen), facts=CardFacts(), region=inputs.region)

    ends = {"base": inputs.base, "tuned": work.regional, "merged": mixes[choice.beta]}
    names = {"base": "0", "tuned": "tuned", "merged": f"{choice.beta:g}"}
    bar = tqdm(ends.items(), desc="scoring the result on test", disable=not progress)
    final = Measured(**{end: work.measure(names[end], model, "test", test) for end, model in bar})
    report = build_report(
        final,
        _scorer(chosen, test),
        choice,
        region=inputs.region,
        alpha=alpha,
        alpha_source=source,
        settings=facts.settings(chosen),
        seconds=work.clock.seconds(),
    )
    story = facts.story(work, choice, report)
    _deliver(chosen, work, choice, report, story)
    return Run(chosen.output, report, story)


def working_folder(output: Path) -> Path:
    """Where the stages of a run lie until its result stands: a hidden folder beside it."""
    return output.absolute().with_name(f".{output.name}.work")


def _scorer(config: Config, tasks: Any) -> Scorer:
    return Scorer(tasks, resamples=config.resamples, seed=config.seed)


def _demand(config: Config) -> Demand:
    return Demand(config.choosing.min_retention, config.choosing.margin, config.choosing.retention_policy)


def _deliver(config: Config, work: Work, choice: Choice, report: dict[str, Any], story: CardFacts) -> None:
    """Put the result under its final name, whole, and clear the working folder away."""
    with atomic_folder(config.output) as folder:
        copy_model(work.mixes[choice.beta], folder)
        copy_model(work.regional, folder / "regional")
        (folder / "report.json").write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        (folder / "config.yaml").write_text(config.to_yaml(), encoding="utf-8")
        plot_tradeoff(report, folder / "tradeoff.png")
        story.save(folder)
        write_card(folder)
    work.stages.forget()


def _finished(config: Config) -> Run | None:
    """The result of the same settings where it is there already.

    Raises:
        OutputExistsError: something else is there. DamagedFileError: its report cannot be read.
    """
    output, record = config.output, config.output / "report.json"
    if not record.is_file():
        if output.exists() and not (output.is_dir() and not any(output.iterdir())):
            raise OutputExistsError(f"{output} exists and holds no report of ours; choose another `output`.")
        return None
    try:
        report = json.loads(record.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise DamagedFileError(f"{record} is no JSON: {error}. Remove {output} to run again, or choose another `output`.") from error
    if report.get("settings") != facts.settings(config):
        raise OutputExistsError(f"{output} holds the result of other settings; choose another `output`, or remove that folder first.")
    Stages(working_folder(output)).forget()  # a run killed between its delivery and its clearing up left them
    logger.warning("%s is finished already; remove it to run again", output)
    return Run(output, report, CardFacts.load(output))
