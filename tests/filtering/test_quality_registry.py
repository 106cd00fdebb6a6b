"""Scorers as people write them, and what they are told when they write something else."""

import json
import subprocess
import sys

import pytest

from hf_regional.errors import ConfigError, OutOfRangeError, UnknownNameError
from hf_regional.filtering.quality import SCORERS, known_scorers, make_scorer, settings_of
from hf_regional.filtering.quality.column import ColumnScorer
from hf_regional.filtering.quality.language import LanguageScorer
from hf_regional.filtering.quality.length import LengthScorer
from hf_regional.filtering.quality.resolution import ResolutionScorer
from hf_regional.filtering.quality.similarity import SimilarityScorer
from hf_regional.filtering.quality.unifiedreward import MODEL, UnifiedRewardScorer
from hf_regional.generating import ServedModel


@pytest.mark.parametrize(
    ("spec", "scorer"),
    [
        ("column:avg_cultural_relevance", ColumnScorer("avg_cultural_relevance")),
        ("column:a:b", ColumnScorer("a:b")),
        ("unifiedreward", UnifiedRewardScorer(MODEL)),
        ("UnifiedReward:http://host:8000/v1#me/judge", UnifiedRewardScorer("http://host:8000/v1#me/judge")),
        ("clip:openai/clip-vit-base-patch32", SimilarityScorer("openai/clip-vit-base-patch32", "clip")),
        ("siglip:google/siglip2-base-patch16-224@main", SimilarityScorer("google/siglip2-base-patch16-224@main", "siglip")),
        ("resolution", ResolutionScorer("side")),
        ("resolution:pixels", ResolutionScorer("pixels")),
        ("length", LengthScorer()),
        ("language", LanguageScorer()),
        ("language:th, lo", LanguageScorer(("th", "lo"))),
        ({"scorer": "siglip", "model": "m", "image": "photo", "batch_size": 8}, SimilarityScorer("m", "siglip", "photo", batch_size=8)),
        ({"scorer": "language", "languages": ["th"], "text": "caption"}, LanguageScorer(("th",), "caption")),
        ({"scorer": "column", "column": "stars", "scale": [1, 5]}, ColumnScorer("stars", (1, 5))),
        (
            {"scorer": "unifiedreward", "model": {"url": "http://h/v1", "workers": 64}, "scale": [0, 100]},
            UnifiedRewardScorer({"url": "http://h/v1", "workers": 64}, scale=(0, 100)),
        ),
    ],
)
def test_a_scorer_is_written_in_one_line_or_as_a_mapping(spec, scorer):
    assert make_scorer(spec) == scorer


@pytest.mark.parametrize(
    ("spec", "error", "said"),
    [
        ("unifiedrewards", UnknownNameError, "Did you mean 'unifiedreward'"),
        ("avg_cultural_relevance", UnknownNameError, "written 'column:avg_cultural_relevance'"),
        ("", UnknownNameError, "there is no scorer ''"),
        ("column", ConfigError, "write column:NAME"),
        ("column:", ConfigError, "write column:NAME"),
        ("clip", ConfigError, "write clip:MODEL"),
        ("length:10", ConfigError, "write length"),
        ("resolution:sides", UnknownNameError, "Did you mean 'side'"),
        ("language:klingonese", ConfigError, "no script of 'klingonese'"),
        (4, ConfigError, "a int without name, reads or score"),
        ({"model": "m"}, ConfigError, "names no scorer"),
        ({"scorer": "clip", "modell": "m"}, ConfigError, "write clip:MODEL"),
        ({"scorer": "clip", "model": "m", "batchsize": 3}, ConfigError, "no 'batchsize'. Did you mean 'batch_size'"),
        ({"scorer": "clip", "model": "m", "batch_size": 0}, OutOfRangeError, "batch_size must be 1 or more"),
        ({"scorer": "clip", "model": "m", "batch_size": "8"}, ConfigError, "batch_size='8' is of type str"),
        ({"scorer": "clip", "model": "m", "kind": "siglip"}, ConfigError, "'clip' sets 'kind' itself"),
        ({"scorer": "unifiedreward", "model": {"url": "http://h/v1", "worker": 3}}, ConfigError, "Did you mean 'workers'"),
        ({"scorer": "unifiedreward", "prompt": "Judge."}, ConfigError, "{caption}"),
        ({"scorer": "unifiedreward", "scale": [5, 1]}, OutOfRangeError, "does not rise"),
    ],
)
def test_what_is_no_scorer_is_answered_with_what_to_write(spec, error, said):
    with pytest.raises(error) as caught:
        make_scorer(spec)
    assert said in str(caught.value)


def test_every_scorer_is_listed_with_the_form_that_it_is_written_in():
    for name, known in SCORERS.items():
        assert known.example in known_scorers()
        assert make_scorer(known.example).reads, name


def test_settings_are_json_and_hold_no_key():
    for known in SCORERS.values():
        assert json.loads(json.dumps(settings_of(make_scorer(known.example)), allow_nan=False))["scorer"]
    assert settings_of(make_scorer("unifiedreward:http://h/v1#m"))["model"] == "http://h/v1#m"
    keyed = settings_of(UnifiedRewardScorer(ServedModel("http://h/v1", "m", api_key="sk-1")))
    mapped = settings_of(UnifiedRewardScorer({"url": "http://h/v1", "model": "m", "api_key": "sk-1"}))
    assert "sk-1" not in json.dumps([keyed, mapped])


def test_the_room_loads_neither_torch_nor_datasets():
    script = (
        "import sys; from hf_regional.filtering.quality import make_rules; make_rules(['unifiedreward', 'clip:m', 'length'], [3, 0.2, 5]);"
        "print([name for name in ('torch', 'datasets', 'transformers') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.strip() == "[]"
