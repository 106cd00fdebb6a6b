"""Every published corpus, loaded from its miniature through the same path as the real one."""

import pytest
from PIL import Image

from hf_regional import records
from hf_regional.corpora import catalogue, load_corpus
from hf_regional.corpora.seacrowd import FEATURES
from hf_regional.errors import NoRowsError
from hf_regional.regions import Region
from miniatures import miniature_modules, write_miniature
from picture_site import allowance

PUBLISHED = {corpus.builder.partition(":")[0]: name for name, corpus in catalogue().items() if corpus.is_published}


def _views():
    return [(module, view) for module, name in PUBLISHED.items() for view in catalogue()[name].to_class().VIEWS]


def _options(module, site, tmp_path):
    options = catalogue()[PUBLISHED[module]].options
    asked = allowance(site) if "operator" in options else {}
    return asked | ({"pictures": tmp_path / "pictures"} if "pictures" in options else {})


def _widths(rows):
    if records.IMAGE in rows.column_names:
        return [picture.width for picture in rows[records.IMAGE]]
    return [_width(path) for paths in rows["image_paths"] for path in paths]


def _width(path):
    with Image.open(path) as picture:
        return picture.width


def test_every_published_corpus_has_a_miniature():
    assert set(miniature_modules()) == set(PUBLISHED)


@pytest.mark.parametrize(("module", "view"), _views())
def test_a_corpus_loads_in_both_modes_with_the_documented_features_and_a_licence_on_every_row(module, view, tmp_path, site):
    folder = write_miniature(module, tmp_path / "published", site.url)
    options = _options(module, site, tmp_path)
    found = load_corpus(PUBLISHED[module], view=view, data_dir=folder, cache_dir=tmp_path / "cache", **options)
    streamed = load_corpus(PUBLISHED[module], view=view, data_dir=folder, cache_dir=tmp_path / "cache", **options, streaming=True)
    assert list(found) == list(streamed)
    for split, rows in found.items():
        assert rows.features == streamed[split].features
        assert len(rows) == sum(1 for _ in streamed[split]) > 0
        columns = {"raw": (), "pairs": records.PAIRS, "vqa": records.VQA, **FEATURES}[view]
        assert tuple(rows.column_names[: len(columns)]) == tuple(columns)
        if columns:
            assert all(rows["license"])
            assert len(set(rows["id"])) == len(rows)
            if catalogue()[PUBLISHED[module]].pictures:
                assert min(_widths(rows)) > 0
            else:
                assert set(rows[records.IMAGE]) == {None}


# Translated captions are of the place of their language, if any; pictures of ImageNet and prompts of DPG-Bench are of none.
REGIONS = dict.fromkeys(("flickr30k", "flickr8k", "mscoco"), Region(languages=["az"])) | {"geomlama": Region("CHN", "IND")}
PLACED = [module for module in PUBLISHED if module not in {"imagenet_topics", "dpg_bench"}]


@pytest.mark.parametrize("module", PLACED)
def test_the_filter_keeps_the_region_and_counts_the_rest(module, tmp_path, site):
    folder = write_miniature(module, tmp_path / "published", site.url)
    options = _options(module, site, tmp_path)
    rows = load_corpus(PUBLISHED[module], data_dir=folder, cache_dir=tmp_path / "cache", **options)
    region = REGIONS.get(module, Region("SEA"))
    found = load_corpus(PUBLISHED[module], region, data_dir=folder, cache_dir=tmp_path / "cache", **options)
    streamed = load_corpus(PUBLISHED[module], region, data_dir=folder, cache_dir=tmp_path / "cache", streaming=True, **options)
    for split in rows:
        assert [row["id"] for row in streamed.data[split]] == [*found.data[split]["id"]]
        assert len(found.data[split]) + len(found.dropped[split]) == len(rows[split])
        assert set(found.data[split]["region_verdict"]) <= {"kept"}
    assert sum(map(len, found.data.values())) > 0


def test_a_corpus_without_places_says_that_no_row_is_from_the_region(tmp_path):
    folder = write_miniature("imagenet_topics", tmp_path / "published")
    with pytest.raises(NoRowsError, match=r"none of 12 rows is kept for SEA: kept 0, other 0, ambiguous 0, none 12"):
        load_corpus("imagenet-topics", "SEA", data_dir=folder, cache_dir=tmp_path / "cache")
