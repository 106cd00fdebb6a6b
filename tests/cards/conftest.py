from pathlib import Path

import pytest

from hf_regional.cards import CardFacts

DATA = Path(__file__).parent / "data"


@pytest.fixture(scope="session")
def facts() -> CardFacts:
    """What a run of the main job records; the figures are made up, the shapes are the pipeline's."""
    return CardFacts.load(DATA)


@pytest.fixture
def folder(tmp_path, facts):
    facts.save(tmp_path)
    return tmp_path
