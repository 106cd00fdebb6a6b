import pytest

from hf_regional.errors import ConfigError, MissingColumnError, UnknownNameError
from hf_regional.filtering import make_plan, only
from hf_regional.regions import Region

SEA = Region("SEA")
PRESENT = ["text", "language", "score"]


def test_usual_names_are_found_and_a_mapping_wins():
    assert make_plan(["country", "country_iso3", "language"], SEA).evidence_columns == ("country_iso3", "country", "language")
    plan = make_plan(["lang", "language", "from", "to"], SEA, columns={"language": "lang", "country": ["from", "to"]})
    assert plan.evidence_columns == ("from", "to", "lang")


def test_a_kind_can_be_switched_off():
    assert make_plan(["country", "language"], SEA, columns={"country": None}).evidence_columns == ("language",)


def test_the_plan_reads_only_what_it_needs():
    plan = make_plan(PRESENT, SEA, quality="column:score", min_quality=1, exclude={"language": ["az"]})
    assert plan.reads == ("text", "language", "score")
    assert make_plan(PRESENT, SEA, columns=only("language")).reads == ("language",)


def test_columns_that_are_missing_are_named_with_the_way_to_map_them():
    with pytest.raises(MissingColumnError, match=r"found 'words', 'lang'. .*columns=\{\"language\": \"lang\"\}"):
        make_plan(["words", "lang"], SEA)
    with pytest.raises(MissingColumnError, match=r"no column 'langage'. Did you mean 'language'"):
        make_plan(PRESENT, SEA, columns={"language": "langage"})
    with pytest.raises(MissingColumnError, match="exclude: there is no column 'langauge'"):
        make_plan(PRESENT, SEA, exclude={"langauge": ["az"]})
    with pytest.raises(MissingColumnError, match=r"quality: there is no column 'scores'. Did you mean 'score'"):
        make_plan(PRESENT, SEA, quality="column:scores", min_quality=1)


def test_a_kind_may_be_excluded_under_its_mapped_column():
    plan = make_plan(["lang"], SEA, columns={"language": "lang"}, exclude={"language": ["az"]})
    assert [(rule.key, rule.column, rule.kind) for rule in plan.exclude] == [("language", "lang", "language")]


@pytest.mark.parametrize(
    ("settings", "key", "message"),
    [
        ({"min_quality": 4}, "min_quality", "add quality=. Known: column:NAME"),
        ({"quality": "column:score"}, "quality", "add min_quality="),
        ({"quality": len, "min_quality": 4}, "quality", "is no scorer"),
        ({"quality": "column:score", "min_quality": float("nan")}, "min_quality", "finite number"),
        ({"quality": "column:score", "min_quality": "4"}, "min_quality", "finite number"),
        ({"columns": {"langauge": "lang"}}, "columns", "Did you mean 'language'"),
        ({"columns": "language"}, "columns", "give a mapping"),
        ({"exclude": ["az"]}, "exclude", "give a mapping"),
    ],
)
def test_settings_that_make_no_sense_are_refused_by_name(settings, key, message):
    with pytest.raises(ConfigError, match=message) as refused:
        make_plan(PRESENT, SEA, **settings)
    assert refused.value.key == key


def test_a_scorer_without_its_model_says_what_to_write():
    with pytest.raises(ConfigError, match="write clip:MODEL"):
        make_plan(PRESENT, SEA, quality="clip", min_quality=0.2)
    with pytest.raises(UnknownNameError, match="A column of scores is written 'column:score'"):
        make_plan(PRESENT, SEA, quality="score", min_quality=4)


def test_no_region_and_nothing_else_is_nothing_to_do():
    with pytest.raises(ConfigError, match="nothing to filter by"):
        make_plan(PRESENT, None)
