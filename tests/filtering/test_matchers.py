import hashlib
import pickle
from pathlib import Path

import pyarrow as pa
import pytest
from huggingface_hub import constants

from hf_regional.errors import BadRowError
from hf_regional.filtering.evidence import matchers
from hf_regional.filtering.evidence.matchers import matcher_of, own_terms
from hf_regional.filtering.evidence.text import Matcher, find
from hf_regional.filtering.evidence.text.keeping import keep, kept
from hf_regional.filtering.lexicon import load_terms

CAPTIONS = pa.array(["Sunset in Bali", "ตลาดในกรุงเทพ", "Lào Cai and Lao people", "#visitsingapore", "Java programming", "Zamboland"])


def said(matcher: Matcher) -> list[list[object]]:
    hits = find(CAPTIONS, "text", matcher)
    columns = (hits.row, hits.start, hits.end, hits.country, hits.confidence)
    return [*(column.tolist() for column in columns), hits.value.to_pylist()]


@pytest.fixture(name="cache")
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(constants, "HF_ASSETS_CACHE", str(tmp_path))
    matcher_of.cache_clear()
    yield tmp_path / "hf_regional" / "matchers"
    matcher_of.cache_clear()


@pytest.fixture(name="built", scope="module")
def _built() -> Matcher:
    return Matcher.build(load_terms())


def test_a_matcher_that_was_kept_finds_what_the_one_that_was_built_finds(built, tmp_path):
    keep(built, tmp_path / "kept.bin")
    read = kept(tmp_path / "kept.bin")
    assert read is not None
    assert said(read) == said(built)
    assert len(said(read)[0]) >= 4
    assert read.entries == built.entries
    assert read.rules == built.rules


@pytest.mark.parametrize("place", [0, 40, 100_000, -1])
def test_a_damaged_file_is_no_matcher(built, tmp_path, place):
    file = tmp_path / "kept.bin"
    keep(built, file)
    content = bytearray(file.read_bytes())
    content[place] ^= 1
    file.write_bytes(content)
    assert kept(file) is None


@pytest.mark.parametrize("length", [0, 10, 32, 5_000])
def test_a_file_cut_short_is_no_matcher(built, tmp_path, length):
    file = tmp_path / "kept.bin"
    keep(built, file)
    file.write_bytes(file.read_bytes()[:length])
    assert kept(file) is None


class Harm:
    def __reduce__(self):
        return Path.touch, (Path("harm"),)


def test_a_file_that_would_run_something_runs_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = pickle.dumps((Harm(), None, [], [], []))
    content = len(names).to_bytes(8) + names
    Path("kept.bin").write_bytes(hashlib.sha256(content).digest() + content)
    assert kept(Path("kept.bin")) is None
    assert not Path("harm").exists()


def test_the_second_process_reads_what_the_first_built(cache, monkeypatch):
    first = said(matcher_of(None))
    assert len([*cache.iterdir()]) == 1
    matcher_of.cache_clear()
    monkeypatch.setattr(Matcher, "build", lambda terms: pytest.fail("built again"))
    assert said(matcher_of(None)) == first


def test_a_damaged_file_is_built_and_kept_again(cache):
    first = said(matcher_of(None))
    (file,) = cache.iterdir()
    whole = file.read_bytes()
    file.write_bytes(whole[:-1])
    matcher_of.cache_clear()
    assert said(matcher_of(None)) == first
    assert file.read_bytes() == whole


def test_own_terms_have_files_of_their_own_and_their_changes_are_seen(cache, tmp_path):
    plain, own = matcher_of(None), matcher_of(own_terms({"Zamboland": "MYS"}))
    assert len(said(own)[0]) == len(said(plain)[0]) + 1
    terms = tmp_path / "terms.csv"
    terms.write_text("text,country\nZamboland,MYS\n", encoding="utf-8")
    assert said(matcher_of(own_terms(terms))) == said(own)
    terms.write_text("text,country\nZamboland,IDN\n", encoding="utf-8")
    assert said(matcher_of(own_terms(terms))) != said(own)
    assert len([*cache.iterdir()]) == 3  # the same terms are the same, however they were given


def test_a_mistake_in_own_terms_is_told_and_not_kept(cache):
    with pytest.raises(BadRowError, match="Narnia"):
        own_terms({"Aslan": "Narnia"})
    assert not cache.exists()


def test_only_the_files_that_were_read_last_are_kept(cache, monkeypatch):
    monkeypatch.setattr(matchers, "_MOST", 2)
    for country in ("MYS", "IDN", "THA"):
        matcher_of(own_terms({"Zamboland": country}))
    assert len([*cache.iterdir()]) == 2


def test_where_nothing_can_be_written_each_process_builds(tmp_path, monkeypatch):
    (tmp_path / "file").touch()  # a file in the place of the folder: root may write anywhere
    monkeypatch.setattr(constants, "HF_ASSETS_CACHE", str(tmp_path / "file"))
    matcher_of.cache_clear()
    assert len(said(matcher_of(None))[0]) >= 4
    matcher_of.cache_clear()
