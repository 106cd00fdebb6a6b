import io
from collections import Counter

import pytest
from PIL import Image

from hf_regional import records
from hf_regional.corpora import EmojiWorld, catalogue, load_corpus
from hf_regional.corpora.emoji_pictures import CONTENT_SHA256, PARQUET, content_digest, extract_pictures, read_rows

LANGUAGES = catalogue()["emoji-world"].languages


@pytest.fixture(scope="module")
def pictures():
    return {row["picture"]: row for row in read_rows()}


def texts(pictures):
    return [(name, text) for name, row in pictures.items() for text in row["texts"]]


def test_the_committed_file_has_the_recorded_content_and_a_new_content_needs_a_new_version():
    assert content_digest() == CONTENT_SHA256
    # The cache of `datasets` is named by the version: other rows under the same one would be answered from an old cache.
    assert (str(EmojiWorld.VERSION), CONTENT_SHA256[:8]) == ("1.0.0", "f2edbb17")


def test_the_file_has_at_most_8_megabytes_and_1846_pictures_in_24_languages(pictures):
    assert PARQUET.stat().st_size <= 8e6
    assert len(pictures) == 1846
    assert {text["language"] for _, text in texts(pictures)} == set(LANGUAGES)
    assert len(LANGUAGES) == 24


def test_1855_sequences_are_drawn_and_those_of_one_picture_are_one_row(pictures):
    sequences = [sequence for row in pictures.values() for sequence in row["sequences"]]
    assert len(sequences) == len(set(sequences)) == 1855
    assert not [name for name in sequences if any(f"1F3F{tone}" in name for tone in "BCDEF")]  # no skin tone
    norway = pictures["1F1E7-1F1FB"]
    assert norway["sequences"] == ["1F1E7-1F1FB", "1F1F3-1F1F4", "1F1F8-1F1EF"]
    english = {text["text"] for text in norway["texts"] if (text["language"], text["kind"]) == ("en", "name")}
    assert english == {"flag: Norway", "flag: Bouvet Island", "flag: Svalbard & Jan Mayen"}


def test_no_two_pictures_have_the_same_pixels_and_each_stands_on_white(pictures):
    opened = [Image.open(io.BytesIO(row["image"])) for row in pictures.values()]
    assert {(image.size, image.mode) for image in opened} == {((136, 128), "RGB")}
    assert len({image.tobytes() for image in opened}) == 1846
    grinning = Image.open(io.BytesIO(pictures["1F600"]["image"]))
    assert grinning.getpixel((0, 0)) == (255, 255, 255)
    assert grinning.getpixel((68, 20)) != (255, 255, 255)


def test_every_picture_has_a_name_in_every_language_but_a_few_in_javanese(pictures):
    named = {(name, text["language"]) for name, text in texts(pictures) if text["kind"] == "name"}
    lacking = Counter(language for language in LANGUAGES for name in pictures if (name, language) not in named)
    assert lacking == {"jv": 13, "id": 1}


def test_the_indonesian_and_the_malay_name_of_indonesias_flag_are_one_unit_and_on_one_side_with_the_swahili(pictures):
    flag = [text for text in pictures["1F1EE-1F1E9"]["texts"] if text["text"].casefold() == "bendera: indonesia" and text["kind"] == "name"]
    assert {text["language"] for text in flag} == {"id", "ms", "sw"}
    assert len({text["split"] for text in flag}) == 1


def test_a_text_of_a_picture_is_on_one_side_in_every_language(pictures):
    sides = {}
    for name, text in texts(pictures):
        sides.setdefault((name, text["text"].casefold()), set()).add(text["split"])
    assert max(map(len, sides.values())) == 1


def test_names_go_70_15_15_and_texts_that_are_keywords_everywhere_are_all_for_training(pictures):
    split, named = {}, set()
    for name, text in texts(pictures):
        unit = (name, text["text"].casefold())
        split[unit] = text["split"]
        if text["kind"] == "name":
            named.add(unit)
    shares = Counter(split[unit] for unit in named)
    # One standard deviation of the share of 38,000 draws at 15 % is 0.2 points.
    assert {side: round(count / len(named), 2) for side, count in shares.items()} == {"train": 0.7, "validation": 0.15, "test": 0.15}
    assert {split[unit] for unit in split.keys() - named} == {"train"}


def test_a_language_has_no_text_of_a_picture_twice(pictures):
    counts = Counter((name, text["language"], text["text"].casefold()) for name, text in texts(pictures))
    assert set(counts.values()) == {1}


def test_the_corpus_is_the_pairs_view_with_picture_and_kind(emoji):
    assert {name: len(rows) for name, rows in emoji.items()} == {"train": 144_599, "validation": 6_700, "test": 6_733}
    assert emoji["test"].column_names == [*records.PAIRS, "picture", "kind"]
    row = emoji["test"].filter(lambda language, text: language == "en" and text == "flag: Norway", input_columns=["language", "text"])[0]
    assert row.pop("image").size == (136, 128)
    assert row == {
        "text": "flag: Norway",
        "language": "en",
        "country_iso3": None,
        "topic": "Flags",
        "source": "emoji-world",
        "license": "OFL-1.1 AND Unicode-DFS-2016",
        "id": "1F1E7-1F1FB/en/flag: Norway",
        "picture": "1F1E7-1F1FB",
        "kind": "name",
    }


def test_ids_are_unique_over_all_splits(emoji):
    ids = [name for rows in emoji.values() for name in rows["id"]]
    assert len(ids) == len(set(ids)) == 158_032


def test_rows_hold_paths_so_that_the_cache_stays_under_50_megabytes(emoji):
    assert sum(rows.data.nbytes for rows in emoji.values()) < 50e6


def test_a_stream_gives_the_rows_of_the_prepared_corpus(emoji, cache_dir):
    stream = load_corpus("emoji-world", streaming=True, split="validation", cache_dir=cache_dir)
    assert stream.features == emoji["validation"].features
    for streamed, prepared in zip(stream.take(3), emoji["validation"], strict=False):
        assert streamed.pop("image").tobytes() == prepared.pop("image").tobytes()
        assert streamed == prepared


def test_picture_files_that_were_cleaned_away_are_written_again(emoji, cache_dir):
    folder = extract_pictures(cache_dir)
    folder.rename(cache_dir / "cleaned")
    again = load_corpus("emoji-world", split="test", cache_dir=cache_dir)
    assert again[0]["image"].size == (136, 128)
    assert len(list(folder.iterdir())) == 1846
