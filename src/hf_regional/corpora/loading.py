"""One call that loads any corpus of the catalogue.

rows = load_corpus("emoji-world")                                          # DatasetDict: train, validation, test
found = load_corpus("emoji-world", "SEA", split="train")                   # Filtered: .data, .dropped, .report
mine = load_corpus("imagefolder+csv", data_dir="photos", columns={"text": "caption"})
asked = load_corpus("cvqa", view="vqa", split="test", revision="1b2a9c4")  # a published corpus, pinned
"""

import errno
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from hf_regional.corpora.listing import Corpus, catalogue
from hf_regional.errors import CannotWriteError, ConfigError, NotBuiltYetError, RegionalError, UnknownNameError
from hf_regional.nearest import did_you_mean

if TYPE_CHECKING:
    from hf_regional.regions import Region

_NO_ROOM: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM}
_PUBLISHED: Final = ("config", "revision", "data_dir", "on_unknown", "longest_side")
_MODELS: Final = Path(__file__).parent / "data"


def load_corpus(
    name: str,
    region: "Region | str | None" = None,
    *,
    view: str = "pairs",
    streaming: bool = False,
    quality: str | None = None,
    min_quality: float | None = None,
    split: str | None = None,
    mode: Literal["keep", "annotate"] = "keep",
    cache_dir: Path | str | None = None,
    **options: Any,
) -> Any:
    """Build a corpus once into the cache of `datasets`, load it, and filter it where a region or a quality is asked for.

    Args:
        name: a name of `catalogue()`.
        region: a `Region` or its name.
        view: "pairs", rows of one picture and one text (`hf_regional.records.PAIRS`); "vqa", rows of one question (`records.VQA`); "raw",
            as published. Each corpus says which it has.
        streaming: read rows as they are asked for; nothing is written but picture files, and tables of rows whose pictures lie apart.
        quality: "column:NAME", a column of scores.
        min_quality: the least score that passes, on that column's scale.
        split: such as "train"; all of them where left out.
        mode: "keep" parts the rows into kept and dropped, "annotate" keeps every row with its verdict.
        cache_dir: in place of the cache folder of `datasets`.
        options: what the corpus itself takes, see `options` in its row of the catalogue. Every published corpus takes `config`, one of
            its configurations; `revision`, of its repository; `data_dir`, a folder with its published files in place of the Hub;
            `on_unknown`, "error" or "keep", for names of countries and languages that nobody knows; and `longest_side`, pixels to
            which larger pictures are shrunk while the corpus is built.

    Returns:
        `datasets.DatasetDict` or, with a split, `Dataset` (`Iterable...` when streaming), its columns already under the names of
        the view; with a region or a quality a `hf_regional.filtering.Filtered` of the same.

    Raises:
        UnknownNameError: no such corpus or split; the message names the nearest.
        ConfigError: an option that the corpus does not take, or lacks.
        NotBuiltYetError: a view that the corpus does not have.
        MissingFileError, MissingColumnError, DamagedFileError, BadRowError: the published files are not as they were described.
        CannotWriteError: the cache folder is full, over a limit, or closed to us.
    """
    corpus = _find(name, options)
    with _said_plainly(name):
        # A published corpus fetches and builds the files of the split that is asked for, and of no other.
        chosen = {"only": split} if split is not None and corpus.is_published else {}
        builder = corpus.to_class()(cache_dir=str(cache_dir) if cache_dir else None, **_viewed(corpus, view), **chosen, **_plain(options))
        data = _splits(builder, streaming=streaming)
    if split is not None:
        data = _one(data, split, name)
    if region is None and quality is None and min_quality is None:
        return data
    from hf_regional.filtering import filter_regional

    return filter_regional(data, region, columns=evidence_columns(name, view), quality=quality, min_quality=min_quality, mode=mode)


def evidence_columns(name: str, view: str = "pairs") -> dict[str, Any]:
    """What to give `filter_regional` as `columns` for the rows of a corpus of the catalogue: the kinds that place them, no others.

    Where the corpus says in which column evidence stands (`region_columns` of its builder), and the view has it, that one is read.
    """
    from hf_regional.filtering import only

    corpus = catalogue()[name]
    if not corpus.is_published:
        return only(*corpus.evidence)
    builder = corpus.to_class()
    told = {kind: column for kind, column in builder.region_columns.items() if column in builder.features_of(view)}
    return {**only(*corpus.evidence), **told}


def embedded_model(name: object) -> Path | None:
    """Find the folder of a model that comes with the package; None where `name` is none of them.

    >>> embedded_model("google/siglip2-base-patch16-224") is None
    True
    """
    folders = {config.parent.name: config.parent for config in _MODELS.glob("*/config.json")}
    return folders.get(str(name))


def _find(name: str, options: dict[str, Any]) -> Corpus:
    known = catalogue()
    if name not in known:
        raise UnknownNameError(f"no corpus {name!r}.{did_you_mean(name, known)} Known: {', '.join(known)}.")
    taken = (*known[name].options, *(_PUBLISHED if known[name].is_published else ()))
    for option in options:
        if option not in taken:
            raise ConfigError(
                f"{name} takes no option {option!r}.{did_you_mean(option, taken)} It takes: {', '.join(taken) or 'none'}.", option
            )
    return known[name]


def _viewed(corpus: Corpus, view: str) -> dict[str, str]:
    if corpus.is_published:
        return {"view": view}
    if view != "pairs":
        raise NotBuiltYetError(f"{corpus.name} has no view {view!r}: its only view is 'pairs'.")
    return {}


@contextmanager
def _said_plainly(name: str) -> Generator[None]:
    try:
        yield
    except Exception as error:
        # `datasets` wraps what stops its writer, and what we say of a row or a file too.
        cause = error if isinstance(error, OSError | RegionalError) else error.__cause__
        if isinstance(cause, RegionalError):
            raise cause from cause.__cause__
        if not isinstance(cause, OSError) or cause.errno not in _NO_ROOM:
            raise
        way_out = "Free some space there, or name another folder by cache_dir= or HF_DATASETS_CACHE."
        raise CannotWriteError(f"cannot build {name} in the cache of datasets: {cause}. {way_out}") from error


def _splits(builder: Any, *, streaming: bool) -> Any:
    if streaming:
        return builder.as_streaming_dataset()
    builder.download_and_prepare()
    return builder.as_dataset()


def _one(data: Any, split: str, name: str) -> Any:
    if split not in data:
        raise UnknownNameError(f"{name} has no split {split!r}.{did_you_mean(split, data)} There are: {', '.join(data)}.")
    return data[split]


def _plain(options: dict[str, Any]) -> dict[str, Any]:
    # `datasets` hashes options into the name of the cache folder, and takes paths as text.
    names = {"config": "config_name"}
    return {names.get(name, name): str(value) if isinstance(value, Path) else value for name, value in options.items() if value is not None}
