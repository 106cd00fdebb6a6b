"""Words of pictures: names and keywords of emoji in 24 languages, as the package has them from CLDR, in; what is a word of everyday out.

They say what things are called, also in the languages of which no frequencies are published: a town called as a fruit is, in any of
the 24 languages, is left out.
"""

from functools import cache
from pathlib import Path

import pyarrow.parquet as pq

from lexicon_sources.words import key

FILE = Path(__file__).parents[2] / "src" / "hf_regional" / "corpora" / "data" / "emoji_world.parquet"
UNSPACED = {"th", "lo", "my", "km"}


def is_thing(name: str, language: str) -> bool:
    """Whether a name is a word of an emoji's name or keywords; in scripts without spaces, a part of one.

    >>> is_thing("Berat", ""), is_thing("Bandung", "")      # heavy, in Indonesian
    (True, False)
    """
    spelling = key(name)
    return spelling in _texts_in(language) if language in UNSPACED else spelling in _words()


@cache
def _words() -> frozenset[str]:
    texts = [text for _, text in _texts()]
    return frozenset([*texts, *(word for text in texts for word in text.split())])


@cache
def _texts_in(language: str) -> str:
    return "\n".join(text for other, text in _texts() if other == language)


@cache
def _texts() -> tuple[tuple[str, str], ...]:
    """Language and compared spelling of every name and keyword but those of flags."""
    table = pq.read_table(FILE, columns=["topic", "texts"]).to_pylist()
    texts = (text for row in table if row["topic"] != "Flags" for text in row["texts"])
    return tuple(dict.fromkeys((text["language"], key(text["text"])) for text in texts))
