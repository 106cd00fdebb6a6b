import os
import subprocess
import sys

import pytest

from hf_regional.corpora import catalogue, embedded_model, load_corpus
from hf_regional.errors import ConfigError, NotBuiltYetError, UnknownNameError


def test_every_corpus_of_the_catalogue_has_a_builder_with_an_explicit_version():
    for corpus in catalogue().values():
        builder = corpus.to_class()
        assert str(builder.BUILDER_CONFIGS[0].version) == str(builder.VERSION) == "1.0.0"


def test_listing_the_catalogue_loads_neither_datasets_nor_torch():
    code = "import sys; from hf_regional.corpora import catalogue; catalogue(); print({'datasets', 'torch', 'pyarrow'} & set(sys.modules))"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment).stdout == "set()\n"


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(
        UnknownNameError, match=r"no corpus 'emoji-wrld'\. Did you mean 'emoji-world'\? Known: .*emoji-world, .*imagefolder\+csv"
    ):
        load_corpus("emoji-wrld")


def test_an_option_that_a_corpus_does_not_take_is_refused():
    with pytest.raises(ConfigError, match=r"emoji-world takes no option 'columns'\. It takes: none") as caught:
        load_corpus("emoji-world", columns={"text": "caption"})
    assert caught.value.key == "columns"
    with pytest.raises(ConfigError, match=r"no option 'datadir'\. Did you mean 'data_dir'\?"):
        load_corpus("imagefolder+csv", datadir="photos")


def test_a_view_that_is_not_built_is_refused_by_name():
    with pytest.raises(NotBuiltYetError, match="emoji-world has no view 'questions': its only view is 'pairs'"):
        load_corpus("emoji-world", view="questions")


def test_an_unknown_split_is_answered_with_those_there_are(emoji, cache_dir):
    with pytest.raises(UnknownNameError, match=r"no split 'validaton'\. Did you mean 'validation'\? There are: train, validation, test\."):
        load_corpus("emoji-world", split="validaton", cache_dir=cache_dir)


def test_southeast_asia_keeps_the_rows_of_its_nine_languages_and_counts_the_rest(emoji, cache_dir):
    found = load_corpus("emoji-world", "SEA", split="test", cache_dir=cache_dir)
    assert set(found.data["language"]) == {"id", "ms", "th", "vi", "my", "km", "lo", "fil", "jv"}
    assert len(found.data) + len(found.dropped) == 6_733
    assert set(found.dropped["region_verdict"]) == {"other"}


def test_a_hub_id_is_no_embedded_model():
    assert embedded_model("google/siglip2-base-patch16-224") is None


def test_a_cache_over_a_limit_ends_in_a_clear_error_and_the_next_load_is_whole(tmp_path):
    code = f"""
import resource
from hf_regional.corpora import load_corpus
from hf_regional.errors import CannotWriteError
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, resource.RLIM_INFINITY))
try:
    load_corpus("emoji-world", cache_dir={str(tmp_path)!r})
except CannotWriteError as error:
    print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
print(len(load_corpus("emoji-world", split="test", cache_dir={str(tmp_path)!r})))
"""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    lines = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment).stdout.splitlines()
    assert lines[0].startswith("cannot build emoji-world in the cache of datasets: ")
    assert lines[1] == "6733"
