"""Ratings: read from the page's files and from tables, each bad row named, un-blinded; and summed up against numbers done by hand."""

import json
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rated import MODELS, answers, fill_in, items, rate_all

from hf_regional.errors import BadRowError, DamagedFileError, MissingFileError, NoRowsError, OutOfRangeError, UnknownNameError
from hf_regional.evaluating.human import RatingDesk, read_ratings, summarise_ratings, write_rating_sheet
from hf_regional.evaluating.human.comparing import position_effects
from hf_regional.evaluating.human.key import Key, read_key
from hf_regional.evaluating.human.marks import read_mark
from hf_regional.evaluating.human.ratings import COLUMNS, Ratings
from hf_regional.metrics import ClusterBootstrap

ONE, OTHER = MODELS


@pytest.fixture
def sheet(tmp_path):
    return write_rating_sheet(items(4), answers(items(4)), tmp_path / "out", criteria=["quality"], raters=2, seed=1)


def table_of(sheet, rater):
    return sheet.path / "for-raters" / "sheets" / f"{rater}.csv"


def ratings_of(rows, models=("base", "merged")):
    """Ratings as if read, from (rater, item, language, country, model, position, rating) by one criterion."""
    table = pd.DataFrame([(*row[:6], "quality", row[6]) for row in rows], columns=list(COLUMNS))
    counts = {"rated": len(rows), "cannot_judge": 0, "not_rated": 0, "changed": 0, "cut_short": 0, "refused": 0}
    return Ratings(table, ("quality",), models, Key("s", 1, 1.0, models, {}), (), counts)


class TestReading:
    def test_what_was_rated_behind_letters_comes_back_by_model(self, sheet):
        key = read_key(sheet.path)
        rate_all(sheet.path, key, lambda row, _: 3 if row.model == OTHER else 1)
        ratings = read_ratings(sheet.path)
        assert ratings.table.groupby("model")["rating"].agg(["min", "max", "size"]).to_dict("index") == {
            ONE: {"min": 1.0, "max": 1.0, "size": 8},
            OTHER: {"min": 3.0, "max": 3.0, "size": 8},
        }
        assert ratings.counts == {"changed": 0, "cut_short": 0, "refused": 0, "cannot_judge": 0, "rated": 16, "not_rated": 0}
        assert set(ratings.table["position"]) == {0, 1}

    @given(levels=st.lists(st.sampled_from([1, 2, 3, "?"]), min_size=16, max_size=16))
    def test_unblinding_undoes_blinding(self, tmp_path_factory, levels):
        folder = tmp_path_factory.mktemp("law") / "out"
        key = read_key(write_rating_sheet(items(4), answers(items(4)), folder, criteria=["quality"], raters=2).path)
        given_to = dict(zip(sorted((row.rater, row.item, row.model) for row in key.rows.values()), levels, strict=True))
        rate_all(folder, key, lambda row, _: given_to[row.rater, row.item, row.model])
        read = read_ratings(folder).table
        found = {(row["rater"], row["item"], row["model"]): row["rating"] for row in read.to_dict("records")}
        assert {place: "?" if math.isnan(level) else level for place, level in found.items()} == given_to

    @pytest.mark.parametrize("delimiter", [",", ";", "\t"])
    def test_a_table_that_a_spreadsheet_saved_is_read(self, sheet, delimiter):
        marks = iter(["3", "?", "", "1.0", "๒", "2", "1", "3"])
        fill_in(table_of(sheet, "th-1"), lambda _: [next(marks)], delimiter=delimiter)
        ratings = read_ratings(sheet.path)
        assert (ratings.counts["rated"], ratings.counts["cannot_judge"], ratings.counts["not_rated"]) == (6, 1, 16 - 7)
        assert sorted(ratings.table["rating"].dropna()) == [1, 1, 2, 2, 3, 3]

    def test_a_table_may_be_put_among_the_ratings_under_any_name(self, sheet):
        fill_in(table_of(sheet, "th-2"), lambda _: ["2"], to=sheet.path / "for-raters" / "ratings" / "ของฉัน.csv")
        assert set(read_ratings(sheet.path).table["rater"]) == {"th-2"}

    def test_of_one_raters_marks_on_the_page_the_last_counts(self, sheet):
        desk, key = RatingDesk(sheet.path), read_key(sheet.path)
        row = next(name for name, row in key.rows.items() if row.rater == "th-1")
        for mark in (1, 2, 3):
            desk.rate("th-1", row, "quality", mark)
        ratings = read_ratings(sheet.path)
        assert (ratings.table["rating"].tolist(), ratings.counts["changed"]) == ([3.0], 2)

    def test_a_line_cut_short_is_counted_and_the_next_one_saved_whole(self, sheet):
        desk, key = RatingDesk(sheet.path), read_key(sheet.path)
        one, other = [name for name, row in key.rows.items() if row.rater == "th-1"][:2]
        desk.rate("th-1", one, "quality", 1)
        file = sheet.path / "for-raters" / "ratings" / "ratings-th-1.jsonl"
        file.write_bytes(file.read_bytes() + b'{"row": "' + other.encode()[:4])
        desk.rate("th-1", other, "quality", 2)
        ratings = read_ratings(sheet.path)
        assert (sorted(ratings.table["rating"]), ratings.counts["cut_short"]) == ([1.0, 2.0], 1)


class TestBadRows:
    def test_an_unknown_row_is_named_with_file_and_line(self, sheet):
        file = table_of(sheet, "th-1")
        fill_in(file, lambda _: ["2"])
        lines = file.read_text(encoding="utf-8-sig").splitlines()
        lines[3] = "aaaaaaaaaaaa" + lines[3][12:]
        file.write_text("\n".join(lines), encoding="utf-8")
        with pytest.raises(BadRowError, match=r"th-1\.csv, line 4: no row 'aaaaaaaaaaaa' on this sheet"):
            read_ratings(sheet.path)
        ratings = read_ratings(sheet.path, bad_rows="count")
        assert (ratings.counts["refused"], ratings.counts["rated"], ratings.refused[0].line) == (1, 7, 4)

    @pytest.mark.parametrize("mark", ["0", "4", "2.5", "good", "-1", "nan", "1e0x"])
    def test_a_mark_off_the_scale_is_named_with_file_and_line(self, sheet, mark):
        marks = iter(["1", mark, *"111111"])
        fill_in(table_of(sheet, "th-1"), lambda _: [next(marks)])
        with pytest.raises(BadRowError, match=rf"th-1\.csv, line 3: quality: '{mark}' is no rating: write 1 to 3, or \?"):
            read_ratings(sheet.path)

    def test_an_answer_rated_twice_and_not_alike_is_named_with_both_places(self, sheet):
        fill_in(table_of(sheet, "th-1"), lambda _: ["2"])
        copy = sheet.path / "for-raters" / "ratings" / "copy.csv"
        fill_in(table_of(sheet, "th-1"), lambda _: ["2"], to=copy)
        assert read_ratings(sheet.path).counts["rated"] == 8  # twice the same is once
        fill_in(table_of(sheet, "th-1"), lambda line: ["3" if line["number"] == "1" and line["label"] == "A" else "2"], to=copy)
        with pytest.raises(BadRowError, match=r"copy\.csv, line 2: rated twice: .* is '3', and '2' in th-1\.csv, line 2"):
            read_ratings(sheet.path)

    def test_many_bad_rows_are_counted_and_the_first_five_named(self, sheet):
        fill_in(table_of(sheet, "th-1"), lambda _: ["9"])
        with pytest.raises(BadRowError, match=r"8 ratings cannot be read:(.|\n)*and 3 more") as caught:
            read_ratings(sheet.path)
        assert str(caught.value).count("line ") == 5

    def test_ratings_of_another_sheet_count_nowhere(self, sheet, tmp_path):
        other = write_rating_sheet(items(4), answers(items(4)), tmp_path / "other", criteria=["quality"], raters=2, seed=2)
        rate_all(other.path, read_key(other.path), lambda *_: 1)
        for file in (other.path / "for-raters" / "ratings").iterdir():
            (sheet.path / "for-raters" / "ratings" / file.name).write_bytes(file.read_bytes())
        with pytest.raises(BadRowError, match="16 ratings cannot be read"):
            read_ratings(sheet.path)

    def test_the_key_of_another_sheet_is_refused(self, sheet, tmp_path):
        other = write_rating_sheet(items(4), answers(items(4)), tmp_path / "other", criteria=["quality"], seed=2)
        (sheet.path / "key.json").write_bytes((other.path / "key.json").read_bytes())
        with pytest.raises(DamagedFileError, match="is the key to the sheet"):
            read_ratings(sheet.path)

    def test_without_its_key_or_its_sheet_or_a_rating_it_says_so(self, sheet, tmp_path):
        with pytest.raises(NoRowsError, match=r"no ratings in .* yet"):
            read_ratings(sheet.path)
        with pytest.raises(MissingFileError, match=r"no key\.json"):
            read_ratings(sheet.path / "for-raters")
        with pytest.raises(MissingFileError, match="no rating sheet in"):
            read_ratings(tmp_path)

    def test_a_table_without_its_columns_or_in_another_encoding_is_refused(self, sheet):
        file = table_of(sheet, "th-1")
        text = file.read_text(encoding="utf-8-sig")
        file.write_text(text.replace("quality", "Quality"), encoding="utf-8")
        with pytest.raises(DamagedFileError, match="no column quality"):
            read_ratings(sheet.path)
        file.write_bytes(text.encode("cp874"))
        with pytest.raises(DamagedFileError, match="Save it again as “CSV UTF-8”"):
            read_ratings(sheet.path)

    @pytest.mark.parametrize("content", ["{", "[]", json.dumps({"schema_version": 99})])
    def test_a_broken_sheet_is_refused(self, sheet, content):
        (sheet.path / "for-raters" / "sheet.json").write_text(content)
        with pytest.raises(DamagedFileError, match=r"sheet\.json is no"):
            read_ratings(sheet.path)

    @pytest.mark.parametrize("written", [True, None, [], "", "1,0"])
    def test_what_is_no_mark(self, written):
        with pytest.raises(OutOfRangeError):
            read_mark(written)


class TestSummary:
    # Two Thai items and one Indonesian; two Thai raters share the first item.
    ROWS = (
        ("th-1", "a", "th", "THA", "base", 0, 1.0),
        ("th-1", "a", "th", "THA", "merged", 1, 3.0),
        ("th-2", "a", "th", "THA", "base", 1, 2.0),
        ("th-2", "a", "th", "THA", "merged", 0, 2.0),
        ("th-1", "b", "th", None, "base", 0, 2.0),
        ("th-1", "b", "th", None, "merged", 1, 1.0),
        ("id-1", "c", "id", "IDN", "base", 1, 2.0),
        ("id-1", "c", "id", "IDN", "merged", 0, 3.0),
    )

    def test_means_are_over_raters_then_items_then_languages(self):
        found = summarise_ratings(ratings_of(self.ROWS)).criteria["quality"]
        # base: Thai (1.5 + 2)/2 = 1.75, Indonesian 2; merged: Thai (2.5 + 1)/2 = 1.75, Indonesian 3
        assert (found.models["base"].value, found.models["merged"].value) == (1.875, 2.375)
        assert found.by_language["merged"]["th"]["value"] == 1.75
        assert {name: cell["n"] for name, cell in found.by_country["base"].items()} == {"IDN": 1, "THA": 1}
        assert found.by_language["base"]["th"]["few"] is True

    def test_a_model_is_compared_where_one_rater_judged_both(self):
        against = summarise_ratings(ratings_of(self.ROWS)).criteria["quality"].against["merged"]
        # item a: +2 and 0; b: -1; c: +1. Thai (1 - 1)/2 = 0, Indonesian 1
        assert against.difference.value == 0.5
        # Thai: a half a win and half a tie, b a loss; Indonesian: a win
        assert (against.wins, against.ties, against.losses) == (0.625, 0.125, 0.25)
        assert summarise_ratings(ratings_of(self.ROWS), reference="merged").criteria["quality"].against["base"].difference.value == -0.5

    def test_agreement_is_of_answers_that_two_raters_judged(self):
        found = summarise_ratings(ratings_of(self.ROWS)).criteria["quality"]
        assert found.agreement.answers == 2
        assert found.by_language_agreement["id"].alpha is None
        assert "ask for overlap" in found.by_language_agreement["id"].reason

    def test_agreement_is_krippendorffs(self):
        krippendorff = pytest.importorskip("krippendorff")
        draw = np.random.default_rng(5)
        levels = draw.integers(1, 4, (3, 40)).astype(float)
        levels[1] = np.where(draw.random(40) < 0.7, levels[0], levels[1])
        rows = [(f"th-{r}", f"i{i}", "th", "THA", "base", 0, levels[r, i]) for r in range(3) for i in range(40)]
        found = summarise_ratings(ratings_of(rows)).criteria["quality"].agreement
        assert found.alpha == pytest.approx(krippendorff.alpha(levels, level_of_measurement="ordinal"))

    def test_cannot_judge_takes_no_part(self):
        rows = [*self.ROWS, ("id-1", "d", "id", "IDN", "base", 0, math.nan), ("id-1", "d", "id", "IDN", "merged", 1, 1.0)]
        found = summarise_ratings(ratings_of(rows)).criteria["quality"]
        assert found.models["base"].value == 1.875
        assert found.models["merged"].n == 4
        assert found.against["merged"].difference.n == 3

    def test_a_model_that_nobody_judged_is_missing_and_not_zero(self):
        rows = [(*row[:6], math.nan if row[4] == "merged" else row[6]) for row in self.ROWS]
        summary = summarise_ratings(ratings_of(rows))
        assert list(summary.criteria["quality"].models) == ["base"]
        assert summary.criteria["quality"].against == {"merged": None}
        assert "merged" in str(summary)

    def test_the_dictionary_is_json_without_nan(self, sheet):
        rate_all(sheet.path, read_key(sheet.path), lambda row, _: 1 + row.position)
        summary = summarise_ratings(read_ratings(sheet.path), resamples=50)
        told = json.loads(json.dumps(summary.as_dict(), allow_nan=False))
        assert (told["scale"], told["reference"], told["raters"]) == ([1, 3], ONE, {"th-1": 8, "th-2": 8})
        assert told["settings"] == {"sheet": read_key(sheet.path).sheet, "blinding_seed": 1, "overlap": 1.0, "resamples": 50, "seed": 0}

    def test_an_unknown_reference_is_answered_with_the_models(self):
        with pytest.raises(UnknownNameError, match=r"no model 'tuned' in these ratings\. There are: base, merged"):
            summarise_ratings(ratings_of(self.ROWS), reference="tuned")

    def test_the_words_name_what_is_missing(self):
        ratings = ratings_of(self.ROWS)
        text = str(summarise_ratings(replace(ratings, counts={**ratings.counts, "not_rated": 12, "refused": 2})))
        assert text.startswith("8 ratings by 3 raters")
        assert text.endswith("12 not rated; 2 refused")
        assert "62" in text  # wins, %


class TestIntervals:
    def test_the_interval_of_a_difference_is_the_bootstrap_of_items(self):
        draw = np.random.default_rng(0)
        gains = draw.integers(-1, 3, 60)
        rows = [
            ("th-1", f"i{n}", "th", "THA", m, p, 1.0 + (gain if m == "merged" else 1))
            for n, gain in enumerate(gains)
            for p, m in enumerate(("base", "merged"))
        ]
        found = summarise_ratings(ratings_of(rows), resamples=4000).criteria["quality"].against["merged"].difference
        means = np.random.default_rng(1).choice(gains - 1, (4000, 60)).mean(axis=1)
        assert (found.value, found.n) == (pytest.approx(float((gains - 1).mean())), 60)
        assert [found.low, found.high] == pytest.approx(np.quantile(means, [0.025, 0.975]).tolist(), abs=0.03)


class TestPosition:
    def rows(self, bias, count=200, seed=0):
        draw = np.random.default_rng(seed)
        for number in range(count):
            order = ["base", "merged"] if number % 2 else ["merged", "base"]
            for position, model in enumerate(order):
                level = 1.5 + 0.6 * (model == "merged") + bias * (position == 0) + draw.normal(0, 0.5)
                yield ("th-1", f"i{number}", "th", "THA", model, position, float(np.clip(round(level), 1, 3)))

    def test_a_liking_for_what_stands_first_is_found_and_is_not_the_models(self):
        found = summarise_ratings(ratings_of(list(self.rows(bias=0.4)))).criteria["quality"].position
        assert found["A"].stands_out
        assert found["A"].effect.value == pytest.approx(-found["B"].effect.value)
        assert 0.1 < found["A"].effect.value < 0.3  # half of 0.4, less what the scale cuts off

    def test_fair_raters_stand_out_in_one_of_twenty_sets(self):
        marked = 0
        for seed in range(200):
            table = ratings_of(list(self.rows(bias=0.0, count=60, seed=seed))).table
            boot = ClusterBootstrap(table["item"].to_numpy(dtype=str), resamples=300, seed=seed)
            marked += any(one.stands_out for one in position_effects(table, boot).values())
        assert marked <= 20  # 200 · 0.05 = 10 expected at most; P(more than 20) < 0.1 %

    def test_a_better_model_alone_makes_no_letter_stand_out(self):
        rows = [
            ("th-1", f"i{n}", "th", "THA", m, p, 3.0 if m == "merged" else 1.0)
            for n in range(40)
            for p, m in enumerate(["base", "merged"][:: 1 if n % 2 else -1])
        ]
        found = summarise_ratings(ratings_of(rows)).criteria["quality"].position
        assert {letter: (one.effect.value, one.stands_out) for letter, one in found.items()} == {"A": (0.0, False), "B": (0.0, False)}
