import hashlib
import time

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from hf_regional.errors import BadRowError, ConfigError, DamagedFileError, MissingColumnError, MissingFileError
from hf_regional.filtering.consent import ConsentPolicy, OptOutPolicy, protect
from hf_regional.filtering.consent.opt_out import says_no
from hf_regional.filtering.consent.opt_out_lists import judge_list, normal_urls, read_opt_out_list


def reasons(columns, policy=None):
    judged = protect(pa.table(columns), ConsentPolicy(opt_out=policy or OptOutPolicy())).ruling.judged
    return [judged.reasons[code] for code in judged.codes]


@pytest.mark.parametrize(
    ("signal", "value"),
    [
        ("noai", True), ("noai", 1), ("noai", 1.0), ("noai", "Yes"), ("noai", "noai"), ("noai", "Opted out"),
        ("consent", False), ("consent", "withdrawn"), ("consent", "notAllowed"),
        ("robots", "noai"), ("robots", "index, NoImageAI"), ("robots", "googlebot: noindex"), ("robots", "none"),
        ("robots", "otherbot: none, nofollow"),
        ("tdm", 1), ("tdm", "1"),
        ("iptc", "DMI-PROHIBITED"), ("iptc", "http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED-AIMLTRAINING"),
        ("content-usage", "search=y, train-ai=n"), ("content-signal", "search=yes,ai-train=no"),
    ],
)  # fmt: skip
def test_these_mean_no(signal, value):
    assert says_no(signal, value)


@pytest.mark.parametrize(
    ("signal", "value"),
    [
        ("noai", False), ("noai", 0), ("noai", ""), ("noai", "perhaps"), ("consent", True), ("consent", None), ("consent", ""),
        ("robots", "index, follow"), ("robots", "max-image-preview:none"), ("robots", "nosnippet"),
        ("robots", "unavailable_after: 25 Jun 2030"),
        ("tdm", 0), ("tdm", "0"), ("iptc", "DMI-ALLOWED"), ("iptc", "DMI-UNSPECIFIED"),
        ("content-usage", "train-ai=y"), ("content-signal", "ai-train=yes"),
    ],
)  # fmt: skip
def test_these_do_not(signal, value):
    assert not says_no(signal, value)


def test_the_columns_are_found_in_any_spelling_and_the_first_that_says_no_gives_the_reason():
    columns = {
        "NoAI": [None, True, False, False],
        "X-Robots-Tag": [None, "noindex", "noindex", "all"],
        "tdm-reservation": ["0", "1", "1", "1"],
    }
    assert reasons(columns) == ["", "opt-out:noai", "opt-out:robots", "opt-out:tdm"]


def test_noindex_can_be_left_out_and_signals_chosen():
    columns = {"robots": ["noindex", "noai"], "tdm_reservation": [1, 0]}
    assert reasons(columns, OptOutPolicy(directives=("noai",))) == ["opt-out:tdm", "opt-out:robots"]
    assert reasons(columns, OptOutPolicy(signals=["robots"])) == ["opt-out:robots"] * 2
    assert reasons(columns, OptOutPolicy(signals=[])) == ["", ""]
    with pytest.raises(ConfigError, match="Did you mean 'robots'"):
        OptOutPolicy(signals=["robot"])


def test_a_value_that_nobody_can_read_is_counted_and_neither_leave_nor_refusal():
    found = protect(pa.table({"opt_out": ["perhaps", "perhaps", None, "true"]}))
    assert found.counts.unread == {("perhaps", "opt_out"): 2}
    assert found.ruling.judged.passes.tolist() == [True, True, True, False]


def test_a_list_of_directives_is_read_member_by_member():
    assert reasons({"robots": [["index", "noai"], ["all"], [], None]}) == ["opt-out:robots", "", "", ""]


def test_a_signal_in_a_struct_is_named_as_not_read():
    found = protect(pa.table({"robots": [{"a": "noai"}]}))
    assert "not read" in found.counts.unsearched["robots"]


@pytest.fixture
def listed(tmp_path):
    def write(*lines):
        path = tmp_path / "list.txt"
        path.write_text("\n".join(lines), encoding="utf-8")
        return path

    return write


def test_a_list_names_sites_pages_and_files(listed):
    digest = hashlib.sha256(b"a picture").hexdigest()
    path = listed(
        "# asked for removal",
        "example.com",
        "*.artist.id",
        "https://www.flickr.com/photos/1/2/ # mine",
        "https://whole.site/",
        digest.upper(),
    )
    found = read_opt_out_list(path)
    assert found.domains == {"example.com", "artist.id", "whole.site"}
    assert found.urls == {"flickr.com/photos/1/2"}
    assert found.digests == {digest}
    assert len(found) == 5
    urls = {
        "https://example.com/a.jpg": True,
        "http://cdn.EXAMPLE.com:8080/a.jpg?x=1": True,
        "https://notexample.com/": False,
        "https://example.com.evil.org/": False,
        "https://evil.org/?u=example.com": False,
        "//artist.id": True,
        "http://flickr.com/photos/1/2#comments": True,
        "https://flickr.com/photos/1/22": False,
        "https://user:secret@whole.site/page": True,
        "": False,
    }
    column = pa.array([*urls, None])
    assert judge_list(found, [column], [], len(column)).codes.astype(bool).tolist() == [*urls.values(), False]
    digests = pa.array([digest.upper(), "00" * 32, None])
    assert judge_list(found, [], [digests], 3).codes.tolist() == [1, 0, 0]
    assert judge_list(found, [], [pa.array([bytes.fromhex(digest), b"", None])], 3).codes.tolist() == [1, 0, 0]


def test_rows_on_a_list_go_with_their_reason(listed):
    policy = OptOutPolicy(lists=listed("example.com"))
    columns = {"image_url": ["https://example.com/1", "https://x.org/2"], "noai": [None, None]}
    assert reasons(columns, policy) == ["opt-out:list", ""]


def test_a_list_that_could_not_be_heeded_is_an_error(listed):
    with pytest.raises(MissingColumnError, match="lists 1 addresses, and no column holds any"):
        reasons({"text": ["a"]}, OptOutPolicy(lists=[listed("example.com")]))
    with pytest.raises(MissingColumnError, match="lists 1 digests"):
        reasons({"url": ["a"]}, OptOutPolicy(lists=[listed("d41d8cd98f00b204e9800998ecf8427e")]))
    with pytest.raises(BadRowError, match="line 2: 'Jane Doe'"):
        read_opt_out_list(listed("example.com", "Jane Doe"))
    with pytest.raises(MissingFileError, match=r"nowhere\.txt"):
        read_opt_out_list("nowhere.txt")


def test_a_list_may_be_csv_or_parquet(tmp_path):
    digits = "1" * 32  # an MD5 of nothing but digits must not be read as a number
    (tmp_path / "a.csv").write_text(f"name,url,md5\nJane,https://a.org/1,{digits}\n", encoding="utf-8")
    found = read_opt_out_list(tmp_path / "a.csv")
    assert (found.urls, found.digests) == ({"a.org/1"}, {digits})
    (tmp_path / "b.csv").write_text("https://a.org/1\nhttps://a.org/2\n", encoding="utf-8")  # no head
    assert read_opt_out_list(tmp_path / "b.csv").urls == {"a.org/1", "a.org/2"}
    parquet.write_table(pa.table({"domain": ["a.org", None], "since": [1, 2]}), tmp_path / "c.parquet")
    assert read_opt_out_list(tmp_path / "c.parquet").domains == {"a.org"}
    (tmp_path / "d.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(DamagedFileError, match=r"d\.parquet"):
        read_opt_out_list(tmp_path / "d.parquet")


def test_a_list_that_changed_is_read_anew(listed):
    path = listed("a.org")
    assert read_opt_out_list(path).domains == {"a.org"}
    time.sleep(0.02)
    listed("b.org", "c.org")
    assert read_opt_out_list(path).domains == {"b.org", "c.org"}


@given(st.from_regex(r"[a-z]{1,5}(\.[a-z]{2,5}){1,2}", fullmatch=True), st.from_regex(r"(/[A-Za-z0-9_.%-]{1,6}){1,3}", fullmatch=True))
def test_an_address_is_the_same_however_it_begins_and_ends(host, path):
    spellings = [f"{head}{host}{path}{tail}" for head in ("http://", "https://www.", "//", "") for tail in ("", "/", "#top")]
    assert len(set(normal_urls(pa.array(spellings)).to_pylist())) == 1
