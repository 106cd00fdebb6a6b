import csv
import random
import time
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import compute as pc

from hf_regional.filtering.consent.contacts.emails import find_emails
from hf_regional.filtering.consent.contacts.handles import find_handles
from hf_regional.filtering.consent.contacts.phones import find_phones
from hf_regional.filtering.consent.masking import FINDERS, mask_text
from hf_regional.filtering.consent.tables import table

DATA = Path(__file__).parent / "consent_data"


def rows(name):
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def in_text(find, text):
    return Counter(text[start:end] for start, end in find(text))


def precision_and_recall(kind, find):
    right = wrong = missed = 0
    for row in rows("contacts_frozen.tsv"):
        wanted = Counter(row["found"].split("|")) if row["kind"] == kind else Counter()
        found = in_text(find, row["text"])
        right, wrong, missed = right + (wanted & found).total(), wrong + (found - wanted).total(), missed + (wanted - found).total()
    return right / (right + wrong), right / (right + missed)


@pytest.mark.parametrize(("kind", "find"), [("phone", find_phones), ("e-mail", find_emails)])
def test_contacts_labelled_before_the_rules_are_found_and_little_else(kind, find):
    precision, recall = precision_and_recall(kind, find)
    assert precision >= 0.95
    assert recall >= 0.95


@pytest.mark.parametrize("row", rows("contacts_later.tsv"), ids=lambda row: row["text"])
def test_what_once_went_wrong_stays_right(row):
    wanted = Counter(row["found"].split("|")) if row["found"] else Counter()
    for kind, find in (("phone", find_phones), ("e-mail", find_emails)):
        assert in_text(find, row["text"]) == (wanted if row["kind"] == kind else Counter())


def recalled(form, before):
    examples = [row["written"] for row in rows("phone_examples.tsv") if row["form"] == form]
    return sum(in_text(find_phones, f"{before} {written}") == Counter([written]) for written in examples) / len(examples)


def test_the_examples_of_libphonenumber_are_found():
    assert recalled("e164", "Tel.") >= 0.99  # every region of the world
    assert recalled("e164", "Kue lapis") >= 0.95  # islands with numbers of five digits need a word beside them
    assert recalled("international", "Kue lapis") == 1
    assert recalled("national", "Tel.") == 1
    assert recalled("national", "Kue lapis") >= 0.6  # "6123 4567" alone may be anything


@pytest.mark.parametrize("row", table("phone_forms.csv"), ids=lambda row: f"{row['country']} {row['example']}")
def test_each_form_finds_its_own_example_without_a_word_beside_it(row):
    assert in_text(find_phones, f"kain tenun {row['example']} merah") == Counter([row["example"]])


def something_else(rng):
    """A stretch of digits that is no phone number."""
    number = rng.randrange
    date = f"{number(1800, 2030)}-{number(1, 13):02}-{number(1, 29):02}"
    return rng.choice(
        [
            date,
            date.replace("-", "/"),
            ".".join(reversed(date.split("-"))),
            f"{date} {number(24):02}:{number(60):02}:{number(60):02}",
            f"{number(100, 9000)}x{number(100, 9000)}",
            f"{number(100, 9000)} x {number(100, 9000)} px",
            f"Rp {number(1, 900)}.{number(1000):03}.{number(1000):03}",
            f"${number(1, 900)},{number(1000):03},{number(1000):03}.{number(100):02}",
            f"{number(-90, 90)}.{number(10**6):06}, {number(-180, 180)}.{number(10**6):06}",
            f"ISBN 978-602-{number(1000):03}-{number(1000):03}-{number(10)}",
            f"ISBN {number(10**9, 10**10)}",
            f"{number(10**10, 6 * 10**10)}",
            f"{number(10**9, 2 * 10**9)}",
            f"{number(10**15, 10**16)}",
            f"IMG_{number(10**9):010}.jpg",
            f"DSC{number(10**8):08}.JPG",
            f"#{number(10**9):010}",
            f"{number(1900, 2030)}-{number(1900, 2030)}",
            f"{number(1, 100)} {number(1000):03} {number(1000):03}",
            f"{number(256)}.{number(256)}.{number(256)}.{number(256)}",
            f"https://live.staticflickr.com/{number(65536)}/{number(10**10, 10**11)}_{number(10**9):010}_b.jpg",
            f"{number(100):02}.00-{number(100):02}.00",
            f"order {number(10**11):012}",
        ]
    )


def test_dates_sizes_prices_places_and_keys_are_no_phone_numbers():
    rng = random.Random(5)
    texts = [f"pasar {something_else(rng)} dan {something_else(rng)}" for _ in range(10_000)]
    wrong = [text for text in texts if in_text(find_phones, text)]
    assert len(wrong) <= 5, wrong[:20]


@pytest.mark.parametrize("find", [find_emails, find_phones, find_handles])
@given(text=st.text(alphabet=st.sampled_from("0123456789+-() ./@a.wWtel:\u0e50\uff10\ud800éခ\n#"), max_size=80))
def test_places_lie_in_the_text_in_order_and_apart(find, text):
    end = 0
    for start, stop in find(text):
        assert end <= start < stop <= len(text)
        end = stop


@given(st.text(alphabet=st.sampled_from("0123456789+-() ./@ab.:tel８－　"), max_size=60))
def test_no_contact_escapes_the_search_through_the_whole_column(text):
    for kind, finder in FINDERS.items():
        if list(finder.find(text)):
            assert pc.match_substring_regex(pa.array([text]), finder.prefilter).to_pylist() == [True], kind


@given(st.lists(st.sampled_from(["0812-3456-7890", "a@b.co", "@made", "kain", "2019", "/", "(", ")", "tel", "+6591234567"]), max_size=12))
def test_masking_twice_masks_no_more(words):
    masked, _ = mask_text(" ".join(words), ["e-mail", "phone", "handle"])
    assert mask_text(masked, ["e-mail", "phone", "handle"]) == (masked, Counter())


def test_texts_around_contacts_stay_as_they_are():
    text = "Kain (WA 0812-3456-7890) — budi@example.com, @made"
    assert mask_text(text, ["e-mail", "phone"]) == ("Kain (WA [phone]) — [e-mail], @made", Counter({"phone": 1, "e-mail": 1}))
    assert mask_text(text, ["handle"])[0] == "Kain (WA 0812-3456-7890) — budi@example.com, [handle]"
    assert mask_text(text, []) == (text, Counter())


@pytest.mark.parametrize("handle", ["@made_ubud", "@a.b", "＠made"])
def test_handles_are_found(handle):
    assert in_text(find_handles, f"foto {handle}, 2019") == Counter([handle])


@pytest.mark.parametrize("text", ["a@b.co", "5 @ 2.50", "@2x", "npm i @scope/pkg", "medium.com/@jane", "@ home", "@_"])
def test_these_are_no_handles(text):
    assert not in_text(find_handles, text)


@pytest.mark.parametrize(
    "text", ["1" * 10**6, "1-" * 10**6, "0812 " * 10**5, "a@" * 10**5, "+" * 10**6, "((" * 10**5, "0" * 10**6 + "@", "tel " * 10**5]
)
def test_the_time_grows_with_the_text_and_not_with_its_square(text):
    begun = time.process_time()
    mask_text(text, ["e-mail", "phone", "handle"])
    assert time.process_time() - begun < 5
