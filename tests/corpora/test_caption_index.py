"""Addresses by caption, against a plain dictionary."""

from collections import defaultdict
from contextlib import closing

from hypothesis import given
from hypothesis import strategies as st

from hf_regional.corpora.caption_index import CaptionIndex

CAPTIONS = st.text(st.characters(blacklist_characters="\t\n\r", blacklist_categories=("Cs",)), max_size=6)


@given(captions=st.lists(CAPTIONS, max_size=20), other=CAPTIONS)
def test_each_caption_is_found_with_all_its_addresses_in_order(captions, other, tmp_path_factory):
    path = tmp_path_factory.mktemp("index") / "addresses.tsv"
    path.write_bytes("".join(f"{caption}\thttp://a/{place}\n" for place, caption in enumerate(captions)).encode())
    expected = defaultdict(list)
    for place, caption in enumerate(captions):
        expected[caption].append((place, f"http://a/{place}"))
    with closing(CaptionIndex(path)) as index:
        for caption in {*captions, other}:
            assert [*index.find(caption)] == expected[caption]
