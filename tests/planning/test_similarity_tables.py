import numpy as np
import pandas as pd
import pytest

from hf_regional.errors import BadRowError, DamagedFileError, MissingColumnError, MissingFileError, OutOfRangeError
from hf_regional.planning import Similarity, geo_similarity

LISTS = """"","0"
"hair_brush_United States","[('Cote d\\'Ivoire', 0.9), ('Timor_Leste', 0.5)]"
"hair_brush_Cote d'Ivoire","[('United States', 0.9), ('Timor_Leste', 0.25)]"
"hair_brush_Timor_Leste","[('United States', 0.5), (""Cote d'Ivoire"", 0.25)]"
"bed_Timor_Leste","[('United States', 0.75)]"
"bed_United States","[('Timor_Leste', 0.75)]"
"""


def written(folder, text, name="table.csv"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_table_of_lists_is_read_with_underscores_in_topics_and_countries(tmp_path):
    found = Similarity.from_csv(written(tmp_path, LISTS), encoder="unknown")
    assert found.topics == ("bed", "hair_brush")
    assert found.countries == ("Cote d'Ivoire", "Timor_Leste", "United States")
    assert len(found.table) == 8
    assert found.matrix("hair_brush").loc["Timor_Leste"].tolist()[::2] == [0.25, 0.5]
    assert found.matrix().loc["Timor_Leste", "United States"] == 0.625  # the mean of 0.5 and 0.75
    assert (found.rule, found.encoder) == ("published", "unknown")
    assert found.table["n_a"].isna().all()


def test_a_table_of_pairs_is_read_from_either_side(tmp_path):
    found = Similarity.from_csv(written(tmp_path, "topic,country_a,country_b,similarity,n_a,n_b\nbed,NA,KEN,0.5,12,30\n"))
    assert found.table.values.tolist() == [["bed", "KEN", "NA", 0.5, 30, 12], ["bed", "NA", "KEN", 0.5, 12, 30]]
    assert found.groups[["country", "n"]].values.tolist() == [["KEN", 30], ["NA", 12]]


def test_other_names_of_columns_are_told(tmp_path):
    path = written(tmp_path, "what,c1,c2,cos\nbed,KEN,IDN,0.5\n")
    with pytest.raises(MissingColumnError, match=r"lacks the column 'topic'; it has 'what', 'c1', 'c2', 'cos'"):
        Similarity.from_csv(path)
    names = {"topic": "what", "country_a": "c1", "country_b": "c2", "similarity": "cos"}
    assert Similarity.from_csv(path, columns=names).matrix("bed").loc["IDN", "KEN"] == 0.5


def test_what_a_table_says_of_a_country_and_itself_is_set_aside_and_listed(tmp_path):
    found = Similarity.from_csv(written(tmp_path, "topic,country_a,country_b,score\nbed,KEN,KEN,1\nbed,KEN,IDN,0.5\n"))
    assert len(found.table) == 2
    assert found.left_out[["topic", "country", "reason"]].values.tolist() == [["bed", "KEN", "compared with itself"]]


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("topic,country_a,country_b,score\nbed,KEN,IDN,90\n", OutOfRangeError, r"line 2: similarity 90 is outside .* Divide by 100"),
        ("topic,country_a,country_b,score\nbed,KEN,IDN,\n", BadRowError, r"line 2 has no number in 'similarity'"),
        ("topic,country_a,country_b,score\nbed,KEN,,0.5\n", BadRowError, r"line 2 has no country_b"),
        ("topic,country_a,country_b,score\nbed,KEN,IDN,.5\nbed,IDN,KEN,.6\n", BadRowError, r"bed, IDN and KEN .* 0.5 and 0.6 \(1 such"),
        ("topic,country_a,country_b,score\nbed,KEN,IDN,.5\nbed,Kenya,IDN,.5\n", BadRowError, r"'KEN' and 'Kenya' are one country, KEN"),
        (",0\nbed,\"[('KEN', 0.5)]\"\n", BadRowError, r"line 2: 'bed' is no topic_country"),
        (",0\nbed_KEN,[not a list\n", BadRowError, r"line 2: '\[not a list' is no list"),
        (",0\nbed_KEN,\"[('IDN', 7)]\"\n", OutOfRangeError, r"line 2: similarity 7 is outside"),
        ("", DamagedFileError, r"is no CSV file"),
    ],
)
def test_a_faulty_table_is_refused_by_line(tmp_path, text, error, message):
    with pytest.raises(error, match=message):
        Similarity.from_csv(written(tmp_path, text))


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(MissingFileError, match=r"none\.csv is no file"):
        Similarity.from_csv(tmp_path / "none.csv")


def test_what_is_written_is_read_back_whole(tmp_path):
    rng = np.random.default_rng(0)
    features = rng.standard_normal((70, 5))
    countries = ["IDN"] * 20 + ["KEN"] * 20 + ["Peru"] * 15 + ["BDI"] * 5 + [None] * 10
    made = geo_similarity(features, ["bed"] * 70, countries, resamples=50, seed=3, distances=("energy",), encoder="random")
    read = Similarity.from_csv(made.to_csv(tmp_path / "out.csv"))
    pd.testing.assert_frame_equal(read.table, made.table)
    pd.testing.assert_frame_equal(read.groups, made.groups, check_dtype=False)
    pd.testing.assert_frame_equal(read.left_out, made.left_out)
    assert (read.rule, read.encoder, read.min_n, read.resamples, read.seed) == ("pairs", "random", 10, 50, 3)
    assert made.left_out[["country", "n"]].values.tolist() == [[None, 10], ["BDI", 5]]


def test_without_the_file_beside_it_the_table_still_names_its_rule(tmp_path):
    path = geo_similarity(np.eye(4), ["bed"] * 4, ["A", "A", "B", "B"], min_n=1, encoder="eye").to_csv(tmp_path / "out.csv")
    path.with_suffix(".json").unlink()
    read = Similarity.from_csv(path)
    assert (read.rule, read.encoder) == ("pairs", "eye")
    assert read.groups["n"].tolist() == [2, 2]
