"""Write the table of corpora in docs/corpora.md from the catalogue; run it after a file of the catalogue was added or changed.

PYTHONPATH=src python scripts/build_corpora_table.py
"""

from pathlib import Path

from hf_regional.corpora import Corpus, catalogue

GUIDE = Path(__file__).parents[1] / "docs" / "corpora.md"
_BEGIN, _END = "<!-- the table, by scripts/build_corpora_table.py -->\n", "<!-- the end of the table -->\n"
_HEAD = ("name", "what", "views", "splits, configurations", "licence", "for", "schema")


def table() -> str:
    """The table in Markdown: one row a corpus of the catalogue."""
    rows = [_HEAD, ("---",) * len(_HEAD), *map(_row, catalogue().values())]
    return "".join(f"| {' | '.join(cell.replace('|', '/') for cell in row)} |\n" for row in rows)


def with_table(guide: str) -> str:
    """The guide with the table of today between its two marks."""
    before, _, rest = guide.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    return f"{before}{_BEGIN}{table()}{_END}{after}"


def _row(corpus: Corpus) -> tuple[str, ...]:
    builder = corpus.to_class()
    views = getattr(builder, "VIEWS", ("pairs",))
    what = f"{corpus.title}. {corpus.size}".rstrip(". ")
    return (f"`{corpus.name}`", what, ", ".join(views), _shape(builder), corpus.license, corpus.use, corpus.schema_source)


def _shape(builder: type) -> str:
    files = getattr(builder, "FILES", {})
    splits = [*dict.fromkeys(split for config in files.values() for split in config)]
    named = f"{splits[0]} to {splits[-1]}, {len(splits)} in all" if len(splits) > 12 else ", ".join(splits)
    configs = [name for name in files if name != "default"]
    if len(configs) > 12:
        return f"{named}; `{configs[0]}`, `{configs[1]}` to `{configs[-1]}`"
    return "; ".join(part for part in (named, ", ".join(f"`{name}`" for name in configs)) if part)


if __name__ == "__main__":
    GUIDE.write_text(with_table(GUIDE.read_text(encoding="utf-8")), encoding="utf-8")
