"""Published files that are not as they were described: each damage is an error that names file, column or row, or a counted row."""

import io
import logging

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from hf_regional import records
from hf_regional.corpora import catalogue, load_corpus
from hf_regional.corpora.pictured import PicturedCorpus
from hf_regional.corpora.published import BROKEN, CUT_SHORT, MISSING
from hf_regional.corpora.repository import Folder, found
from hf_regional.errors import DamagedFileError, MissingColumnError, MissingFileError, NoRowsError
from hf_regional.filtering import ConsentPolicy, LicencePolicy, filter_regional
from hf_regional.filtering.consent import read_licence
from miniatures import write_miniature
from picture_site import allowance

PUBLISHED = {corpus.builder.partition(":")[0]: name for name, corpus in catalogue().items() if corpus.is_published}
BUILDERS = {module: catalogue()[name].to_class() for module, name in PUBLISHED.items()}
SPLITS = {module: next(iter(builder.FILES.values())) for module, builder in BUILDERS.items()}
PARQUET = [module for module, splits in SPLITS.items() if all(any(one.endswith(".parquet") for one in each) for each in splits.values())]
PARQUET = [module for module in PARQUET if module != "bloom_captioning"]  # may be Parquet, and its miniature is JSON lines
PICTURED = [module for module in PARQUET if any(isinstance(kind, datasets.Image) for kind in BUILDERS[module].RAW.values())]


@pytest.fixture
def made(tmp_path, site):
    """A miniature on the disk, and a call that loads it."""

    class Made:
        def __init__(self, module):
            self.module, self.name, self.folder = module, PUBLISHED[module], write_miniature(module, tmp_path / "published", site.url)
            self.options = allowance(site) if "operator" in catalogue()[self.name].options else {}
            if "pictures" in catalogue()[self.name].options:
                self.options |= {"pictures": tmp_path / "pictures"}

        def files(self, split=None):
            """The table files of a split, or of all, in the order in which they are read."""
            store, splits = Folder(self.folder), SPLITS[self.module]
            return [self.folder / name for each, patterns in splits.items() if split in {None, each} for name in found(store, patterns)]

        def load(self, **options):
            return load_corpus(self.name, data_dir=self.folder, cache_dir=tmp_path / "cache", **self.options, **options)

        def read(self, *, streaming, **options):
            """Every row, for a stream says what is wrong when it comes to it."""
            found = self.load(streaming=streaming, **options)
            return {split: [*rows] if streaming else rows for split, rows in found.items()}

        def built(self, split, **options):
            """The rows of a split, and the builder, which says what it left out."""
            builder = BUILDERS[self.module](data_dir=self.folder, cache_dir=tmp_path / "cache", only=split, **self.options, **options)
            builder.download_and_prepare()
            return builder.as_dataset()[split], builder

    return Made


def without(path, column):
    table = pq.read_table(path)
    pq.write_table(table.drop_columns([column]), path)


def needed(module):
    builder = BUILDERS[module]
    present = builder.NEEDED or builder.RAW
    return [name for name in present if name not in builder.OPTIONAL]


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("module", PARQUET)
def test_a_column_that_rows_are_made_from_is_missed_by_name_in_the_file_that_lacks_it(made, module, streaming):
    corpus = made(module)
    for file in {corpus.files()[0], corpus.files()[-1]}:
        whole = file.read_bytes()
        for column in needed(module):
            if column not in pq.read_schema(file).names:
                continue
            without(file, column)
            with pytest.raises(MissingColumnError) as told:
                corpus.read(streaming=streaming)
            file.write_bytes(whole)
            assert told.value.missing == {column}
            assert str(file) in str(told.value)
            assert "Pin an older revision=, or load view='raw'" in str(told.value)


def spared(module):
    builder = BUILDERS[module]
    pictures = {records.IMAGE} if issubclass(builder, PicturedCorpus) else set()
    return [name for name in builder.RAW if name not in {*needed(module), *builder.OPTIONAL, *pictures}]


SPARE = [module for module in PARQUET if spared(module)]


@pytest.mark.parametrize("module", SPARE)
def test_a_column_that_rows_can_do_without_is_told_of_and_null_in_raw(made, module, caplog):
    corpus = made(module)
    spare = spared(module)[0]
    for file in corpus.files():
        without(file, spare)
    with caplog.at_level(logging.WARNING, "hf_regional"):
        raw = corpus.load(view="raw")
        pairs = corpus.load()
    assert f"{spare}" in caplog.text
    assert f"differs from the schema that is known of {corpus.name}" in caplog.text
    assert all(set(rows[spare]) == {None} for rows in raw.values())
    assert all(len(rows) for rows in pairs.values())


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("module", PARQUET)
def test_a_renamed_split_is_told_with_what_was_expected_and_what_is_there(made, module, streaming):
    corpus = made(module)
    split, patterns = next(iter(SPLITS[module].items()))
    if any(f"*.{kind}" in pattern for pattern in patterns for kind in ("parquet",)):
        pytest.skip("its files bear no split in their names")
    files = corpus.files(split)
    for place, file in enumerate(files):
        file.rename(file.with_name(f"renamed-{place}.parquet"))
    with pytest.raises(MissingFileError) as told:
        corpus.read(streaming=streaming)
    for word in (f"split {split!r}", patterns[0], "renamed-0.parquet", "pin an older revision="):
        assert word in str(told.value)


def test_another_split_loads_while_one_is_renamed(made):
    corpus = made("mtvqa")
    corpus.files("train")[0].rename(corpus.folder / "data" / "training-00000-of-00001.parquet")
    assert len(corpus.load(split="test")) > 0
    with pytest.raises(MissingFileError, match="split 'train'"):
        corpus.load(split="train")


DAMAGES = {
    "half": lambda whole: whole[: len(whole) // 2],
    "without its last byte": lambda whole: whole[:-1],
    "empty": lambda _: b"",
    "a page of the web": lambda _: b"<!doctype html><title>Sign in</title>",
    "scribbled over in the middle": lambda whole: whole[:4] + b"\x00" * (len(whole) // 2) + whole[4 + len(whole) // 2 :],
}


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("module", PARQUET)
def test_a_damaged_parquet_file_is_named(made, module, damage, streaming):
    corpus = made(module)
    file = corpus.files()[0]
    file.write_bytes(DAMAGES[damage](file.read_bytes()))
    with pytest.raises(DamagedFileError) as told:
        corpus.read(streaming=streaming)
    assert str(file) in str(told.value)
    assert "Fetch it anew" in str(told.value)


PACKED = {".json", ".jsonl", ".gz", ".arrow"}
OTHERS = [module for module in PUBLISHED if module not in PARQUET]


@pytest.mark.parametrize("module", OTHERS)
def test_a_table_of_another_kind_that_is_cut_off_is_named(made, module):
    corpus = made(module)
    files = [file for file in corpus.files() if file.suffix in PACKED]
    if not files:
        pytest.skip("a CSV that ends after a row is a shorter CSV")
    whole = files[0].read_bytes()
    files[0].write_bytes(whole[: len(whole) * 2 // 3])
    with pytest.raises(DamagedFileError) as told:
        corpus.load()
    assert files[0].name in str(told.value)


@pytest.mark.parametrize("module", PUBLISHED)
def test_a_table_that_is_gone_is_named(made, module):
    corpus = made(module)
    for file in corpus.files(next(iter(SPLITS[module]))):
        file.unlink()
    # of several layouts, what is left may be another one
    asked = {"config": next(iter(BUILDERS[module].FILES))} if issubclass(BUILDERS[module], PicturedCorpus) else {}
    with pytest.raises(MissingFileError) as told:
        corpus.load(**asked)
    assert str(corpus.folder) in str(told.value)


def big_jpeg():
    data = io.BytesIO()
    Image.effect_noise((64, 48), 80).save(data, "JPEG", quality=95)
    return data.getvalue()


def png():
    data = io.BytesIO()
    Image.effect_noise((64, 48), 80).save(data, "PNG")
    return data.getvalue()


SPOILT = {
    "no picture": (b"<html>not found</html>", BROKEN),
    "empty": (b"", BROKEN),
    "a JPEG cut in half": (big_jpeg()[: len(big_jpeg()) // 2], CUT_SHORT),
    "a PNG cut in half": (png()[: len(png()) // 2], CUT_SHORT),
    "null": (None, MISSING),
}


def spoil(file, pictures, content, row=0):
    """Put this in the place of a row's pictures."""
    table = pq.read_table(file)
    for name in pictures:
        cells = table[name].to_pylist()
        if cells[row] is not None:
            cells[row] = None if content is None else {"bytes": content, "path": None}
        table = table.set_column(table.schema.get_field_index(name), table.schema.field(name), pa.array(cells, table[name].type))
    pq.write_table(table, file)


@pytest.mark.parametrize("kind", SPOILT)
@pytest.mark.parametrize(
    ("module", "longest_side"), [*((module, None) for module in PICTURED if module != "marvl"), ("cvqa", 16), ("cvqa", 512)]
)
def test_a_picture_that_does_not_decode_is_left_out_and_counted(made, module, kind, longest_side, caplog):
    if (module, kind) == ("worldcuisines_food_kb", "null"):
        pytest.skip("it is fetched from its address")
    corpus = made(module)
    split = next(iter(SPLITS[module]))
    _, before = corpus.built(split)
    file = corpus.files(split)[0]
    content, reason = SPOILT[kind]
    pictures = [name for name, feature in BUILDERS[module].RAW.items() if isinstance(feature, datasets.Image)]
    pictures = [name for name in pictures if name in pq.read_schema(file).names]
    spoil(file, pictures, content)
    with caplog.at_level(logging.WARNING, "hf_regional"):
        rows, after = corpus.built(split, longest_side=longest_side)
    counted = reason if longest_side != 16 or reason != CUT_SHORT else BROKEN  # it was decoded, and failed
    gone = after.left_out[counted] - before.left_out[counted]
    assert gone > 0
    assert after.left_out - before.left_out == {counted: gone}
    assert len(rows) + gone == before.info.splits[split].num_examples
    assert f"{after.left_out[counted]} {counted}" in caplog.text
    assert all(picture.convert("RGB").width > 0 for picture in rows[records.IMAGE])  # what is left decodes


@pytest.mark.parametrize("name", ["left_img", "right_img"])
def test_a_second_picture_of_a_row_must_be_whole_too(made, name):
    corpus = made("marvl")
    rows, before = corpus.built("id")
    spoil(corpus.files("id")[0], [name], SPOILT["a JPEG cut in half"][0])
    with pytest.raises(NoRowsError, match=f"1 {CUT_SHORT}"):
        corpus.built("id")
    assert (len(rows), before.left_out[CUT_SHORT]) == (1, 0)


LICENSED = [module for module in PARQUET if module != "laion"]


@pytest.mark.parametrize("module", LICENSED)
def test_rows_under_a_licence_that_the_policy_denies_are_counted(made, module):
    corpus = made(module)
    rows = corpus.load(split=next(iter(SPLITS[module])))
    licences = [read_licence(text) for text in rows["license"]]
    refused = licences.count(licences[0])
    policy = LicencePolicy(deny=[licences[0]]) if licences[0] != "unknown" else LicencePolicy(unknown="drop")
    options = {"quality": "length", "min_quality": 0, "consent": ConsentPolicy(licences=policy), "check_pictures": False}
    if refused == len(rows):
        with pytest.raises(NoRowsError, match=rf"none of {len(rows)} rows is kept.* licence:.* {refused}"):
            filter_regional(rows, None, **options)
        return
    found = filter_regional(rows, None, **options)
    assert len(found.dropped) == refused == sum(count for reason, count in found.report.by_reason.items() if reason.startswith("licence:"))
    assert len(found.data) == len(rows) - refused
