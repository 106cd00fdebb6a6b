import unicodedata

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_regional.errors import ConfigError, OutOfRangeError
from hf_regional.filtering.duplicates.shingles import LONGEST, jaccard, shingles
from hf_regional.filtering.duplicates.signatures import band_keys, minima, nearest_signatures, spans
from hf_regional.filtering.duplicates.texts import equal_texts, similar_texts
from hf_regional.filtering.duplicates.wording import digests, normalise

# The same sentence, once with a word changed at its end.
SENTENCES = {
    "id": ("Ibu penjual sate menyiapkan bumbu kacang di pasar malam Kota Padang", "pagi"),
    "vi": ("Người bán phở chuẩn bị nước dùng trên vỉa hè phố cổ Hà Nội buổi sáng", "chiều"),
    "th": ("แม่ค้าขายส้มตำกำลังตำมะละกอที่ตลาดน้ำอัมพวาในวันอาทิตย์ตอนเช้า", "เย็น"),
    "lo": ("ແມ່ຄ້າກຳລັງຂາຍຕຳໝາກຫຸ່ງຢູ່ຕະຫຼາດເຊົ້າໃນນະຄອນຫຼວງວຽງຈັນ", "ແລງ"),
    "km": ("ស្ត្រីលក់នំបញ្ចុកកំពុងរៀបចំអាហារនៅផ្សារធំថ្មីក្នុងរាជធានីភ្នំពេញ", "ល្ងាច"),
    "my": ("မုန့်ဟင်းခါးရောင်းသူသည်ရန်ကုန်မြို့လမ်းဘေးဈေးတွင်မနက်စာပြင်ဆင်နေသည်", "ည"),
    "zh": ("卖海南鸡饭的阿姨在新加坡牛车水熟食中心的摊位前切着刚煮好的鸡肉", "晚"),
    "ta": ("சிங்கப்பூர் தேக்கா சந்தையில் தோசை சுடும் பெண்மணி காலை உணவு தயாரிக்கிறார்", "மாலை"),
}


def large(texts):
    return pa.array(texts, pa.large_string())


def runs(text, length):
    return {text[place : place + length] for place in range(max(len(text) - length, 0) + 1)}


def share(one, other, length):
    ours, theirs = runs(one, length), runs(other, length)
    return len(ours & theirs) / len(ours | theirs)


@pytest.mark.parametrize(
    "variants",
    [
        ["Nasi Goreng", "nasi goreng", "  NASI   goreng!", "ｎａｓｉ－ｇｏｒｅｎｇ", "nasi\u00a0goreng", "na\u00adsi goreng"],
        ["phở bò", "phở bò", unicodedata.normalize("NFD", "Phở Bò")],
        ["ភ្នំពេញ", "ភ្នំ\u200bពេញ"],
        ["กรุงเทพฯ", " กรุงเทพฯ "],
    ],
)
def test_spellings_of_one_text_are_one(variants):
    assert len(set(normalise(pa.array(variants)).to_pylist())) == 1


@pytest.mark.parametrize(("one", "other"), [("ma", "má"), ("กา", "กำ"), ("ക", "കി"), ("room 12", "room 13"), ("5 %", "50 %"), ("🍜", "🍛")])
def test_marks_digits_and_pictures_tell_texts_apart(one, other):
    first, second = normalise(pa.array([one, other])).to_pylist()
    assert first != second


def test_what_says_nothing_is_null():
    assert normalise(pa.array([None, "", "  ", "\u200b\n", "."])).to_pylist() == [None, None, None, None, "."]


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string())])
def test_any_kind_of_strings_in_any_chunks_is_read(kind):
    column = pa.chunked_array([pa.array(["A b", None]).cast(kind), pa.array([], pa.string()).cast(kind), pa.array(["A  B"]).cast(kind)])
    assert normalise(column).to_pylist() == ["a b", None, "a b"]


def test_bytes_that_are_no_text_are_replaced_and_lose_no_row():
    broken = pa.array([b"nasi \xed\xa0\x80 goreng", None, b"\xff", b"soto"], pa.binary()).view(pa.string())
    assert normalise(broken).to_pylist() == ["nasi goreng", None, "\ufffd", "soto"]


@pytest.mark.parametrize("column", [pa.array([1]), pa.array([["a"]]), pa.array([b"a"])])
def test_a_column_without_text_is_refused(column):
    with pytest.raises(ConfigError, match="expected strings"):
        normalise(column)


@given(st.lists(st.text(max_size=30)))
def test_normalising_twice_changes_nothing(texts):
    once = normalise(pa.array([text.encode("utf-8", "replace").decode() for text in texts], pa.string()))
    assert normalise(once).equals(once)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12), unique=True))
def test_unequal_texts_have_unequal_digests_and_equal_ones_equal(texts):
    found = digests(large(texts + texts[::-1]))
    assert len(set(found[: len(texts)].tolist())) == len(texts)
    assert found.tolist() == found[::-1].tolist()


@pytest.mark.parametrize(("one", "other"), [("ab", "ba"), ("ab", "c`"), ("aab", "aba"), ("ก", "a")])
def test_digests_tell_the_order_of_characters(one, other):
    assert digests(large([one])) != digests(large([other]))


def test_digests_do_not_depend_on_what_stands_before():
    texts = large(["ab", "ba", "a", "b", "aa", "sate padang", "ab"])
    for place in range(len(texts)):
        assert digests(texts[place : place + 1])[0] == digests(texts)[place]


@pytest.mark.parametrize(
    ("text", "length"),
    [("rendang padang", 5), ("ส้มตำปูปลาร้า", 3), ("ຕຳໝາກຫຸ່ງ", 3), ("នំបញ្ចុក", 3), ("မုန့်ဟင်းခါး", 3), ("海南鸡饭", 2), ("비빔밥", 2), ("すし", 2)],
)
def test_runs_are_shorter_where_a_character_says_more(text, length):
    hashes, starts = shingles(large([text, "x", text[1:]]))
    assert len(set(hashes[: starts[1]].tolist())) == len(runs(text, length))
    assert set(hashes[starts[2] :].tolist()) == set(shingles(large([text[1:]]))[0].tolist())


def test_the_similarity_is_that_of_the_sets_of_runs():
    one, other = "a plate of rendang with rice", "a plate of rendang with lontong"
    pair = jaccard(large([one, other, "kuah"]), np.array([0, 0, 2]), np.array([1, 2, 2]))
    assert pair.tolist() == pytest.approx([share(one, other, 5), 0, 1])


@given(st.lists(st.text("abc", min_size=1, max_size=40), min_size=2, max_size=8))
def test_the_similarity_of_any_texts_is_that_of_their_sets(texts):
    first, second = (places.ravel() for places in np.mgrid[0 : len(texts), 0 : len(texts)])
    expected = [share(texts[i], texts[j], 5) for i, j in zip(first, second, strict=True)]
    # A text shorter than a run is a run of its own, and none of a longer text.
    assert jaccard(large(texts), first, second).tolist() == pytest.approx(expected)


@pytest.mark.parametrize("language", SENTENCES)
def test_a_word_added_leaves_a_text_similar_in_every_script(language):
    sentence, word = SENTENCES[language]
    others = [text for code, (text, _) in SENTENCES.items() if code != language]
    texts = normalise(pa.array([sentence, sentence + word, *others]))
    found = similar_texts(texts)
    assert list(zip(found.first.tolist(), found.second.tolist(), strict=True)) == [(0, 1)]


def captions(random, count):
    """Unlike captions of ten words out of a vocabulary of 2,000, the frequent ones often."""
    vocabulary = ["".join(random.choice(list("abcdefghiklmnoprstuy"), random.integers(2, 9))) for _ in range(2000)]
    return list(dict.fromkeys(" ".join(vocabulary[rank % 2000] for rank in random.zipf(1.4, 10)) for _ in range(count)))


def test_planted_pairs_are_found_and_all_that_is_found_is_similar():
    random = np.random.default_rng(0)
    texts = captions(random, 3000)
    originals = [text for text in texts if len(text) > 50][:500]
    copies = [f"{text[:20]}{text[22:]} x" for text in originals]
    both = large(list(dict.fromkeys(texts + copies)))
    place = {text: number for number, text in enumerate(both.to_pylist())}
    wanted = {(place[a], place[b]) for a, b in zip(originals, copies, strict=True) if share(a, b, 5) >= 0.8}
    found = similar_texts(both)
    pairs = list(zip(found.first.tolist(), found.second.tolist(), strict=True))
    assert pairs == sorted(set(pairs))
    assert len(wanted) > 200
    assert len(wanted - set(pairs)) <= 0.01 * len(wanted)
    words = both.to_pylist()
    assert all(share(words[i], words[j], 5) == pytest.approx(alike) for i, j, alike in zip(*pairs_of(found), strict=True))
    assert found.similarity.min() >= 0.8


def pairs_of(found):
    return found.first.tolist(), found.second.tolist(), found.similarity.tolist()


def test_the_share_of_equal_minima_is_the_similarity():
    random = np.random.default_rng(1)
    text = "".join(random.choice(list("abcdefghij"), 400))
    other = text[:300] + "".join(random.choice(list("klmnop"), 100))
    ours, theirs = minima(large([text, other]))
    assert np.mean(ours == theirs) == pytest.approx(share(text, other, 5), abs=0.15)  # 80 minima: three standard errors


def test_all_pairs_of_a_few_of_a_kind_are_found():
    start = "photo of the floating market at damnoen saduak taken on a sunday morning in the rainy season number "
    found = similar_texts(large([start + str(number) for number in range(30)]))
    assert len(found.first) == 30 * 29 / 2
    assert found.capped == 0


def test_hundreds_of_a_kind_are_compared_with_their_first_only():
    texts = large([f"photo of the floating market at damnoen saduak taken on a sunday morning number {number}" for number in range(300)])
    found = similar_texts(texts)
    assert found.capped > 150
    assert len(found.first) < 300 * 32 * 2
    assert set(range(1, 300)) <= set(found.second.tolist())  # every one is near one of the first


def test_equal_texts_have_equal_numbers():
    assert equal_texts(pa.array(["b", None, "a", "b", "a", None])).tolist() == [0, -1, 1, 0, 1, -1]


def test_ten_million_characters_are_read_as_far_as_it_matters():
    long = "sate padang dan nasi goreng " * 400_000
    texts = normalise(pa.array([long, long + "tambah", "sate"]))
    assert len(shingles(texts)[0]) <= 2 * LONGEST + 1
    assert pairs_of(similar_texts(texts)) == ([0], [1], [1.0])
    assert equal_texts(texts).tolist() == [0, 1, 2]


@given(st.lists(st.integers(0, 600_000), max_size=30))
def test_spans_cover_everything_once_and_in_order(sizes):
    pieces = list(spans(np.array(sizes, np.int64)))
    assert [place for piece in pieces for place in range(piece.start, piece.stop)] == list(range(len(sizes)))
    assert all(sum(sizes[piece][1:]) <= 1 << 18 for piece in pieces)


def test_the_nearest_signature_is_found_and_a_far_one_is_not():
    texts = [
        "nasi goreng kampung dengan telur mata sapi dan kerupuk udang",
        "sinigang na baboy with kangkong and labanos in tamarind broth",
    ]
    near = ["nasi goreng kampung dengan telur mata sapi dan kerupuk", texts[0], "nothing like any of them at all, at any rate"]
    ours, theirs, shares = nearest_signatures(minima(large(texts)), minima(large(near)), 0.8)
    assert (ours.tolist(), theirs.tolist(), shares.tolist()) == ([0], [1], [1.0])


def test_band_keys_agree_where_five_minima_do():
    signatures = np.arange(160, dtype=np.uint32).reshape(2, 80)
    signatures[1, 10:15] = signatures[0, 10:15]
    keys = band_keys(signatures)
    assert np.flatnonzero(keys[0] == keys[1]).tolist() == [2]


@pytest.mark.parametrize("similarity", [0, -0.5, 1.01])
def test_a_similarity_that_is_no_share_is_refused(similarity):
    with pytest.raises(OutOfRangeError, match=r"\(0, 1\]"):
        similar_texts(large(["a"]), similarity)


@pytest.mark.parametrize("count", [0, 1])
def test_few_texts_have_no_pairs(count):
    assert pairs_of(similar_texts(large(["sate"] * count))) == ([], [], [])
