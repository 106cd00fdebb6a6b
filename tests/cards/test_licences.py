import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_regional.licences import Combined, combine, licence, licences

known = st.sampled_from(sorted(licences()))
several = st.lists(known, min_size=1, max_size=5)


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        (["apache-2.0"], "apache-2.0"),
        (["mit", "cc0-1.0"], "mit"),
        (["apache-2.0", "OFL-1.1 AND Unicode-DFS-2016"], "apache-2.0"),  # the demo
        (["apache-2.0", "cc-by-nc-4.0"], "cc-by-nc-4.0"),  # non-commercial wins
        (["cc-by-nc-4.0", "cc-by-nc-sa-4.0"], "cc-by-nc-sa-4.0"),  # and its share-alike form says all it says
        (["mit", "cc-by-4.0", "cc-by-sa-4.0"], "cc-by-sa-4.0"),  # share-alike is kept
        (["cc-by-sa-3.0", "cc-by-sa-4.0"], "cc-by-sa-4.0"),  # 3.0 lets adaptations move to a later version
        (["gemma", "apache-2.0", "cc-by-4.0"], "gemma"),  # use restrictions are carried
        (["openrail++", "cc-by-nc-4.0"], "cc-by-nc-4.0-and-openrail++"),  # two that must both be carried
        (["gemma", "llama3.1"], "gemma-and-llama3.1"),
        (["cc-by-nc-4.0", "cc-by-sa-4.0"], "conflicting-terms"),
        (["cc-by-sa-4.0", "odbl"], "conflicting-terms"),
        (["cc-by-sa-4.0", "gemma"], "conflicting-terms"),
        (["mit", "cc-by-nd-4.0"], "conflicting-terms"),
        (["apache-2.0", None], "unknown"),
        (["apache-2.0", "other"], "unknown"),  # "other" names no terms
        (["cc-by-nc-4.0", "my-own-licence"], "unknown"),
        (["mit OR gpl-3.0"], "unknown"),  # a choice that nobody made
        ([], "unknown"),
    ],
)
def test_licences_combine_by_the_table(sources, expected):
    assert combine(sources).license == expected


def test_a_clash_is_said_with_both_names():
    found = combine(["cc-by-nc-4.0", "cc-by-sa-4.0", "mit"])
    assert found.clash
    assert "cc-by-sa-4.0 asks for the same licence with nothing added, and cc-by-nc-4.0 adds restrictions" in found.reason


def test_an_unlisted_licence_is_named():
    assert "my-own-licence" in combine(["my-own-licence", "mit"]).reason


def test_the_hub_gets_other_where_it_lists_no_such_licence():
    assert combine(["unicode-3.0"]).hub_id == "other"
    assert combine(["gemma", "llama3.1"]).hub_id == "other"
    assert combine(["gemma"]).hub_id == "gemma"
    assert combine([None]).hub_id == "unknown"


@given(several, st.randoms())
def test_order_case_and_repetition_do_not_matter(sources, random):
    shuffled = [source.upper() for source in sources] + sources
    random.shuffle(shuffled)
    assert combine(shuffled) == combine(sources)


@given(several)
def test_unknown_absorbs(sources):
    assert combine([*sources, None]).license == "unknown"


@given(several, known)
def test_a_further_source_never_permits_more(sources, further):
    before, after = (_permits_selling(combine(some)) for some in (sources, [*sources, further]))
    assert before or not after


@given(several)
def test_nothing_that_a_source_asks_is_lost(sources):
    assert len(combine(sources).sources) == len(set(sources))


def _permits_selling(found: Combined) -> bool:
    if found.clash or found.license == "unknown":
        return False
    return all(row is not None and row.commercial for row in map(licence, found.license.split("-and-")))


def test_every_row_of_the_table_is_whole():
    for name, row in licences().items():
        assert name == row.id == row.id.lower()
        assert row.name
        assert row.note.split()[0] in {"asks", "forbids", "permits"}
        assert all(licences()[later].share_alike for later in row.becomes), name
