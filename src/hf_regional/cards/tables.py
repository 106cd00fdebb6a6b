"""Tables of a card that are not scores: recorded steps in, rows of printed cells out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hf_regional.cards.facts import Step
from hf_regional.cards.figures import count, items, mapping, number, percent, short, signed_percent, texts, value_of, with_interval
from hf_regional.cards.markdown import Markdown, code, escaped

VERDICTS: Final = {
    "kept": "belongs to the region",
    "other": "belongs elsewhere",
    "ambiguous": "fits the region and other places alike",
    "none": "says nothing about where it belongs",
    "excluded": "takes no part, by the configuration",
    "quality": "belongs to the region, but its quality is too low or not recorded",
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
    "adam_beta2": "Adam, decay of the second moment",
}
REASONS_SHOWN: Final = 25


@dataclass(frozen=True, slots=True)
class Table:
    """A head, an alignment a column (`<` or `>`), and rows of cells. It is false where it has no row."""

    head: Sequence[Any]
    align: str
    rows: Sequence[Sequence[Any]]

    def __bool__(self) -> bool:
        return bool(self.rows)

    def drawn(self) -> Markdown:
        """The table as GitHub-flavoured Markdown, every cell escaped; columns that are empty throughout are left out."""
        kept = [column for column in range(len(self.head)) if any(str(row[column]) for row in self.rows)]
        rule = [Markdown("---:" if sign == ">" else ":---") for sign in self.align]
        lines = [self.head, rule, *self.rows]
        return Markdown("\n".join("| " + " | ".join(escaped(line[column]) for column in kept) + " |" for line in lines))


def strong(cell: str) -> Markdown:
    """A cell in bold type; an empty one stays empty."""
    return Markdown(f"**{escaped(cell)}**" if cell else "")


def curve_table(choice: Step, beta: float | None) -> Table:
    """One row a β: both scores, retention with its lower bound, GRP, how often it wins, which others beat it; the chosen one marked."""
    floor = (number(choice.get("min_retention")) or 0) + (number(choice.get("margin")) or 0)
    wins = {number(one["beta"]): percent(one.get("share")) for one in map(mapping, items(choice.get("wins"))) if "beta" in one}
    beaten = {number(one["beta"]): _beaten(one) for one in map(mapping, items(choice.get("front"))) if "beta" in one}
    rows: list[list[Any]] = []
    for point in map(mapping, items(choice.get("curve"))):
        cells, place = _curve_row(point, floor), number(point.get("beta"))
        cells += [wins.get(place, ""), beaten.get(place, "")]
        is_chosen = beta is not None and place == beta
        rows.append([*map(strong, cells), "← chosen"] if is_chosen else [*cells, refusal(point, floor)])
    return Table(["β", "Global", "Regional", "Retention (lower bound)", "GRP", "Wins", "Beaten by", ""], ">>>>>><<", rows)


def refusal(point: Mapping[str, Any], floor: float) -> str:
    """Why a point of the curve may not win; empty where it may. What is above the floor failed by its lower bound.

    >>> [refusal({"passes": False, "retention": {"value": kept}}, 0.985) for kept in (0.9, 1.003)]
    ['keeps too little', 'not surely enough']
    """
    if point.get("passes") is not False:
        return ""
    kept = value_of(mapping(point.get("retention")))
    return "not surely enough" if kept is None or kept >= floor > 0 else "keeps too little"


def _curve_row(point: Mapping[str, Any], floor: float) -> list[Any]:
    kept = mapping(point.get("retention"))
    low = percent(kept.get("low"))
    retained = f"{percent(kept.get('value'))} ({low})" if low else percent(kept.get("value"))
    parity = percent(value_of(point.get("grp")))
    return [short(point.get("beta")), with_interval(point.get("global")), with_interval(point.get("regional")), retained, parity]


def _beaten(point: Mapping[str, Any]) -> str:
    """Which β another beats on both sides: those that surely do, or that one does by its points.

    >>> [_beaten({"on_front": on, "beaten_by": by}) for on, by in ((True, []), (False, []), (False, [0.3, 0.4]))]
    ['none', 'not surely', '0.3, 0.4']
    """
    surely = ", ".join(short(beta) for beta in items(point.get("beaten_by")))
    return surely or ("none" if point.get("on_front") else "not surely")


def winner_table(choice: Step) -> Table:
    """Which β wins at every α, and how surely each hands over to the next."""
    winners = [mapping(winner) for winner in items(choice.get("winners"))]
    ends = {number(one.get("after")): one for one in map(mapping, items(choice.get("switches")))}
    rows = [
        [
            f"{_to_three(winner.get('alpha_from'))} to {_to_three(winner.get('alpha_to'))}",
            short(winner.get("beta")),
            _handed_over(ends.get(number(winner.get("beta")))),
        ]
        for winner in winners
    ]
    return Table(["α", "β", "Takes over at α (95 % interval)"], "<><", rows)


def _handed_over(switch: Mapping[str, Any] | None) -> str:
    if switch is None:
        return ""
    return f"{_to_three(switch.get('alpha'))} ({_to_three(switch.get('low'))} to {_to_three(switch.get('high'))})"


def held_out_table(choice: Step) -> Table:
    """What choosing this way gives on rows that had no part in the choice: one row, each fold under the β that the others chose."""
    found = mapping(choice.get("out_of_fold"))
    kept, gain = mapping(found.get("retention")), mapping(found.get("gain"))
    low = percent(kept.get("low"))
    retained = f"{percent(kept.get('value'))} ({low})" if low else percent(kept.get("value"))
    betas = ", ".join(short(beta) for beta in items(found.get("betas")))
    row = [with_interval(found.get("global")), with_interval(found.get("regional")), retained, signed_percent(gain.get("percent"))]
    head = ["Global", "Regional", "Retention (lower bound)", "Regional gain, %", "GRP", "β by fold"]
    return Table(head, ">>>>><", [[*row, percent(found.get("grp")), betas]] if found else [])


def _to_three(value: Any) -> str:
    return "?" if number(value) is None else short(round(value, 3))


def verdict_table(filtering: Step) -> Table:
    """How many rows got each verdict, and what it means; of "none", those that were set aside are told apart."""
    counts = dict(mapping(filtering.get("counts")))
    for reason, rows in mapping(filtering.get("reasons")).items():
        kind = str(reason).partition(":")[0]
        if kind in {"excluded", "quality"} and number(counts.get("none")) is not None:
            counts["none"] -= number(rows) or 0
            counts[kind] = counts.get(kind, 0) + (number(rows) or 0)
    return Table(["Verdict", "Rows", "The row …"], "<><", [[name, count(rows), VERDICTS.get(name, "")] for name, rows in counts.items()])


def reason_table(filtering: Step) -> Table:
    """The evidence that decided, most frequent first; a long tail is summed in its last row."""
    reasons = sorted(mapping(filtering.get("reasons")).items(), key=lambda pair: (-(number(pair[1]) or 0), pair[0]))
    rows = [[code(reason), count(rows)] for reason, rows in reasons[:REASONS_SHOWN]]
    tail = reasons[REASONS_SHOWN:]
    if tail:
        rows.append([Markdown(f"{len(tail)} further ones"), count(sum(number(rows) or 0 for _, rows in tail))])
    return Table(["Evidence that decided", "Rows"], "<>", rows)


def licence_table(filtering: Step) -> Table:
    """Rows by the licence of their source."""
    return Table(
        ["Licence of the rows", "Rows"], "<>", [[code(name), count(rows)] for name, rows in mapping(filtering.get("licenses")).items()]
    )


def stage_table(training: Step) -> Table:
    """One row a setting, one column a stage of training."""
    stages = [_settings(mapping(stage)) for stage in items(training.get("stages"))]
    names = [str(stage.pop("name", None) or f"stage {place}") for place, stage in enumerate(stages, start=1)]
    keys = [*SETTINGS, *dict.fromkeys(key for stage in stages for key in stage if key not in SETTINGS)]
    rows = [
        [SETTINGS.get(key) or code(key), *(_setting(stage.get(key)) for stage in stages)]
        for key in keys
        if any(key in stage for stage in stages)
    ]
    return Table(["Setting", *names], "<" + ">" * len(names), rows)


def _settings(stage: Mapping[str, Any]) -> dict[str, Any]:
    # As in transformers.TrainingArguments: max_steps above 0 overrides epochs, and -1 means "not set".
    steps = number(stage.get("max_steps"))
    left_out = "epochs" if steps is not None and steps > 0 else "max_steps"
    return {key: value for key, value in stage.items() if key != left_out and value is not None}


def _setting(value: Any) -> Any:
    if texts(value) == ["*"]:
        return "all"
    return Markdown(", ".join(map(code, texts(value)))) if texts(value) else short(value)


def hash_table(merging: Step) -> Table:
    """SHA-256 of every weight file that went into the merge, as `inputs` or as `base_sha256` and `regional_sha256`."""
    inputs = mapping(merging.get("inputs"))
    found = {
        side: mapping(merging.get(f"{side}_sha256")) or mapping(mapping(inputs.get(side)).get("sha256")) for side in ("base", "regional")
    }
    rows = [[side, code(file), code(digest)] for side, digests in found.items() for file, digest in sorted(digests.items())]
    return Table(["Checkpoint", "File", "SHA-256"], "<<<", [["fine-tuned" if row[0] == "regional" else "base", *row[1:]] for row in rows])


def tallied(counts: Any) -> Markdown:
    """Counts by name in one line, nought left out; counts of several tasks one after the other.

    >>> tallied({"merged": 118, "copied": 0, "equal": 3})
    'merged 118, equal 3'
    """
    parts = [
        tallied(value) if isinstance(value, Mapping) else f"{escaped(name)} {count(value)}"
        for name, value in mapping(counts).items()
        if value
    ]
    return Markdown(", ".join(part for part in parts if part))


def counted_out(counts: Any) -> Markdown:
    """What was left out, as a reader says it; counts of several tasks one after the other.

    >>> counted_out({"retrieval": {"texts asked twice": 3, "texts without a language": 0}})
    '3 texts asked twice'
    """
    parts = [
        counted_out(value) if isinstance(value, Mapping) else f"{count(value)} {escaped(name)}"
        for name, value in mapping(counts).items()
        if value
    ]
    return Markdown("; ".join(part for part in parts if part))
