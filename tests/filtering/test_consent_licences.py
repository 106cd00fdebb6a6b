import subprocess
import sys

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_regional.errors import ConfigError
from hf_regional.filtering.consent import LicencePolicy, judge_licences, read_licence
from hf_regional.filtering.consent.licence_rules import refusal
from hf_regional.licences import UNKNOWN, combine, licence, licences

READ = [
    ("cc-by-sa-4.0", "cc-by-sa-4.0"),
    ("CC BY-SA 4.0", "cc-by-sa-4.0"),
    ("ＣＣ ＢＹ ４．０", "cc-by-4.0"),  # full width
    ("CC BY‑SA 4.0", "cc-by-sa-4.0"),  # a hyphen that does not break
    ("cc_by_sa_4.0", "cc-by-sa-4.0"),
    ("(CC BY 4.0)", "cc-by-4.0"),
    ("https://creativecommons.org/licenses/by/2.0/", "cc-by-2.0"),
    ("http://creativecommons.org/licenses/by-nc-nd/2.0/deed.id", "cc-by-nc-nd-2.0"),
    ("creativecommons.org/licenses/by-sa/2.0/de/legalcode", "cc-by-sa-2.0"),
    ("//creativecommons.org/licenses/by/4.0", "cc-by-4.0"),
    ("https://creativecommons.org/licenses/by-nd-nc/1.0/", "cc-by-nc-nd-1.0"),  # the order of 1.0
    ("CC0", "cc0-1.0"),
    ("CC0 1.0 Universal (CC0 1.0) Public Domain Dedication", "cc0-1.0"),
    ("https://creativecommons.org/publicdomain/zero/1.0/deed.en", "cc0-1.0"),
    ("Public Domain Mark", "cc-pdm-1.0"),
    ("https://creativecommons.org/publicdomain/mark/1.0/", "cc-pdm-1.0"),
    ("Public domain", "public-domain"),
    ("Domain umum", "public-domain"),
    ("สาธารณสมบัติ", "public-domain"),
    ("All rights reserved", "all-rights-reserved"),
    ("©", "all-rights-reserved"),
    ("© 2019 Jane Doe", "all-rights-reserved"),
    ("Copyright (c) 2020 X. All rights reserved.", "all-rights-reserved"),
    ("http://rightsstatements.org/vocab/InC/1.0/", "all-rights-reserved"),
    ("© Jane Doe, CC BY 4.0", "cc-by-4.0"),  # the notice names an author, the licence stands beside it
    ("CC BY 3.0 IGO", "cc-by-3.0"),
    ("CC-BY-SA-2.0-DE", "cc-by-sa-2.0"),
    ("CC BY-SA 3.0 Germany", "cc-by-sa-3.0"),
    ("Attribution 2.1 Japan (CC BY 2.1)", "cc-by-2.1"),
    ("Creative Commons Attribution-NonCommercial-NoDerivs 2.0 Generic", "cc-by-nc-nd-2.0"),
    ("This work is licensed under a Creative Commons Attribution 4.0 International License.", "cc-by-4.0"),
    ("CC BY (https://creativecommons.org/licenses/by/4.0/)", "cc-by-4.0"),  # the address has the version
    ("Attribution-ShareAlike 2.0 Generic (CC BY-SA 2.0)", "cc-by-sa-2.0"),
    ("Attribution-NonCommercial-ShareAlike License", "cc-by-nc-sa"),  # Flickr's words; no version in them
    ("by", "cc-by"),  # Openverse
    ("by-nc-nd 2.0", "cc-by-nc-nd-2.0"),
    ("CC BY-SA 4.0,3.0,2.5,2.0,1.0", "cc-by-sa-4.0"),  # Wikimedia: any of them
    ("CC BY-SA 3.0-migrated", "cc-by-sa-3.0"),
    ("Apache License, Version 2.0", "apache-2.0"),
    ("http://www.apache.org/licenses/LICENSE-2.0", "apache-2.0"),
    ("The MIT License (MIT)", "mit"),
    ("GFDL 1.2 or later", "gfdl"),
    ("https://www.gnu.org/copyleft/fdl.html", "gfdl"),
    ("openrail++", "openrail++"),
    ("Apache-2.0 OR MIT", "apache-2.0 OR mit"),
    ("CC BY-SA 3.0 or GFDL", "cc-by-sa-3.0 OR gfdl"),
    ("MIT AND CC-BY-4.0", "mit AND cc-by-4.0"),
    ("GFDL, CC BY-SA 3.0", "gfdl AND cc-by-sa-3.0"),  # whether both bind is not said: both do
    ("CC BY 4.0, CC BY-NC 4.0", "cc-by-4.0 AND cc-by-nc-4.0"),
    ("No AI training", "no-ai"),
    ("🚫 NoAI", "no-ai"),
    ("CC BY 4.0, NoAI", "no-ai"),
    ("may not be used to train AI models", "no-ai"),
]
UNREAD = [
    "", " ", "?", "unknown", "other", "None", "4", "CC", "cc", "NC", "free to use", "copyright free", "royalty-free", "Unsplash License",
    "Getty Images", "Attribution License", "Some rights reserved", "Apache", "CC BY 5.0", "CC BY-NC-ND-SA 4.0", "not CC BY 4.0",
    "CC BY 4.0 except logos", "CC BY 4.0. Not for commercial use", "CC BY 4.0 (https://creativecommons.org/licenses/by-nc/4.0/)",
    "CC BY-SA 3.0, something else", "MIT OR my own", "http://rightsstatements.org/vocab/CNE/1.0/", "https://example.com/licenses/by/4.0/",
    "https://creativecommons.org/", "https://creativecommons.org/licenses/by/9.9/", "Copyright Jane Doe, used with permission",
    "no restrictions on AI training", "CC BY ≠ 4.0", "CC BY 4.0 🚫", "x" * 10_000,
]  # fmt: skip


@pytest.mark.parametrize(("text", "identifier"), READ)
def test_a_licence_is_read_however_it_is_written(text, identifier):
    assert read_licence(text) == identifier


@pytest.mark.parametrize("text", UNREAD)
def test_what_is_not_wholly_understood_is_unknown(text):
    assert read_licence(text) == UNKNOWN


@pytest.mark.parametrize("identifier", sorted(licences()))
def test_every_identifier_name_and_address_of_the_table_reads_as_itself(identifier):
    row = licences()[identifier]
    assert read_licence(identifier) == identifier
    assert read_licence(identifier.upper()) == identifier
    if row.url and identifier != "bsd":  # the family's page is that of BSD 3-Clause
        assert read_licence(row.url) == identifier
        assert read_licence(row.url.replace("https:", "http:").rstrip("/")) == identifier


@pytest.mark.parametrize("identifier", sorted(one for one in licences() if one.startswith("cc-by")))
def test_the_full_name_of_each_creative_commons_licence_reads_as_itself(identifier):
    assert read_licence(licences()[identifier].name.removesuffix(", version not named")) == identifier


@given(st.text(max_size=60))
def test_no_text_is_read_as_a_licence_that_is_not_there(text):
    """Independent of the reader: a text that names one of Creative Commons has its letters in it."""
    read = read_licence(text)
    if read.startswith("cc-by"):
        assert "by" in text.casefold() or "attribution" in text.casefold()


@given(st.sampled_from([text for text, _ in READ]), st.sampled_from(["except the logo", "for editorial use", "ask first", "xyz"]))
def test_a_word_too_many_makes_a_licence_unknown_or_no_wider(text, more):
    read = read_licence(f"{text} {more}")
    assert read in (UNKNOWN, "no-ai", "all-rights-reserved")


def test_what_is_read_can_be_combined_for_a_model_card():
    assert combine([read_licence("CC BY-SA 3.0"), read_licence("CC BY-SA 4.0"), read_licence("Public domain")]).license == "cc-by-sa-4.0"
    assert combine([read_licence("MIT AND CC-BY-4.0")]).license == "cc-by-4.0"
    assert combine([read_licence("All rights reserved"), "mit"]).clash


def reasons(texts, policy, **apart):
    judged = judge_licences(pa.array(texts), policy, **apart).judged
    return [judged.reasons[code] for code in judged.codes]


def test_by_default_only_what_grants_nothing_goes_and_the_unknown_stays_and_is_counted():
    texts = ["CC BY-NC 4.0", "cc-by-nd-4.0", None, "?", "All rights reserved", "NoAI"]
    assert reasons(texts, LicencePolicy()) == ["", "", "", "", "licence:all-rights-reserved grants nothing", "opt-out:licence"]
    found = judge_licences(pa.array(texts), LicencePolicy())
    assert found.readings["?", UNKNOWN] == 1
    assert found.readings["", UNKNOWN] == 1
    assert found.identifiers.to_pylist() == ["cc-by-nc-4.0", "cc-by-nd-4.0", UNKNOWN, UNKNOWN, "all-rights-reserved", "no-ai"]


def test_commercial_use_takes_only_what_permits_it():
    texts = ["CC BY 4.0", "CC BY-NC 4.0", "apple-amlr", "?", "lgpl-3.0"]
    assert reasons(texts, LicencePolicy(use="commercial")) == [
        "",
        "licence:cc-by-nc-4.0 not commercial",
        "licence:apple-amlr not commercial",
        "licence:unknown",
        "licence:lgpl-3.0 without terms on record",
    ]
    assert reasons(["?", "lgpl-3.0"], LicencePolicy(use="commercial", unknown="keep")) == ["", ""]


def test_allow_takes_identifiers_in_any_spelling_patterns_and_groups():
    texts = ["cc-by-4.0", "cc-by-sa-4.0", "mit", "cc-by-nd-2.0"]
    assert reasons(texts, LicencePolicy(allow=["CC BY 4.0"])) == ["", *(f"licence:{one} not allowed" for one in texts[1:])]
    assert reasons(texts, LicencePolicy(allow=["cc-by-*"])) == ["", "", "licence:mit not allowed", ""]
    assert reasons(texts, LicencePolicy(deny=["no-derivatives", "share-alike"])) == [
        "", "licence:cc-by-sa-4.0 denied", "", "licence:cc-by-nd-2.0 denied",
    ]  # fmt: skip
    assert reasons(["cc-by-4.0"], LicencePolicy(allow=["cc-by-4.0"], deny="cc-by-4.0")) == ["licence:cc-by-4.0 denied"]


def test_whoever_says_what_is_allowed_does_not_get_the_unknown():
    assert reasons([None, "?"], LicencePolicy(allow=["mit"])) == ["licence:unknown"] * 2
    assert reasons([None, "?"], LicencePolicy(allow=["mit"], unknown="keep")) == ["", ""]
    assert reasons([None, "?"], LicencePolicy(unknown="drop")) == ["licence:unknown"] * 2


def test_all_of_several_licences_bind_and_one_of_a_choice_is_enough():
    policy = LicencePolicy(deny=["share-alike"])
    assert reasons(["MIT AND GFDL", "MIT OR GFDL"], policy) == ["licence:gfdl denied", ""]
    assert reasons([["MIT", "GFDL"], ["MIT"], [], None], policy) == ["licence:gfdl denied", "", "", ""]
    assert refusal("gfdl OR gpl-3.0", policy) == "licence:gfdl denied"


def test_a_version_or_an_address_may_stand_in_a_column_of_its_own():
    found = judge_licences(
        pa.array(["by", "by-sa", None, "by", "by-nc"]),
        LicencePolicy(),
        versions=pa.array(["2.0", None, None, "4.0", None]),
        addresses=pa.array(
            [None, "https://creativecommons.org/licenses/by-sa/3.0/", "https://creativecommons.org/licenses/by/4.0/"] * 2
        ).slice(0, 5),
    )
    # the fourth has no address, the fifth one that says another licence than the words
    assert found.identifiers.to_pylist() == ["cc-by-2.0", "cc-by-sa-3.0", "cc-by-4.0", "cc-by-4.0", UNKNOWN]


def test_numbers_of_a_corpus_are_read_by_the_names_it_gives_them():
    policy = LicencePolicy(names={"4": "CC BY 2.0", "Unsplash License": "unsplash"}, allow=["cc-by-2.0", "unsplash"])
    assert reasons([4, 5, None], policy) == ["", "licence:unknown", "licence:unknown"]
    assert reasons(["unsplash licence", "UNSPLASH LICENSE"], policy) == ["licence:unknown", ""]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"allow": ["cc-by-5.0"]}, "Did you mean 'cc-by-4.0'"),
        ({"deny": ["xyz-*"]}, "fits no licence"),
        ({"use": "comercial"}, "Did you mean 'commercial'"),
        ({"unknown": "ask"}, "Known: 'keep', 'drop'"),
        ({"allow": 4}, "must be a text or a list of texts"),
    ],
)
def test_a_policy_that_cannot_be_meant_is_refused_at_once(settings, said):
    with pytest.raises(ConfigError, match=said):
        LicencePolicy(**settings)


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())])
def test_every_encoding_of_text_gives_the_same_answers(kind):
    texts = ["CC BY 4.0", None, "cc-by-nc-4.0", "CC BY 4.0"]
    column = pa.chunked_array([pa.array(texts[:2]).cast(kind), pa.array(texts[2:]).cast(kind)])
    found = judge_licences(column, LicencePolicy(use="commercial"))
    assert found.judged.codes.tolist() == [0, 2, 1, 0]
    assert found.judged.reasons == ("", "licence:cc-by-nc-4.0 not commercial", "licence:unknown")
    assert found.judged.counts == {"licence:unknown": 1, "licence:cc-by-nc-4.0 not commercial": 1}


def test_a_lone_surrogate_in_a_licence_is_unknown_and_no_crash():
    column = pa.array([b"CC BY \xed\xa0\x80", b"CC BY 4.0"], pa.binary()).view(pa.string())
    assert judge_licences(column, LicencePolicy()).identifiers.to_pylist() == [UNKNOWN, "cc-by-4.0"]


def test_a_struct_is_no_column_of_licences():
    with pytest.raises(ConfigError, match="cannot be read as one value"):
        judge_licences(pa.array([{"a": 1}]), LicencePolicy())


@given(st.lists(st.sampled_from([text for text, _ in READ[:40]]), min_size=1, max_size=30))
def test_a_column_is_judged_as_its_rows_are_one_by_one(texts):
    policy = LicencePolicy(use="commercial", deny=["gfdl"])
    assert reasons(texts, policy) == [refusal(read_licence(text), policy) for text in texts]


def test_the_wording_of_a_credit_keeps_the_row_s_own_words():
    found = judge_licences(
        pa.array(["CC BY 3.0 IGO", "cc-by-4.0", "https://creativecommons.org/licenses/by/2.0/de/", None, "?"]), LicencePolicy()
    )
    assert found.wordings.to_pylist() == [
        "CC BY 3.0 IGO (https://creativecommons.org/licenses/by/3.0/)",
        "Creative Commons Attribution 4.0 (https://creativecommons.org/licenses/by/4.0/)",
        "Creative Commons Attribution 2.0 (https://creativecommons.org/licenses/by/2.0/de/)",
        None,
        "?",
    ]


def test_all_versions_of_creative_commons_say_what_their_elements_say():
    for one in (one for one in licences().values() if one.id.startswith("cc-by")):
        elements = one.id.split("-")
        assert (one.commercial, one.adaptations, one.share_alike) == ("nc" not in elements, "nd" not in elements, "sa" in elements)
        assert all(licence(later) for later in one.becomes)


def test_the_package_loads_neither_torch_nor_datasets():
    code = "import hf_regional.filtering.consent as c, sys; c.protect; print({'torch', 'datasets', 'pandas'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "set()"
