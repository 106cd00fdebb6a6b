"""Carding: what a filter gave back in; the card of the data set, its README.md with `regional.json` beside, out.

found = load_corpus("cvqa", "SEA", split="test")
write_dataset_card(found, "cvqa-sea", sources=[catalogue()["cvqa"]])            # cvqa-sea/README.md
found.data.push_to_hub("me/cvqa-sea")
push_dataset_card(found, "me/cvqa-sea", sources=[catalogue()["cvqa"]])          # beside the rows, on the Hub
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from hf_regional.cards import CardFacts
from hf_regional.cards.card import write_card
from hf_regional.cards.data_sources import Described, described
from hf_regional.cards.dataset_card import render_dataset_card
from hf_regional.cards.dataset_metadata import body_of, kept_fields
from hf_regional.cards.facts import FILE_NAME
from hf_regional.cards.pages import CARD, hand_written
from hf_regional.filtering.consent import ConsentPolicy, Credits, LicencePolicy, credits_of, judge_consent, plan_consent, read_licence
from hf_regional.filtering.drivers import Filtered
from hf_regional.filtering.parquet import find_files
from hf_regional.filtering.parquet.storage import inside, opened
from hf_regional.filtering.report.counts import NO_VALUE, TOO_MANY
from hf_regional.filtering.report.steps import STEPS
from hf_regional.filtering.report.wording import label, sentence
from hf_regional.licences import UNKNOWN
from hf_regional.version import __version__

_BATCH: Final = 10_000  # rows of which who is credited is read at a time
_CREDITED: Final = 100  # lines of credit on the card
_GROUPS: Final = ("country", "language", "source", "licence")
# Everything but licences is switched off: the rows are kept already, and only their columns are asked for.
_CREDITING: Final = ConsentPolicy(licences=LicencePolicy(), opt_out=None, personal=None)

Sources = Sequence[str | Described]


def write_dataset_card(
    found: Filtered[Any],
    folder: str | Path,
    *,
    name: str | None = None,
    sources: Sources = (),
    split: str = "train",
    credits: bool = True,
    overwrite: bool = False,
) -> Path:
    """Write `<folder>/README.md` and the facts that it tells, `<folder>/regional.json`; return the card's path.

    What somebody wrote by hand between the markers `<!-- hf-regional:keep -->` and `<!-- /hf-regional:keep -->` is kept, and so is what
    `push_to_hub` of `datasets` wrote of files and columns into the front matter.

    Args:
        found: what `filter_regional` or `load_corpus` gave back.
        folder: it is made where it is missing. Where it is the folder that the filter has written, the card says which files are the
            kept rows, so that `load_dataset` of the folder, or of its copy on the Hub, loads them alone.
        name: the data set's; the folder's where left out.
        sources: where the rows come from: rows of `hf_regional.corpora.catalogue()`, a `hf_regional.cards.DataSource` of your own, or
            names. Licences come from the rows, and from here where rows name none.
        split: what rows without splits are called when the folder is loaded, such as "test" for those of a test split.
        credits: whether to read whose works the kept rows are. Of a stream that is one pass, after which its report is complete.
        overwrite: replace also a README.md that this package did not write.

    Raises:
        DamagedFileError: a marker of the hand-written section has lost its partner.
        OutputExistsError: README.md is there without the markers, so it is somebody's own.
        CannotWriteError: no space or permission.
    """
    place = Path(folder)
    path = place / CARD
    hand_written(path.read_text(encoding="utf-8") if path.is_file() else "", path, overwrite=overwrite)  # before a long pass over rows
    facts = dataset_facts(found, name=name or place.resolve().name, sources=sources, credits=credits, files=_files(found, place, split))
    place.mkdir(parents=True, exist_ok=True)
    facts.save(place)
    return write_card(place, overwrite=overwrite)


def push_dataset_card(
    found: Filtered[Any], repo_id: str, *, name: str | None = None, sources: Sources = (), credits: bool = True, overwrite: bool = False,
    revision: str | None = None, token: str | None = None,
) -> str:  # fmt: skip
    """Put the card and `regional.json` into a repository on the Hub, after `found.data.push_to_hub(repo_id)`; return the commit's address.

    Arguments and errors as in `write_dataset_card`; the card that is there is read first, and its own section and fields are kept.

    Args:
        found: as there.
        repo_id: "owner/name", a repository that exists.
        name: the data set's; that of the repository where left out.
        sources: as there.
        credits: as there.
        overwrite: as there.
        revision: a branch; main where left out.
        token: of the Hub; that of the login where left out.
    """
    from huggingface_hub import CommitOperationAdd, HfApi

    hub = HfApi(token=token)
    there = _card_on_hub(hub, repo_id, revision)
    kept = hand_written(there if body_of(there) else "", f"{repo_id}/{CARD}", overwrite=overwrite)
    facts = dataset_facts(found, name=name or repo_id.rpartition("/")[2], sources=sources, credits=credits, repo_id=repo_id)
    card = render_dataset_card(facts, kept=kept, fields=kept_fields(there))
    contents = {CARD: card, FILE_NAME: facts.as_json()}
    operations = [CommitOperationAdd(path, text.encode()) for path, text in contents.items()]
    return str(hub.create_commit(repo_id, operations, commit_message="The card", repo_type="dataset", revision=revision).commit_url)


def dataset_facts(
    found: Filtered[Any],
    *,
    name: str,
    sources: Sources = (),
    credits: bool = True,
    files: Mapping[str, Any] | None = None,
    repo_id: str | None = None,
) -> CardFacts:
    """Everything that the card tells. No row's text is in it; names of authors are, where rows credit them.

    Args:
        found: what a filter gave back.
        name: the data set's.
        sources: where its rows come from.
        credits: whether to read whose works the kept rows are.
        files: `data_files`, split -> pattern of its files in the folder of the card, and `dropped_folder`, where there are any.
        repo_id: its repository on the Hub.
    """
    credited = _credits(found) if credits else Credits()  # first: a stream's report is complete after a pass
    told = found.report.as_dict()
    from_sources = [described(source) for source in sources]
    settings: Any = told["settings"]
    facts = CardFacts().with_step("dataset", name=name, repo_id=repo_id, **_shape(found, told), **(files or {}))
    for source in from_sources:
        facts = facts.with_step("source", **source)
    facts = facts.with_step("filters", **{key: value for key, value in settings.items() if key != "samples"})
    facts = facts.with_step("outcome", **_outcome(found, told))
    facts = facts.with_step("licences", rows=_licences(told, from_sources))
    ordered = credited.ordered()
    works = [{**credit._asdict(), "works": size} for credit, size in ordered[:_CREDITED]]
    rest = ordered[_CREDITED:]
    facts = facts.with_step("credits", works=works, more=len(rest), more_works=sum(size for _, size in rest))
    return facts.with_step("environment", hf_regional=__version__)


def _shape(found: Filtered[Any], told: Mapping[str, Any]) -> dict[str, Any]:
    asked = {key: told[key] for key in ("region", "rows", "kept")}
    return {**asked, "mode": told["settings"]["mode"], "splits": told.get("splits", {}), "columns": _columns(found)}


def _files(found: Filtered[Any], folder: Path, split: str) -> dict[str, Any]:
    """Which files are the kept rows, where the card lies in a folder that a filter has written."""
    if not (folder / "kept").is_dir():
        return {}
    files = {name: f"kept/{name}-*.parquet" for name in found.report.splits} or {split: "kept/*.parquet"}
    return {"data_files": files, "dropped_folder": "dropped" if (folder / "dropped").is_dir() else None}


def _columns(found: Filtered[Any]) -> dict[str, str]:
    """Name and type of each column, as `datasets` calls them."""
    data = _first(found.data)
    if isinstance(data, pa.Table):
        return {field.name: str(field.type) for field in data.schema}
    return {name: _type_of(feature) for name, feature in (data.features or {}).items()}


def _type_of(feature: Any) -> str:
    if isinstance(feature, dict):
        return f"struct of {', '.join(feature)}"
    inner = getattr(feature, "feature", None)
    if inner is not None:
        return f"list of {_type_of(inner)}"
    dtype = getattr(feature, "dtype", None)
    return str(dtype) if type(feature).__name__ == "Value" else type(feature).__name__


def _outcome(found: Filtered[Any], told: Mapping[str, Any]) -> dict[str, Any]:
    steps = [{"name": step.name, "does": step.does, **told["steps"][step.name]} for step in STEPS]
    outcomes = [{**outcome._asdict(), "rows": rows} for outcome, rows in found.report.outcomes.items()]
    groups = {group: told["groups"][group] for group in _GROUPS if group in told["groups"]}
    parts = {group: [_part(group, value, counts) for value, counts in values.items()] for group, values in groups.items()}
    losses = [f"{label(loss.passage.group, loss.passage.value)}, {loss.passage.step}: {sentence(loss)}" for loss in found.report.losses]
    return {"steps": steps, "outcomes": outcomes, "parts": parts, "losses": losses, "counts": told["counts"], "hidden": told["hidden"]}


def _part(group: str, value: str, counts: Mapping[str, Any]) -> dict[str, Any]:
    return {"value": value, "label": label(group, value), **counts, **({"id": _identifier(value)} if group == "licence" else {})}


def _identifier(text: str) -> str:
    # What was cut off might have said the contrary.
    return UNKNOWN if text in {NO_VALUE, TOO_MANY} or text.endswith("…") else read_licence(text)


def _licences(told: Mapping[str, Any], sources: Sequence[Mapping[str, str]]) -> dict[str, int]:
    """Rows by the identifier of their licence; where no column names it, the licences of the sources, each with all rows."""
    size = "rows" if told["settings"]["mode"] == "annotate" else "kept"
    found: Counter[str] = Counter()
    for text, counts in told["groups"].get("licence", {}).items():
        found[_identifier(text)] += counts[size]
    if not found:
        found.update(dict.fromkeys((_identifier(source["license"]) if source["license"] else UNKNOWN for source in sources), told[size]))
    return dict(+found)


def _credits(found: Filtered[Any]) -> Credits:
    """Whose works the kept rows are; nothing where no column tells an author or a source."""
    credited = Credits()
    for rows in _role_tables(found):
        plan = plan_consent(rows.schema, _CREDITING)
        if any(plan.roles[role] for role in ("author", "attribution", "source")):
            licences = judge_consent(rows, plan).licences
            credited.add(credits_of(rows, plan.roles, licences.wordings if licences else None))
    return credited


def _role_tables(found: Filtered[Any]) -> Iterator[pa.Table]:
    """The kept rows, table by table, with no more columns than crediting needs: pictures are not read."""
    if found.path is not None:
        for file in find_files(inside(found.path, "kept")):
            with opened(file) as parquet:
                for batch in parquet.iter_batches(_BATCH, columns=_role_columns(parquet.schema_arrow)):
                    yield pa.Table.from_batches([batch])
        return
    for data in found.data.values() if isinstance(found.data, dict) else [found.data]:
        if isinstance(data, pa.Table):
            yield data.select(_role_columns(data.schema))
            continue
        names = _role_columns(data.features.arrow_schema) if data.features else None
        arrow = data.with_format("arrow")
        yield from (arrow.select_columns(names) if names else arrow).iter(_BATCH)


def _role_columns(schema: pa.Schema) -> list[str]:
    roles = plan_consent(schema, _CREDITING).roles
    return [name for name in schema.names if any(name in columns for columns in roles.values())]


def _first(data: Any) -> Any:
    return next(iter(data.values())) if isinstance(data, dict) else data


def _card_on_hub(hub: Any, repo_id: str, revision: str | None) -> str:
    from huggingface_hub.errors import EntryNotFoundError

    try:
        path = hub.hf_hub_download(repo_id, CARD, repo_type="dataset", revision=revision)
    except EntryNotFoundError:
        return ""
    return Path(path).read_text(encoding="utf-8")
