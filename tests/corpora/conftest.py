import pytest

from hf_regional.corpora import load_corpus
from picture_site import picture_site


@pytest.fixture(scope="session")
def cache_dir(tmp_path_factory):
    return tmp_path_factory.mktemp("datasets")


@pytest.fixture(scope="session")
def emoji(cache_dir):
    """The embedded corpus, built once for all tests."""
    return load_corpus("emoji-world", cache_dir=cache_dir)


@pytest.fixture(scope="session")
def site():
    """A site with pictures, for corpora that are published as addresses."""
    with picture_site() as server:
        yield server
