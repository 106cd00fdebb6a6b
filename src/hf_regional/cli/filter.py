"""`hf-regional filter`: the rows of a corpus that belong to a region, and why."""

import argparse
from pathlib import Path
from typing import Any


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `filter` takes."""
    parser.add_argument("source", help="a corpus (`hf-regional corpora`), Parquet files, a folder, a pattern in quotes, or a Hub id")
    parser.add_argument("--region", nargs="+", required=True, metavar="NAME", help="names (SEA, UN:035) or ISO 3166-1 alpha-3 codes")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="DIR", help="a new folder for kept/ and dropped/ as Parquet, the report and the card"
    )
    parser.add_argument("--report", action="store_true", help="sample rows of each reason, with pictures, for the report's page")
    parser.add_argument("--samples", type=int, metavar="N", help="rows of each reason in the report (with --report: 8)")
    parser.add_argument("--columns", nargs="+", type=_pair, default=[], metavar="KIND=COLUMN", help="where evidence stands: text=caption")
    parser.add_argument("--without", nargs="+", default=[], metavar="KIND", help="kinds of evidence to switch off: detected url")
    parser.add_argument("--terms", type=Path, metavar="CSV", help="words of your own: the columns text and country")
    parser.add_argument("--combine", default="strongest", metavar="RULE", help="strongest (default), any, all or weighted")
    parser.add_argument("--quality", metavar="SCORER", help="column:NAME, resolution, length, clip:MODEL, ... see docs/quality.md")
    parser.add_argument("--min-quality", type=float, metavar="X", help="the least score that passes")
    parser.add_argument("--exclude", nargs="+", type=_pair, default=[], metavar="COLUMN=VALUE", help="rows that take no part")
    parser.add_argument("--copies", action="store_true", help="drop near duplicates (of Parquet files with --output)")
    parser.add_argument("--no-consent", action="store_true", help="ignore opt-outs, mask nothing, drop no annotator columns")
    parser.add_argument("--keep-positions", action="store_true", help="leave in pictures where they were taken")
    parser.add_argument("--no-picture-check", action="store_true", help="do not set rows with a broken picture aside")
    parser.add_argument("--num-proc", type=int, default=1, metavar="N", help="processes, for Parquet files with --output")
    parser.add_argument("--engine", default="datasets", help="datasets (default) or daft, for Parquet files with --output")
    parser.add_argument("--data-dir", type=Path, metavar="DIR", help="for corpora that are a folder of yours")
    parser.add_argument("--split", default="train", metavar="NAME", help="of a corpus (default: train)")


def execute(arguments: argparse.Namespace) -> tuple[dict[str, Any], str]:
    """Do it."""
    from hf_regional.filtering import filter_regional
    from hf_regional.filtering.saving import save_filtered
    from hf_regional.filtering.sources import files_of
    from hf_regional.regions import Region

    source, columns = _source(arguments)
    options = _options(arguments, columns)
    if files_of(source) and arguments.output:
        options |= {"output": arguments.output, "num_proc": arguments.num_proc, "engine": arguments.engine}
    found = filter_regional(source, Region(*arguments.region), **options)
    if arguments.output and found.path is None:
        save_filtered(found, arguments.output)
    elif not arguments.output:
        _read_through(found.data)
    if arguments.output:
        _write_card(found, arguments)
    said = [
        str(found.report),
        *([f"written to {arguments.output}: open report.html, or README.md, the card of the data set"] if arguments.output else []),
    ]
    return found.report.as_dict(), "\n".join(said)


def _source(arguments: argparse.Namespace) -> tuple[Any, dict[str, Any]]:
    """What to filter, and the columns that a corpus of the catalogue is placed by."""
    from hf_regional.corpora import catalogue, evidence_columns, load_corpus
    from hf_regional.errors import UnknownNameError

    name = arguments.source
    if name in catalogue():
        options = {"data_dir": arguments.data_dir} if arguments.data_dir else {}
        return load_corpus(name, split=arguments.split, **options), evidence_columns(name)
    if "/" not in name and not Path(name).exists() and "*" not in name:
        load_corpus(name)  # says which corpora there are
        raise UnknownNameError(f"no corpus {name!r}.")
    return name, {}


def _options(arguments: argparse.Namespace, columns: dict[str, Any]) -> dict[str, Any]:
    from hf_regional.filtering import ConsentPolicy, Copies, PersonalPolicy

    for kind, name in arguments.columns:
        columns = {**columns, kind: [*(columns.get(kind) or ()), name]}
    samples = arguments.samples if arguments.samples is not None else 8 * arguments.report
    exclude: dict[str, list[str]] = {}
    for key, value in arguments.exclude:
        exclude.setdefault(key, []).append(value)
    return {
        "columns": {**columns, **dict.fromkeys(arguments.without)},
        "quality": arguments.quality,
        "min_quality": arguments.min_quality,
        "exclude": exclude or None,
        "combine": arguments.combine,
        "terms": arguments.terms,
        "samples": samples,
        "pictures": arguments.report,
        **({"copies": Copies()} if arguments.copies else {}),
        **({"consent": ConsentPolicy(personal=PersonalPolicy(positions=False))} if arguments.keep_positions else {}),
        **({"consent": None} if arguments.no_consent else {}),
        "check_pictures": not arguments.no_picture_check,
    }


def _write_card(found: Any, arguments: argparse.Namespace) -> None:
    from hf_regional.corpora import catalogue
    from hf_regional.filtering import write_dataset_card

    corpus = catalogue().get(arguments.source)
    named = corpus or _public_name(arguments.source)
    split = arguments.split if corpus else "train"
    write_dataset_card(found, arguments.output, sources=[named] if named else [], split=split)


def _public_name(source: str) -> str:
    """A source as a card may name it: an id of the Hub; of files their name, but never where they lie on this machine."""
    path = Path(source)
    is_on_disk = path.is_absolute() or path.exists() or "*" in source or "?" in source
    return (
        next((part for part in reversed(path.parts) if "*" not in part and "?" not in part and part != "/"), "") if is_on_disk else source
    )


def _read_through(data: Any) -> None:
    """Read a stream to its end, for only then are its counts complete."""
    from datasets import IterableDataset

    if isinstance(data, IterableDataset):
        for _ in data.with_format("arrow").iter(10_000):
            pass


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name or not value:
        raise argparse.ArgumentTypeError(f"{text!r} is no NAME=VALUE")
    return name, value
