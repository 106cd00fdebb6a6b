import json
import pickle

import datasets
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_regional.errors import ConfigError, MissingColumnError
from hf_regional.filtering import filter_regional
from hf_regional.filtering.consent import (
    ConsentCounts,
    ConsentPolicy,
    LicencePolicy,
    OptOutPolicy,
    PersonalPolicy,
    attribute,
    credits_of,
    hide_personal,
    judge_consent,
    plan_consent,
    protect,
)
from hf_regional.filtering.consent.counts import OTHERS
from hf_regional.filtering.consent.judged import Judged, first_of

TEXTS = ["WA 0812-3456-7890", None, "a@b.co and c@d.org", "kain", "WA 0812-3456-7890"]
MASKED = ["WA [phone]", None, "[e-mail] and [e-mail]", "kain", "WA [phone]"]


def protected_texts(column):
    found = protect(pa.table({"caption": column}))
    return found.rows["caption"], found.counts


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())])
def test_every_encoding_of_text_is_masked_in_kind_and_counted_by_rows(kind):
    column = pa.chunked_array([pa.array(TEXTS[:2]).cast(kind), pa.array(["x", *TEXTS[2:]]).cast(kind).slice(1)])
    found, counts = protected_texts(column)
    assert found.type == kind
    assert found.cast(pa.string()).to_pylist() == MASKED
    assert counts.masked == {("caption", "phone"): 2, ("caption", "e-mail"): 2}
    assert counts.masked_texts == {"caption": 3}


@pytest.mark.parametrize("wrap", [pa.list_, pa.large_list, lambda kind: pa.list_(kind, 2)])
def test_lists_of_text_are_masked_nulls_empties_and_slices_as_they_were(wrap):
    rows = [["a@b.co", "x"], ["skipped@b.co", "x"], None, ["kain", None], ["x", "0812-3456-7890"]]
    column = pa.array(rows, wrap(pa.string()))
    sliced = pa.concat_arrays([column.slice(0, 1), column.slice(2)])
    found, counts = protected_texts(sliced)
    assert found.type == column.type
    assert found.to_pylist() == [["[e-mail]", "x"], None, ["kain", None], ["x", "[phone]"]]
    assert counts.masked == {("caption", "e-mail"): 1, ("caption", "phone"): 1}
    assert protected_texts(column.slice(2))[0].to_pylist() == [None, ["kain", None], ["x", "[phone]"]]


def test_conversations_and_structs_are_searched_and_fields_about_persons_leave_them():
    chat = [[{"role": "user", "content": "call 0812-3456-7890", "user_id": "u1"}], [], None]
    meta = [{"note": "a@b.co", "annotator": {"age": 30}}, None, {"note": None, "annotator": None}]
    found = protect(pa.table({"messages": chat, "meta": meta}))
    assert found.rows.to_pylist() == [
        {"messages": [{"role": "user", "content": "call [phone]"}], "meta": {"note": "[e-mail]"}},
        {"messages": [], "meta": None},
        {"messages": None, "meta": {"note": None}},
    ]
    assert found.counts.masked == {("messages.content", "phone"): 1, ("meta.note", "e-mail"): 1}
    assert found.dropped == {"messages.user_id": "an account", "meta.annotator": "who annotated"}
    assert found.counts.dropped == {"messages.user_id": 1, "meta.annotator": 1}


def test_columns_about_annotators_are_dropped_named_and_counted():
    table = pa.table(
        {"text": ["a", "b"], "Worker ID": ["w1", None], "annotatorInfo": [{"age": 3}] * 2, "n_annotators": [3, 3], "email": [None, "x"]}
    )
    found = protect(table)
    assert found.rows.column_names == ["text", "n_annotators"]
    assert found.counts.dropped == {"Worker ID": 1, "annotatorInfo": 2, "email": 1}
    assert found.dropped["email"] == "how to reach a person"
    assert "dropped: column 'Worker ID' with 1 values (who annotated)" in str(found.counts)


def test_what_is_kept_is_kept_whole_and_further_columns_can_go():
    table = pa.table({"annotator_info": [{"email": "a@b.co", "age": 3}], "email": ["a@b.co"], "shoe_size": [44]})
    policy = ConsentPolicy(personal=PersonalPolicy(keep=["annotator_info"], drop=["shoe_*"]))
    found = protect(table, policy)
    assert found.rows.to_pylist() == [{"annotator_info": {"email": "a@b.co", "age": 3}}]
    assert found.counts.unsearched["annotator_info.email"] == "kept as asked"
    assert found.dropped == {"email": "how to reach a person", "shoe_size": "as asked"}
    kept = protect(table, ConsentPolicy(personal=PersonalPolicy(drop_fields=False)))
    assert kept.rows.to_pylist() == [{"annotator_info": {"email": "[e-mail]", "age": 3}, "email": "[e-mail]", "shoe_size": 44}]
    assert protect(table, ConsentPolicy(personal=None)).rows.equals(table)


def test_keys_addresses_and_licences_are_not_searched_and_said_to_be_not():
    table = pa.table(
        {"id": ["081234567890"], "image_url": ["http://a.b/081234567890"], "file_name": ["a@b.co"], "weblink": ["tel 081234567890"]}
    )
    found = protect(table, ConsentPolicy(columns={"url": "weblink"}))
    assert found.rows.equals(table)
    assert found.counts.unsearched == {
        "id": "a key", "image_url": "an address", "file_name": "a file", "weblink": "read as an address, a digest or a licence",
    }  # fmt: skip


def test_a_map_is_passed_on_and_said_to_be_not_searched():
    table = pa.table({"extra": pa.array([[("note", "a@b.co")]], pa.map_(pa.string(), pa.string()))})
    found = protect(table)
    assert found.rows.equals(table)
    assert found.counts.unsearched == {"extra": "a map<string, string>, which is not searched"}


def test_texts_and_contacts_can_be_chosen():
    table = pa.table({"a": ["a@b.co @made 0812-3456-7890"], "b": ["a@b.co"], "c": [{"d": "a@b.co"}]})
    only = PersonalPolicy(texts=["a", "c.d"], mask=["e-mail", "handle"])
    assert protect(table, ConsentPolicy(personal=only)).rows.to_pylist() == [
        {"a": "[e-mail] [handle] 0812-3456-7890", "b": "a@b.co", "c": {"d": "[e-mail]"}}
    ]
    assert protect(table, ConsentPolicy(personal=PersonalPolicy(mask=()))).rows.equals(table)


@pytest.mark.parametrize(
    ("policy", "error", "said"),
    [
        (lambda: ConsentPolicy(personal=PersonalPolicy(texts=["captoin"])), MissingColumnError, "Did you mean 'caption'"),
        (lambda: ConsentPolicy(personal=PersonalPolicy(texts=["size"])), ConfigError, "holds int64, not text"),
        (lambda: ConsentPolicy(personal=PersonalPolicy(keep=["captoin"])), MissingColumnError, "keep: there is no column 'captoin'"),
        (lambda: ConsentPolicy(personal=PersonalPolicy(drop=["captoin"])), MissingColumnError, "drop: there is no column 'captoin'"),
        (lambda: ConsentPolicy(personal=PersonalPolicy(mask=["fone"])), ConfigError, "Did you mean 'phone'"),
        (lambda: ConsentPolicy(columns={"license": "caption"}), ConfigError, "Did you mean 'licence'"),
        (lambda: ConsentPolicy(columns={"licence": "captoin"}), MissingColumnError, "Did you mean 'caption'"),
        (lambda: ConsentPolicy(columns={"licence": "box"}), ConfigError, "cannot be read as one value"),
        (lambda: ConsentPolicy(licences=LicencePolicy(allow=["mit"])), MissingColumnError, "all rows would go"),
        (lambda: ConsentPolicy(licences=LicencePolicy(use="commercial")), MissingColumnError, "no column tells the licence"),
    ],
)
def test_a_policy_that_the_columns_cannot_answer_is_refused_before_a_row_is_read(policy, error, said):
    with pytest.raises(error, match=said):
        plan_consent(pa.schema({"caption": pa.string(), "size": pa.int64(), "box": pa.struct({"x": pa.int64()})}), policy())


def test_without_a_column_of_licences_every_row_is_unknown_and_counted():
    assert protect(pa.table({"text": ["a", "b"]})).counts.licences == {"unknown": 2}
    assert protect(pa.table({"text": ["a"], "license": ["MIT"]}), ConsentPolicy(columns={"licence": None})).counts.licences == {
        "unknown": 1
    }


def test_two_columns_of_licences_both_bind():
    table = pa.table({"image_license": ["CC BY 4.0", "CC BY 4.0"], "text_license": ["CC BY-NC 4.0", "cc-by-4.0"]})
    found = protect(table, ConsentPolicy(licences=LicencePolicy(use="commercial")))
    assert found.counts.licences == {"cc-by-4.0 AND cc-by-nc-4.0": 1, "cc-by-4.0": 1}
    assert found.allowed.num_rows == 1


def test_no_row_goes_and_each_refused_one_has_a_reason():
    table = pa.table({"license": ["MIT", "All rights reserved", "MIT"], "noai": [False, True, True]})
    found = protect(table)
    assert found.rows.equals(table)
    assert [found.ruling.judged.reasons[code] for code in found.ruling.judged.codes] == ["", "opt-out:noai", "opt-out:noai"]
    assert found.counts.refused == {"opt-out:noai": 2}
    assert found.allowed.to_pylist() == [{"license": "MIT", "noai": False}]
    off = protect(table, ConsentPolicy(opt_out=None))
    assert off.counts.refused == {"licence:all-rights-reserved grants nothing": 1}
    assert protect(table, ConsentPolicy(opt_out=None, licences=None)).counts.refused == {}


def test_batches_and_tables_and_any_cutting_give_the_same():
    table = pa.table(
        {"text": TEXTS * 20, "license": ["MIT", "?", None, "CC BY", "©"] * 20, "opt_out": ["true", None, "no", "maybe", "0"] * 20}
    )
    whole, plan = protect(table), plan_consent(table.schema, ConsentPolicy())
    parts = [protect(batch, plan) for batch in table.to_batches(max_chunksize=7)]
    assert pa.Table.from_batches([part.rows for part in parts]).equals(whole.rows.combine_chunks())
    counts = ConsentCounts()
    for part in parts:
        counts.add(part.counts)
    assert counts.as_dict() == whole.counts.as_dict()
    reasons = [part.ruling.judged.reasons[code] for part in parts for code in part.ruling.judged.codes]
    assert reasons == [whole.ruling.judged.reasons[code] for code in whole.ruling.judged.codes]


def test_a_ruling_needs_only_the_columns_that_the_plan_reads_and_hiding_only_those_that_are_there():
    table = pa.table({"text": TEXTS, "license": ["MIT"] * 5, "noai": [None, True, None, None, None], "worker_id": [1] * 5})
    plan = plan_consent(table.schema, ConsentPolicy())
    assert plan.reads == ("license", "noai")
    assert judge_consent(table.select(list(plan.reads)), plan).judged.codes.tolist() == [0, 1, 0, 0, 0]
    rows, counts = hide_personal(table.select(["text"]), plan)
    assert rows.to_pylist() == [{"text": text} for text in MASKED]
    counts.add(protect(table.select(["license", "noai"])).counts)
    assert counts.rows == 5


def test_a_plan_travels_to_other_processes(tmp_path):
    path = tmp_path / "list.txt"
    path.write_text("a.org", encoding="utf-8")
    table = pa.table({"text": TEXTS, "url": ["https://a.org/1", None, "", "https://b.org", "http://x.a.org"]})
    plan = plan_consent(table.schema, ConsentPolicy(opt_out=OptOutPolicy(lists=[path])))
    sent = pickle.dumps(plan)
    assert len(sent) < 10_000  # the list itself stays in its file
    assert protect(table, pickle.loads(sent)).ruling.judged.codes.tolist() == [1, 0, 0, 0, 1]


def test_columns_in_which_nothing_is_found_are_not_copied():
    table = pa.table({"text": ["kain"] * 3, "tags": [["a"], ["b"], []], "pixels": [b"0812-3456-7890"] * 3})
    found = protect(table).rows
    for name in table.column_names:
        addresses = [[buffer.address for buffer in side[name].chunk(0).buffers() if buffer] for side in (table, found)]
        assert addresses[0] == addresses[1]


def test_a_stream_in_which_no_row_has_a_text_is_passed_on():
    rows = [{"country": "Thailand", "text": None}, {"country": "Norway", "text": None}]
    found = filter_regional(datasets.IterableDataset.from_generator(lambda: iter(rows)), "SEA")
    assert [(row["country"], row["text"]) for row in found.data] == [("Thailand", None)]


def test_rows_of_no_columns_of_no_rows_and_of_nothing_but_persons():
    assert protect(pa.table({})).rows.num_columns == 0
    empty = pa.table({"text": TEXTS, "meta": [{"user_id": 1, "note": "a"}] * 5}).slice(0, 0)
    assert protect(empty).rows.schema == pa.schema({"text": pa.string(), "meta": pa.struct({"note": pa.string()})})
    none = pa.chunked_array([], pa.struct({"user_id": pa.int64(), "note": pa.string()}))
    assert protect(pa.table({"meta": none})).rows.schema == pa.schema({"meta": pa.struct({"note": pa.string()})})
    for rows in (pa.table({"worker_id": [1, 2]}), pa.table({"worker_id": [1, 2]}).to_batches()[0]):
        assert (protect(rows).rows.num_columns, protect(rows).rows.num_rows) == (0, 2)
    assert protect(pa.table({"meta": [{"user_id": 1}]})).rows.num_columns == 0


def test_odd_cells_are_passed_on_as_they_came():
    lone = b"\xed\xa0\x80"
    raw = [lone + b" a@b.co " + lone, lone, b"", None, b"0812-3456-7890" + b"x" * 10_000_000 + b" 0812-3456-7890"]
    column = pa.array(raw, pa.binary()).view(pa.string())
    found, counts = protected_texts(column)
    cells = found.combine_chunks().view(pa.binary()).to_pylist()
    assert cells[:4] == [lone + b" [e-mail] " + lone, lone, b"", None]
    assert cells[4].endswith(b"x [phone]")
    assert len(counts.masked) == 2
    assert protected_texts(pa.nulls(3))[0].to_pylist() == [None] * 3


@given(st.lists(st.one_of(st.none(), st.text(max_size=40), st.sampled_from(TEXTS)), max_size=12))
def test_rows_are_masked_one_by_one_as_they_are_together(texts):
    together = protected_texts(pa.array(texts, pa.string()))[0].to_pylist()
    assert together == [protected_texts(pa.array([text], pa.string()))[0].to_pylist()[0] for text in texts]
    assert [text is None for text in together] == [text is None for text in texts]


def test_a_dataset_can_be_made_of_what_is_left():
    source = datasets.Dataset.from_dict({"text": TEXTS, "worker_id": list("abcde"), "meta": [{"user_id": 1, "note": "a@b.co"}] * 5})
    left = datasets.Dataset(protect(source.with_format("arrow")[:]).rows)
    assert left[0] == {"text": "WA [phone]", "meta": {"note": "[e-mail]"}}
    assert set(left.features) == {"text", "meta"}


def test_the_counts_are_json_and_do_not_grow_with_the_texts():
    counts = ConsentCounts()
    for start in range(0, 5000, 500):
        counts.add(protect(pa.table({"license": [f"my licence {row}" for row in range(start, start + 500)]})).counts)
    assert json.loads(json.dumps(counts.as_dict()))["licences"] == {"unknown": 5000}
    assert len(counts.readings) == 1001
    assert counts.readings[OTHERS, "unknown"] == 4000
    assert counts.readings.total() == 5000


def test_the_first_ruling_on_a_row_gives_its_reason():
    one = Judged(np.array([0, 1, 2, 0], np.int32), ("", "a", "b"))
    other = Judged(np.array([1, 1, 0, 0], np.int32), ("", "b"))
    both = first_of([one, other], 4)
    assert [both.reasons[code] for code in both.codes] == ["b", "a", "b", ""]
    assert both.counts == {"a": 1, "b": 2}


def credited(**columns):
    table = pa.table({name: [value] for name, value in columns.items()})
    plan = plan_consent(table.schema, ConsentPolicy())
    licences = judge_consent(table, plan).licences
    return attribute(table, plan.roles, licences.wordings)[0].as_py()


def test_a_line_of_credit_has_title_author_source_and_licence_as_far_as_the_row_has_them():
    by = "CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/)"
    assert credited(title="Batik", author="Ani", url="https://a.org/1", license="CC BY 4.0") == f"“Batik” by Ani, https://a.org/1, {by}"
    assert credited(title="Batik", license="CC BY 4.0") == f"“Batik”, {by}"
    assert credited(creator="Ani", license=None) == "by Ani"
    assert credited(source="https://a.org/1", license="?") == "https://a.org/1, ?"
    assert credited(title=" ", author="", url=None, license="MIT") is None
    assert credited(authors=["Ani", "Budi"], license=None) == "by Ani, Budi"
    assert credited(attribution="Photo: Ani\n(CC BY)", author="x", license="MIT") == "Photo: Ani (CC BY)"
    assert credited(title="x" * 1000, license=None) == f"“{'x' * 300}”"


def test_rows_with_nothing_to_credit_do_not_shift_the_others():
    table = pa.table({"title": ["a", None, "b", None], "author": [None, None, "c", "d"]})
    assert attribute(table, plan_consent(table.schema, ConsentPolicy()).roles).to_pylist() == ["“a”", None, "“b” by c", "by d"]


def test_credits_are_counted_by_author_licence_and_site(tmp_path):
    table = pa.table(
        {
            "author": ["Ani", "Ani", "B|ob", None],
            "source_url": ["https://www.a.org/1", "http://a.org/2", "archive", None],
            "license": ["CC BY 4.0", "CC BY 4.0", "MIT", "MIT"],
        }
    )
    plan = plan_consent(table.schema, ConsentPolicy())
    found = credits_of(table, plan.roles, judge_consent(table, plan).licences.wordings)
    halves = credits_of(table.slice(0, 1), plan.roles, judge_consent(table.slice(0, 1), plan).licences.wordings)
    halves.add(credits_of(table.slice(1), plan.roles, judge_consent(table.slice(1), plan).licences.wordings))
    assert halves == found
    lines = found.markdown(limit=2).splitlines()
    assert lines[0] == r"- Ani, a.org, CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/): 2 works"
    assert lines[1].startswith("- author not named, ")
    assert lines[2] == "- and 1 more, 1 works"
    assert "B&#124;ob" in found.markdown()
    stored = json.loads(found.write(tmp_path / "credits.json").read_text(encoding="utf-8"))
    assert [(one["author"], one["works"]) for one in stored] == [("Ani", 2), ("", 1), ("B|ob", 1)]
    assert found.write(tmp_path / "credits.md", limit=1).read_text(encoding="utf-8").count("\n") == 2
    with pytest.raises(ConfigError, match=r"credits\.txt"):
        found.write(tmp_path / "credits.txt")


def test_credit_is_given_for_what_may_be_used():
    table = pa.table({"author": ["Ani", "Budi", "Ani"], "license": ["MIT", "All rights reserved", None], "text": ["a"] * 3})
    for rows in (table, table.to_batches()[0]):
        found = protect(rows)
        assert found.attribution().to_pylist() == [
            "by Ani, MIT License (https://opensource.org/license/mit)", "by Budi, All rights reserved", "by Ani",
        ]  # fmt: skip
        assert sorted(found.credits().works.values()) == [1, 1]
        assert {credit.author for credit in found.credits().works} == {"Ani"}
    assert protect(table, ConsentPolicy(licences=None)).attribution().to_pylist() == ["by Ani", "by Budi", "by Ani"]


def test_an_opt_out_policy_reads_no_column_that_it_does_not_heed():
    schema = pa.schema({"robots": pa.string(), "noai": pa.bool_()})
    assert plan_consent(schema, ConsentPolicy(licences=None, opt_out=OptOutPolicy(signals=["noai"]))).reads == ("noai",)
    assert plan_consent(schema, ConsentPolicy(licences=None, opt_out=None)).reads == ()
