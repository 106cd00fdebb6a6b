"""docs/corpora.md says what the catalogue says."""

import importlib

import pytest

from hf_regional.corpora import catalogue
from hf_regional.corpora.loading import _PUBLISHED


@pytest.fixture
def guide(root):
    return (root / "docs" / "corpora.md").read_text(encoding="utf-8")


def test_the_table_is_that_of_the_catalogue(root, guide, monkeypatch):
    monkeypatch.syspath_prepend(root / "scripts")
    script = importlib.import_module("build_corpora_table")
    assert guide == script.with_table(guide), "run scripts/build_corpora_table.py"
    for name, corpus in catalogue().items():
        assert guide.count(f"\n| `{name}` | {corpus.title}") == 1
        assert f"| {corpus.license} | {corpus.use} | {corpus.schema_source} |" in guide


def test_every_option_of_a_published_corpus_is_explained(guide):
    options = {*_PUBLISHED, *(option for corpus in catalogue().values() if corpus.is_published for option in corpus.options)}
    assert {option for option in options if f"\n| `{option}=` | " in guide} == options


def test_every_corpus_says_whom_to_cite_what_it_holds_and_how_its_schema_is_known():
    for name, corpus in catalogue().items():
        assert corpus.schema_source in {"verified", "inferred"}
        assert corpus.use in {"training and evaluation", "evaluation only"}
        if corpus.is_published:
            assert corpus.citation, name
            assert corpus.size, name
            assert corpus.license, name
