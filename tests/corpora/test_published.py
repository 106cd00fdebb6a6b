"""Every published corpus, loaded from its miniature through the same path as the real one."""

import pytest

from hf_regional import records
from hf_regional.corpora import catalogue, load_corpus
from hf_regional.regions import Region
from miniatures import miniature_modules, write_miniature

PUBLISHED = {corpus.builder.partition(":")[0]: name for name, corpus in catalogue().items() if corpus.is_published}


def _views():
    return [(module, view) for module, name in PUBLISHED.items() for view in catalogue()[name].to_class().VIEWS]


def test_every_published_corpus_has_a_miniature():
    assert set(miniature_modules()) == set(PUBLISHED)


@pytest.mark.parametrize(("module", "view"), _views())
def test_a_corpus_loads_in_both_modes_with_the_documented_features_and_a_licence_on_every_row(module, view, tmp_path):
    folder = write_miniature(module, tmp_path / "published")
    found = load_corpus(PUBLISHED[module], view=view, data_dir=folder, cache_dir=tmp_path / "cache")
    streamed = load_corpus(PUBLISHED[module], view=view, data_dir=folder, cache_dir=tmp_path / "cache", streaming=True)
    assert list(found) == list(streamed)
    for split, rows in found.items():
        assert rows.features == streamed[split].features
        assert len(rows) == sum(1 for _ in streamed[split]) > 0
        columns = {"raw": (), "pairs": records.PAIRS, "vqa": records.VQA}[view]
        assert tuple(rows.column_names[: len(columns)]) == columns
        if columns:
            assert all(rows["license"])
            assert len(set(rows["id"])) == len(rows)
            has_pictures = catalogue()[PUBLISHED[module]].to_class().PICTURES
            assert all(picture.size[0] > 0 if has_pictures else picture is None for picture in rows[records.IMAGE])


def _may_be_of(region):
    """Modules of corpora whose rows say where they are from, and that do not list other countries alone."""
    corpora = {module: catalogue()[name] for module, name in PUBLISHED.items()}
    return [
        module
        for module, corpus in corpora.items()
        if corpus.evidence and (not corpus.countries or Region(region).countries & set(corpus.countries))
    ]


@pytest.mark.parametrize("module", _may_be_of("SEA"))
def test_the_filter_keeps_the_region_and_counts_the_rest(module, tmp_path):
    folder = write_miniature(module, tmp_path / "published")
    rows = load_corpus(PUBLISHED[module], data_dir=folder, cache_dir=tmp_path / "cache")
    found = load_corpus(PUBLISHED[module], "SEA", data_dir=folder, cache_dir=tmp_path / "cache")
    for split in rows:
        assert len(found.data[split]) + len(found.dropped[split]) == len(rows[split])
        assert set(found.data[split]["region_verdict"]) <= {"kept"}
    assert sum(map(len, found.data.values())) > 0
