"""The report of an evaluation: its JSON as its schema says, its Markdown and its page, and what others wrote harmless in all three."""

import base64
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import jsonschema
import pytest
from markdown_it import MarkdownIt
from PIL import Image
from rated import answers, items, rate_all
from two_models import evaluation, frame, quiz

from hf_regional.cards import CardFacts
from hf_regional.errors import DamagedFileError, MissingFileError, OutputExistsError
from hf_regional.evaluating import compare_evaluations, write_evaluation_report
from hf_regional.evaluating.choosing import Demand, choose
from hf_regional.evaluating.headline import KeptTask
from hf_regional.evaluating.human import read_ratings, summarise_ratings, write_rating_sheet
from hf_regional.evaluating.human.key import read_key
from hf_regional.evaluating.reporting import build_content, render_markdown, render_page
from hf_regional.evaluating.reporting.curve import Axis, kept_and_gained, scores_by_beta
from hf_regional.evaluating.reporting.heat import cell_of
from hf_regional.evaluating.reporting.reading import read_choice
from hf_regional.evaluating.reporting.writing import SCHEMA
from hf_regional.evaluating.runner import rows_of
from hf_regional.evaluating.sides import Scorer
from hf_regional.regions import Region

HOSTILE = "</style><script>alert(1)</script>\" onerror='x' | **b** [a](javascript:x) ](http://x) \u202e\x00 <!-- {{ 7*7 }} --> $x$"
REGION = Region("LAO", "THA")


@pytest.fixture(scope="module")
def choice():
    frames = {}
    for beta, (laos, france) in {0.0: (10, 3), 0.5: (20, 3), 1.0: (30, 1)}.items():
        rows = frame({"LAO": [1.0] * laos + [0.0] * (40 - laos), "FRA": ([1.0] * france + [0.0] * (4 - france)) * 25})
        frames[beta] = rows
    scorer = Scorer([KeptTask("quiz", "accuracy", rows_of(frames[0.0]))], resamples=200)
    return choose(frames, scorer, 0.434, Demand(), facts=CardFacts(), region=REGION)


@pytest.fixture(scope="module")
def human(tmp_path_factory):
    asked = items(4)
    models = ("base", "merged")
    sheet = write_rating_sheet(
        asked, answers(asked, models), tmp_path_factory.mktemp("sheet") / "out", criteria=["quality"], raters=2, seed=1
    )
    rate_all(sheet.path, read_key(sheet.path), lambda row, _: 3 if row.model == "merged" else 1)
    return summarise_ratings(read_ratings(sheet.path), resamples=200)


@pytest.fixture(scope="module")
def content(choice, human):
    compared = compare_evaluations(*quiz(10, 20), by=["country", "language"], resamples=200)
    return build_content(compared, region=REGION, choice=choice, human=human)


def require_schema(content):
    jsonschema.validate(json.loads(json.dumps(content, allow_nan=False)), json.loads(SCHEMA.read_text(encoding="utf-8")))


class Tags(HTMLParser):
    """The tags, attributes and texts that a browser would see."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.text += data


class TestContent:
    def test_it_is_as_its_schema_says(self, content):
        require_schema(content)

    def test_one_model_alone_is_as_the_schema_says_too(self):
        found = build_content(quiz(10, 20)[0], region=REGION)
        require_schema(found)
        assert (found["base"], found["headline"], found["examples"]) == (None, None, [])
        assert found["tasks"]["quiz"]["by"]["country"]["LAO"]["model"]["value"] == 0.25

    def test_the_schema_itself_is_one_and_refuses_what_it_does_not_know(self, content):
        jsonschema.Draft202012Validator.check_schema(json.loads(SCHEMA.read_text(encoding="utf-8")))
        with pytest.raises(jsonschema.ValidationError):
            require_schema(content | {"schema_version": 2})
        with pytest.raises(jsonschema.ValidationError):
            require_schema(content | {"more": 1})

    def test_examples_are_of_rows_that_changed_with_their_pictures(self, content):
        gained = [one for one in content["examples"] if one["direction"] == "gained"]
        assert [one["item"] for one in gained] == [f"LAO-{number:03}" for number in range(10, 20)]
        assert {(one["before"]["score"], one["after"]["score"]) for one in gained} == {(0.0, 1.0)}
        assert not [one for one in content["examples"] if one["direction"] == "lost"]
        picture = gained[0]["pictures"][0]
        assert base64.b64decode(picture["webp"])[8:12] == b"WEBP"
        assert (picture["width"], picture["height"]) == (256, 171)

    def test_countries_take_turns_and_of_unequal_changes_the_largest_come_first(self):
        before = evaluation(frame({"LAO": [0.0, 0.0, 0.0], "FRA": [0.0, 0.0]}))
        after = evaluation(frame({"LAO": [0.1, 0.9, 0.5], "FRA": [0.3, 0.8]}))
        found = build_content(compare_evaluations(before, after, resamples=50), examples=3)["examples"]
        assert [one["item"] for one in found] == ["LAO-001", "FRA-001", "LAO-002"]

    def test_another_judge_than_the_benchmarks_own_is_named(self):
        rows = frame({"LAO": [0.5, 0.75]}, metric="rating by me/judge")
        task = build_content(evaluation(rows, metrics={"quiz": "rating by me/judge"}))["tasks"]["quiz"]
        assert task["scorer"] == "me/judge"


class TestPage:
    def test_it_needs_nothing_else_and_runs_nothing(self, content):
        found = Tags(render_page(content))
        assert {"script", "link", "iframe", "object", "form"}.isdisjoint(found.tags)
        assert all((value or "").startswith(("data:", "#")) for name, value in found.attributes if name in ("src", "href"))
        policy = next(value for name, value in found.attributes if name == "content" and "default-src" in (value or ""))
        assert "default-src 'none'" in policy
        assert "script-src" not in policy

    def test_it_says_what_got_better_what_was_kept_and_what_changed(self, content):
        text = " ".join(Tags(render_page(content)).text.split())
        assert "The model serves Laos and Thailand better" in text
        assert "keeps 100.0 % of the world's score" in text
        assert "+12.5 points" in text
        assert "37.5 → to 50.0 %" in text
        assert "Gained: 10 of 10" in text
        assert "Krippendorff’s α 1.00" in text
        assert "β = 0.5 has the highest GRP" in text

    def test_every_section_is_left_out_where_there_is_nothing_to_tell(self):
        text = Tags(render_page(build_content(quiz(10, 20)[0]))).text
        assert "Scores by country and task" in text
        for absent in ("How much was merged", "Gained", "What people said", "Answers that could not be read", "None", "nan"):
            assert absent not in text

    def test_what_others_wrote_shows_its_characters_and_does_nothing(self, human):
        rows = frame({"LAO": [0.0] * 3}, task=HOSTILE, answer=HOSTILE, question=HOSTILE, right=HOSTILE, unparsed=0.0)
        before = evaluation(rows.assign(**{"by:topic": HOSTILE}), model=HOSTILE)
        after = replace(before, rows=before.rows.assign(accuracy=1.0))
        after = evaluation(after.rows, model=HOSTILE + "2")
        content = build_content(compare_evaluations(before, after, by=["country", "topic"], resamples=50), human=human)
        require_schema(content)
        page = render_page(content)
        found = Tags(page)
        assert "script" not in found.tags
        assert not {name for name, _ in found.attributes} & {"onerror", "onload", "onclick"}
        assert page.count("</style>") == 1
        assert not {"\u202e", "\x00"} & set(page)
        assert "<script>alert(1)</script>" in found.text
        document = MarkdownIt("commonmark", {"html": True}).enable("table").render(render_markdown(content))
        seen = Tags(document)
        assert {"script", "a", "img"}.isdisjoint(seen.tags)

    def test_a_picture_that_cannot_be_shown_leaves_a_note(self):
        base, other = quiz(10, 20)
        broken = evaluation(base.rows, model="base")
        found = build_content(compare_evaluations(broken, evaluation(other.rows, model="merged"), resamples=50))
        assert {one["pictures_kept"] for one in found["examples"]} == {False}
        assert "picture is not kept with this evaluation" in render_page(found)

    def test_drawn_pictures_are_shown_in_place_of_words(self, tmp_path):
        Image.new("RGB", (64, 64), "red").save(tmp_path / "a.png")
        rows = frame({"LAO": [0.2, 0.4]}).assign(pictures=[[str(tmp_path / "a.png")], [str(tmp_path / "gone.png")]])
        before, after = evaluation(rows, model="a"), evaluation(rows.assign(accuracy=[0.6, 0.8]), model="b")
        first, second = build_content(compare_evaluations(before, after, resamples=50))["examples"]
        assert {first["after"]["pictures"][0]["width"], second["after"]["pictures"][0]["width"]} == {0, 64}
        assert first["after"]["text"] is None


class TestMarkdown:
    def test_its_tables_have_the_numbers(self, content):
        text = render_markdown(content)
        assert "| Laos | **+25.0** |" in text
        assert re.search(
            r"\| country: Laos \| 40 \| 25\.0 \([\d.–]+\) \| 50\.0 \([\d.–]+\) \| \+25\.0 \(\+[\d.]+ to \+[\d.]+\) \| \+10 −0 \|", text
        )
        assert "10 answers gained, 0 lost, 110 the same" in text
        assert "| merged | 4 | 3.00 (3.00 to 3.00) | +2.00 (+2.00 to +2.00) | 100.0, 0.0, 0.0 |" in text

    def test_one_model_has_scores_and_no_gains(self):
        text = render_markdown(build_content(quiz(10, 20)[0]))
        assert "## Scores by country and task" in text
        assert "Gained" not in text


class TestDrawings:
    def test_an_axis_has_round_numbers_and_keeps_values_on_it(self):
        axis = Axis(0, 1, 100, 200)
        assert [axis.at(value) for value in (-1, 0, 0.25, 1, 2)] == [100, 100, 125, 200, 200]
        assert axis.ticks() == [(100, "0"), (120, "0.2"), (140, "0.4"), (160, "0.6"), (180, "0.8"), (200, "1")]
        assert [text for _, text in Axis(-12, 31, 0, 1).ticks()] == ["−10", "0", "10", "20", "30"]

    def test_the_curve_marks_the_chosen_beta_and_the_floor(self, choice):
        told = choice.as_dict()
        curve, plane = scores_by_beta(told), kept_and_gained(told)
        assert [[chosen for _, _, chosen in one.points] for one in curve.drawn] == [[False, True, False]] * 2
        assert [(mark.is_chosen, mark.passes) for mark in plane.marks] == [(False, True), (True, True), (False, False)]
        assert plane.marks[2].x < plane.floor < plane.marks[1].x
        assert plane.marks[2].y < plane.marks[1].y < plane.marks[0].y  # up is more

    def test_no_curve_and_no_retention_is_no_drawing(self, choice):
        assert scores_by_beta({}) is None
        unknown = [point | {"retention": {"value": None, "low": None}} for point in choice.as_dict()["curve"]]
        assert kept_and_gained(choice.as_dict() | {"curve": unknown}) is None

    def test_a_cell_is_as_strong_as_its_change_and_few_pictures_are_marked(self, content):
        part = content["tasks"]["quiz"]["by"]["country"]["LAO"]
        full, half = cell_of(part, 0.25), cell_of(part, 0.5)
        assert (full.text, full.kind, full.is_sure) == ("+25.0", "gain", True)
        assert full.share == pytest.approx(2 * half.share)
        assert cell_of(part, 0.01).share == full.share
        assert cell_of(None, 1.0).kind == "none"


class TestWriting:
    def test_three_files_and_a_folder_that_is_there_is_refused(self, tmp_path, content):
        compared = compare_evaluations(*quiz(10, 20), resamples=200)
        page = write_evaluation_report(compared, tmp_path / "out", region="SEA")
        assert page == tmp_path / "out" / "report.html"
        assert sorted(path.name for path in page.parent.iterdir()) == ["report.html", "report.json", "report.md"]
        require_schema(json.loads((page.parent / "report.json").read_text(encoding="utf-8")))
        assert "Southeast Asia" in page.read_text(encoding="utf-8")
        with pytest.raises(OutputExistsError):
            write_evaluation_report(compared, tmp_path / "out")

    def test_a_choice_is_read_from_what_choose_prints(self, tmp_path, choice):
        file = tmp_path / "choice.json"
        file.write_text(json.dumps(choice.as_dict()), encoding="utf-8")
        assert read_choice(file)["beta"] == 0.5
        assert read_choice(None) is None
        with pytest.raises(MissingFileError, match="hf-regional choose"):
            read_choice(tmp_path / "none.json")
        file.write_text('{"beta": 1}', encoding="utf-8")
        with pytest.raises(DamagedFileError, match="holds no choice"):
            read_choice(file)
