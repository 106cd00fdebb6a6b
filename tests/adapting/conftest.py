"""Tiny random towers and a dozen and four drawn pictures to train them on."""

from pathlib import Path

import pytest
from datasets import Dataset, Features, Image, Value

from tiny_towers import FAMILIES, WORDS, picture, save_towers


@pytest.fixture(scope="session")
def bases(tmp_path_factory) -> dict[str, Path]:
    """Family -> folder of a random model."""
    return {family: save_towers(family, tmp_path_factory.mktemp(family)) for family in FAMILIES}


@pytest.fixture(scope="session")
def rows() -> Dataset:
    """16 pairs: a picture of which one half is coloured, and the words for it."""
    features = Features({"image": Image(), "text": Value("string"), "language": Value("string")})
    return Dataset.from_dict({"image": [picture(words) for words in WORDS], "text": WORDS, "language": ["en"] * 16}, features=features)
