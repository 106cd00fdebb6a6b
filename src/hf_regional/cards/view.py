"""The facts as a card's reader meets them: tables of printed cells and the few figures that its sentences name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hf_regional.cards.facts import CardFacts, Step
from hf_regional.cards.figures import count, interval, items, mapping, number, percent, short, signed, texts, value_of
from hf_regional.cards.markdown import Markdown, code, escaped

SIDES: Final = ("global", "regional")
VERDICTS: Final = {
    "kept": "belongs to the region and was used",
    "other": "belongs elsewhere",
    "ambiguous": "fits the region and other places alike",
    "none": "says nothing about where it belongs",
}
SETTINGS: Final = {
    "objective": "Objective",
    "loss": "Loss",
    "trainable": "Trained tensors",
    "learning_rate": "Learning rate",
    "weight_decay": "Weight decay",
    "schedule": "Schedule",
    "warmup": "Warm-up, share of the steps",
    "batch_size": "Batch size",
    "epochs": "Epochs",
    "max_steps": "Steps",
    "max_grad_norm": "Gradient clipped at norm",
}
REASONS_SHOWN: Final = 25


@dataclass(frozen=True, slots=True)
class Table:
    """A table in Markdown: a head, an alignment a column (`<` or `>`), rows of cells."""

    head: Sequence[Any]
    align: str
    rows: Sequence[Sequence[Any]]

    def __bool__(self) -> bool:
        return bool(self.rows)

    def drawn(self) -> Markdown:
        """The table as GitHub-flavoured Markdown, every cell escaped; columns that are empty throughout are left out."""
        kept = [column for column in range(len(self.head)) if any(str(row[column]) for row in self.rows)]
        lines = [self.head, ["---:" if sign == ">" else ":---" for sign in self.align], *self.rows]
        return Markdown("\n".join("| " + " | ".join(_cell(line[column]) for column in kept) + " |" for line in lines))


def _cell(value: Any) -> str:
    return value if isinstance(value, Markdown) or set(str(value)) <= set(":-") else escaped(value)


def primary(facts: CardFacts) -> Step:
    """The evaluation that the summary tells: the first that records a gain, else the last."""
    found = facts.all("evaluation")
    return next((step for step in found if mapping(step.get("gain"))), found[-1] if found else {})


def headline(step: Step) -> dict[str, Any]:
    """The figures of the summary's sentences, each printed or empty."""
    gain, kept = mapping(step.get("gain")), mapping(step.get("retention"))
    before, after = (value_of(mapping(step.get(name)).get("regional")) for name in ("base", "merged"))
    change = number(gain.get("points"))
    low = number(gain.get("low_percent"))
    return {
        "before": percent(before),
        "after": percent(after),
        "moved": "" if before is None or after is None else "rose" if after > before else "fell" if after < before else "stayed",
        "points": signed(change if change is not None or before is None or after is None else after - before),
        "percent": signed(gain.get("percent")),
        "low_percent": signed(low),
        "gain_is_sure": low is not None and low > 0,
        "kept": percent(kept.get("value")),
        "kept_low": percent(kept.get("low")),
    }


def score_table(facts: CardFacts) -> Table:
    """One row a side and evaluation: chance, base, fine-tuned, merged, n."""
    rows = [_score_row(step, side) for step in facts.all("evaluation") for side in SIDES if _has_side(step, side)]
    return Table(["Score", "Chance", "Base", "Fine-tuned", "Merged", "n"], "<>>>>>", rows)


def _has_side(step: Step, side: str) -> bool:
    return any(value_of(mapping(step.get(stage)).get(side)) is not None for stage in ("base", "tuned", "merged"))


def _score_row(step: Step, side: str) -> list[Any]:
    base, tuned, merged = (mapping(step.get(stage)).get(side) for stage in ("base", "tuned", "merged"))
    chance = mapping(step.get("chance")).get(side, step.get("chance"))
    counted = next((mapping(cell)["n"] for cell in (merged, tuned, base) if mapping(cell).get("n") is not None), None)
    label = f"{side.capitalize()}, {step['metric']}" if step.get("metric") else side.capitalize()
    return [label, interval(chance), interval(base), interval(tuned), _strong(interval(merged)), count(counted)]


@dataclass(frozen=True, slots=True)
class LanguageScore:
    """One language's scores and what merging changed, base to merged, as a fraction."""

    name: str
    side: str
    cells: Mapping[str, Any]
    change: float | None
    is_apart: bool  # the two 95 % intervals do not meet


def language_scores(step: Step) -> list[LanguageScore]:
    """Languages in order of their gain, the largest first."""
    scores = [_language_score(code_, mapping(cells)) for code_, cells in mapping(step.get("by_language")).items()]
    return sorted(scores, key=lambda score: (-(score.change if score.change is not None else -2), score.name))


def _language_score(language: str, cells: Mapping[str, Any]) -> LanguageScore:
    base, merged = value_of(cells.get("base")), value_of(cells.get("merged"))
    name = f"{cells['name']} ({language})" if isinstance(cells.get("name"), str) else language
    change = None if base is None or merged is None else merged - base
    return LanguageScore(name, str(cells.get("side") or ""), cells, change, _are_apart(mapping(cells.get("base")), mapping(cells.get("merged"))))


def _are_apart(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    (low, high), (other_low, other_high) = ((number(cell.get("low")), number(cell.get("high"))) for cell in (one, other))
    if low is None or high is None or other_low is None or other_high is None:
        return False
    return high < other_low or other_high < low


def language_table(scores: Sequence[LanguageScore]) -> Table:
    """One row a language: side, n, base, fine-tuned, merged, change in points."""
    rows = [
        [score.name, score.side, count(mapping(score.cells.get("merged")).get("n")), *_three(score.cells), _strong(signed(score.change))] for score in scores
    ]
    return Table(["Language", "Side", "n", "Base", "Fine-tuned", "Merged", "Change"], "<<>>>>>", rows)


def _three(cells: Mapping[str, Any]) -> list[str]:
    return [interval(cells.get(stage)) for stage in ("base", "tuned", "merged")]


def losses(scores: Sequence[LanguageScore], *, apart: bool) -> list[str]:
    """Languages that the merged model serves worse than the base, the largest loss first."""
    worse = [score for score in reversed(scores) if score.change is not None and score.change < 0 and score.is_apart == apart]
    return [f"{score.name} {signed(score.change)}" for score in worse]


def curve_table(choice: Step, beta: float | None) -> Table:
    """One row a β: both scores, retention with its lower bound, GRP; the chosen one marked."""
    rows = [_curve_row(mapping(point), beta) for point in items(choice.get("curve"))]
    return Table(["β", "Global", "Regional", "Retention (lower bound)", "GRP", ""], ">>>>><", rows)


def _curve_row(point: Mapping[str, Any], beta: float | None) -> list[Any]:
    kept = mapping(point.get("retention"))
    low = percent(kept.get("low"))
    retained = f"{percent(kept.get('value'))} ({low})" if low else percent(kept.get("value"))
    is_chosen = beta is not None and number(point.get("beta")) == beta
    cells = [short(point.get("beta")), interval(point.get("global")), interval(point.get("regional")), retained, percent(value_of(point.get("grp")))]
    return [*(_strong(cell) if is_chosen else cell for cell in cells), "← chosen" if is_chosen else ""]


def winner_table(choice: Step) -> Table:
    """Which β would have won at every other α."""
    winners = [mapping(winner) for winner in items(choice.get("winners"))]
    rows = [[f"{short(winner.get('alpha_from'))} to {short(winner.get('alpha_to'))}", short(winner.get("beta"))] for winner in winners]
    return Table(["α", "β"], "<>", rows)


def verdict_table(filtering: Step) -> Table:
    """How many rows got each verdict, and what it means."""
    counts = mapping(filtering.get("counts"))
    return Table(["Verdict", "Rows", "Meaning: the row"], "<><", [[name, count(rows), VERDICTS.get(name, "")] for name, rows in counts.items()])


def reason_table(filtering: Step) -> Table:
    """The evidence that decided, most frequent first; a long tail is summed in its last row."""
    reasons = sorted(mapping(filtering.get("reasons")).items(), key=lambda pair: (-(number(pair[1]) or 0), pair[0]))
    rows = [[code(reason), count(rows)] for reason, rows in reasons[:REASONS_SHOWN]]
    tail = reasons[REASONS_SHOWN:]
    if tail:
        rows.append([f"{len(tail)} further reasons", count(sum(number(rows) or 0 for _, rows in tail))])
    return Table(["Evidence", "Rows"], "<>", rows)


def licence_table(filtering: Step) -> Table:
    """Rows by the licence of their source."""
    return Table(["Licence of the rows", "Rows"], "<>", [[code(name), count(rows)] for name, rows in mapping(filtering.get("licenses")).items()])


def stage_table(training: Step) -> Table:
    """One row a setting, one column a stage of training."""
    stages = [_settings(mapping(stage)) for stage in items(training.get("stages"))]
    names = [str(stage.pop("name", None) or f"stage {number_}") for number_, stage in enumerate(stages, start=1)]
    keys = [*SETTINGS, *dict.fromkeys(key for stage in stages for key in stage if key not in SETTINGS)]
    rows = [[SETTINGS.get(key) or code(key), *(_setting(stage.get(key)) for stage in stages)] for key in keys if any(key in stage for stage in stages)]
    return Table(["Setting", *names], "<" + ">" * len(names), rows)


def _settings(stage: Mapping[str, Any]) -> dict[str, Any]:
    # As in transformers.TrainingArguments: max_steps above 0 overrides epochs, and -1 means "not set".
    steps = number(stage.get("max_steps"))
    left_out = "epochs" if steps is not None and steps > 0 else "max_steps"
    return {key: value for key, value in stage.items() if key != left_out and value is not None}


def _setting(value: Any) -> Any:
    if isinstance(value, str) or texts(value):
        return Markdown(", ".join(code(text) for text in texts(value)))
    return short(value)


def hash_table(merging: Step) -> Table:
    """SHA-256 of every weight file that went into the merge."""
    sides = (("base", "base_sha256"), ("fine-tuned", "regional_sha256"))
    rows = [[side, code(file), code(digest)] for side, key in sides for file, digest in sorted(mapping(merging.get(key)).items())]
    return Table(["Side", "File", "SHA-256"], "<<<", rows)


def pairs_line(counts: Any) -> str:
    """Counts by name in one line: "merged 118, copied 3"."""
    return ", ".join(f"{name} {count(value)}" for name, value in mapping(counts).items() if count(value))


def _strong(cell: str) -> Markdown | str:
    return Markdown(f"**{escaped(cell)}**") if cell else ""
