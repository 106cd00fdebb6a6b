"""Rating sheets: nothing that raters get names a model, the key gives back what was hidden, and every letter hides each model as often."""

import csv
import io
import json
import random
import stat
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin
from rated import MODELS, answers, items

from hf_regional.errors import (
    BadRowError,
    ConfigError,
    DamagedFileError,
    MismatchedScoresError,
    MissingFileError,
    NoRowsError,
    OutOfRangeError,
    OutputExistsError,
)
from hf_regional.evaluating.human import RatedItem, RatingDesk, write_rating_sheet
from hf_regional.evaluating.human.blinding import blind, share_out
from hf_regional.evaluating.human.items import check_outputs, checked_items
from hf_regional.evaluating.human.key import read_key
from hf_regional.evaluating.human.words import ENGLISH, OURS, languages_with_words, words_for


def marked_png(model, colour):
    """A picture whose file says in three places who made it."""
    said = PngImagePlugin.PngInfo()
    said.add_text("Software", model)
    exif = Image.Exif()
    exif[0x0131] = model
    out = io.BytesIO()
    Image.new("RGB", (40, 30), colour).save(out, "PNG", pnginfo=said, exif=exif)
    return out.getvalue()


@pytest.fixture
def pictured(tmp_path):
    """Two models' pictures for three items: as files named after the models, as bytes, and as lists of those found."""
    asked = [RatedItem("a", "th", "THA", "ตลาดน้ำ"), RatedItem("b", "id", "IDN", "Candi"), RatedItem("c", "vi", None, "Phở")]
    outputs = {}
    for model, colour in zip(MODELS, ("red", "blue"), strict=True):
        png = marked_png(model, colour)
        file = tmp_path / f"{model.replace('/', '-')}.png"
        file.write_bytes(png)
        outputs[model] = {"a": file, "b": png, "c": [{"bytes": png, "path": None}, Image.open(file)]}
    return asked, outputs


def everything_in(folder):
    return {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}


class TestBlinding:
    def test_nothing_that_raters_get_names_a_model(self, pictured, tmp_path):
        asked, outputs = pictured
        sheet = write_rating_sheet(asked, outputs, tmp_path / "zebra-world-27b", raters=2, seed=1)
        given = everything_in(sheet.path / "for-raters")
        assert sum(file.suffix == ".jpg" for file in given) == 8  # one each of a and b, two of c, of two models
        for file, content in given.items():
            for telling in ("zebra", "world", "regional"):
                assert telling.encode() not in content.lower(), file
                assert telling not in file.relative_to(sheet.path).as_posix().lower()
        key = (sheet.path / "key.json").read_text(encoding="utf-8")
        assert all(model in key for model in MODELS)

    def test_pictures_hold_their_pixels_and_nothing_else(self, pictured, tmp_path):
        asked, outputs = pictured
        sheet = write_rating_sheet(asked, outputs, tmp_path / "out", seed=1)
        for file in (sheet.path / "for-raters" / "pictures").iterdir():
            with Image.open(file) as image:
                assert (image.format, image.size, dict(image.getexif())) == ("JPEG", (40, 30), {})
                assert not {"exif", "comment", "icc_profile", "Software"} & image.info.keys()

    def test_a_picture_is_shown_upright_and_shrunk(self, tmp_path):
        exif = Image.Exif()
        exif[0x0112] = 6  # turned a quarter
        out = io.BytesIO()
        Image.new("RGB", (3200, 800), "red").save(out, "JPEG", exif=exif)
        asked = [RatedItem("a", "th", "THA", "?", out.getvalue())]
        sheet = write_rating_sheet(asked, answers(asked), tmp_path / "out", seed=1)
        (file,) = (sheet.path / "for-raters" / "pictures").iterdir()
        with Image.open(file) as image:
            assert image.size == (400, 1600)

    def test_the_key_gives_back_whose_each_answer_is(self, tmp_path):
        asked = items(7)
        given = answers(asked)
        sheet = write_rating_sheet(asked, given, tmp_path / "out", raters=2, seed=3)
        key, desk = read_key(sheet.path), RatingDesk(sheet.path)
        for rater in sheet.raters:
            for turn in desk.open(rater)["turns"]:
                for position, shown in enumerate(turn["outputs"]):
                    row = key.rows[shown["row"]]
                    assert (row.rater, row.position, "AB"[position]) == (rater, position, shown["label"])
                    assert given[row.model][row.item] == shown["text"]
        assert len(key.rows) == sheet.answers == 2 * 7 * 2

    def test_the_key_is_for_its_owner_alone(self, tmp_path):
        sheet = write_rating_sheet(items(1), answers(items(1)), tmp_path / "out", seed=1)
        assert stat.S_IMODE((sheet.path / "key.json").stat().st_mode) == 0o600

    @given(count=st.integers(1, 40), models=st.integers(2, 6), seed=st.integers(0, 99))
    def test_every_model_hides_behind_every_letter_as_often(self, count, models, seed):
        names = [f"m{number}" for number in range(models)]
        turns = blind([str(number) for number in range(count)], names, random.Random(seed))
        assert [turn.item for turn in turns] == [str(number) for number in range(count)]
        assert all(sorted(turn.models) == names for turn in turns)
        seen = Counter((model, position) for turn in turns for position, model in enumerate(turn.models))
        assert {seen[model, position] for model in names for position in range(models)} <= {count // models, -(-count // models)}

    @given(count=st.integers(1, 30), raters=st.integers(1, 4), percent=st.integers(0, 100), seed=st.integers(0, 99))
    def test_shared_items_go_to_all_raters_and_each_other_item_to_one(self, count, raters, percent, seed):
        names = [str(number) for number in range(count)]
        dealt = share_out(names, [f"th-{number}" for number in range(raters)], percent / 100, random.Random(seed))
        held = Counter(name for own in dealt.values() for name in own)
        assert set(held) == set(names)
        assert all(len(set(own)) == len(own) for own in dealt.values())
        if raters > 1:
            assert set(held.values()) <= {1, raters}
            assert sum(times == raters for times in held.values()) == -(-percent * count // 100)

    def test_raters_meet_the_items_in_orders_of_their_own(self, tmp_path):
        asked = items(12)
        sheet = write_rating_sheet(asked, answers(asked), tmp_path / "out", raters=2, seed=0)
        desk = RatingDesk(sheet.path)
        one, other = ([turn["prompt"] for turn in desk.open(rater)["turns"]] for rater in sheet.raters)
        assert sorted(one) == sorted(other)
        assert one != other

    def test_the_same_seed_writes_the_same_sheet_and_another_another(self, tmp_path):
        for name, seed in (("one", 5), ("two", 5), ("three", 6)):
            write_rating_sheet(items(), answers(items()), tmp_path / name, seed=seed)
        one, two, three = (everything_in(tmp_path / name) for name in ("one", "two", "three"))
        assert list(one.values()) == list(two.values())
        assert list(one.values()) != list(three.values())

    def test_without_a_seed_one_is_drawn_and_kept_in_the_key(self, tmp_path):
        keys = [read_key(write_rating_sheet(items(), answers(items()), tmp_path / name).path) for name in ("one", "two")]
        assert keys[0].seed != keys[1].seed
        again = write_rating_sheet(items(), answers(items()), tmp_path / "again", seed=keys[0].seed)
        assert read_key(again.path) == keys[0]

    @pytest.mark.parametrize("answer", ["I am zebra-world-27b.", "As org/Zebra-World-27B I say", "(ZEBRA-WORLD-27B)"])
    def test_an_answer_that_names_its_model_is_refused(self, answer, tmp_path):
        given = {**answers(items(1)), MODELS[1]: {"th0": answer}}
        with pytest.raises(
            BadRowError, match="item 'th0': the answer of 'org/Zebra-Regional-27B' holds the model name 'org/Zebra-World-27B'"
        ):
            write_rating_sheet(items(1), given, tmp_path / "out")
        assert not (tmp_path / "out").exists()
        assert write_rating_sheet(items(1), given, tmp_path / "out", allow_names=True).items == 1

    def test_a_name_within_a_word_is_no_name(self):
        asked = checked_items(items(1))
        check_outputs(asked, {"base": {"th0": "A database."}, "a": {"th0": "a house"}})


class TestTables:
    def test_a_table_has_a_line_for_each_answer_in_the_order_of_the_sheet(self, tmp_path):
        sheet = write_rating_sheet(items(3), answers(items(3)), tmp_path / "out", seed=1)
        file = sheet.path / "for-raters" / "sheets" / "th-1.csv"
        assert file.read_bytes().startswith(b"\xef\xbb\xbfrow,")  # a spreadsheet takes it for UTF-8
        lines = list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8-sig"))))
        assert [(line["number"], line["label"]) for line in lines] == [
            ("1", "A"),
            ("1", "B"),
            ("2", "A"),
            ("2", "B"),
            ("3", "A"),
            ("3", "B"),
        ]
        assert {line["country"] for line in lines} == {"ไทย"}
        assert list(lines[0])[-3:] == ["relevance", "correctness", "quality"]

    @pytest.mark.parametrize("formula", ["=HYPERLINK(1)", "+1", "-1", "@x", "\tx"])
    def test_an_answer_that_is_a_formula_is_not_run(self, formula, tmp_path):
        given = {**answers(items(1)), MODELS[0]: {"th0": formula}}
        sheet = write_rating_sheet(items(1), given, tmp_path / "out", seed=1)
        with (sheet.path / "for-raters" / "sheets" / "th-1.csv").open(encoding="utf-8-sig", newline="") as stream:
            assert f"'{formula}" in [line["answer"] for line in csv.DictReader(stream)]


class TestWords:
    @pytest.mark.parametrize("language", languages_with_words())
    def test_a_language_has_every_word_that_english_has(self, language):
        import tomllib

        english, own = (tomllib.loads((OURS / f"{code}.toml").read_text(encoding="utf-8")) for code in (ENGLISH, language))
        assert own.keys() == english.keys()
        assert own["criteria"].keys() == english["criteria"].keys()
        assert len(own["instructions"]) == len(english["instructions"])
        for name, sentence in english.items():
            if isinstance(sentence, str):
                assert [gap in own[name] for gap in ("{done}", "{total}", "{number}", "{label}", "{open}")] == [
                    gap in sentence for gap in ("{done}", "{total}", "{number}", "{label}", "{open}")
                ]

    def test_instructions_are_in_the_raters_language_and_in_english(self, tmp_path):
        asked = [*items(1), *items(1, "km", "KHM")]
        sheet = write_rating_sheet(asked, answers(asked), tmp_path / "out", seed=1)
        folder = sheet.path / "for-raters" / "instructions"
        assert sorted(file.name for file in folder.iterdir()) == ["en.md", "th.md"]
        assert "1 = ผิด · 2 = ถูกบางส่วน · 3 = ถูก · ? = ตัดสินไม่ได้" in (folder / "th.md").read_text(encoding="utf-8")
        assert sheet.in_english == ("km",)

    def test_own_words_add_a_language_and_a_criterion(self, tmp_path):
        own = tmp_path / "words"
        own.mkdir()
        (own / "en.toml").write_text('[criteria.spice]\nname = "Spice"\nquestion = "Hot?"\nlevels = ["no", "a bit", "yes"]\n')
        (own / "km.toml").write_text('name = "ខ្មែរ"\ntitle = "វាយតម្លៃ"\n', encoding="utf-8")
        found = words_for(["km"], ["spice", "quality"], own)
        assert (found["km"]["title"], found["km"]["begin"]) == ("វាយតម្លៃ", "Begin")
        assert list(found["km"]["criteria"]) == ["spice", "quality"]

    def test_words_of_four_levels_are_refused_by_file_and_criterion(self, tmp_path):
        (tmp_path / "en.toml").write_text('[criteria.spice]\nname = "Spice"\nquestion = "Hot?"\nlevels = ["1", "2", "3", "4"]\n')
        with pytest.raises(DamagedFileError, match=r"en\.toml: \[criteria\.spice\] needs .* 3 levels"):
            words_for([], ["spice"], tmp_path)
        with pytest.raises(MissingFileError, match="no folder"):
            words_for([], ["quality"], tmp_path / "none")


class TestRefusals:
    def test_a_model_without_an_answer_is_named_with_the_item(self, tmp_path):
        given = answers(items(2))
        del given[MODELS[1]]["th1"]
        with pytest.raises(MismatchedScoresError, match="model 'org/Zebra-Regional-27B' lacks 'th1'") as caught:
            write_rating_sheet(items(2), given, tmp_path / "out")
        assert caught.value.missing == {"th1"}

    def test_no_answer_is_an_answer_when_it_is_said(self, tmp_path):
        given = {**answers(items(1)), MODELS[0]: {"th0": None}}
        sheet = write_rating_sheet(items(1), given, tmp_path / "out", seed=1)
        shown = json.loads((sheet.path / "for-raters" / "sheet.json").read_text(encoding="utf-8"))["raters"]["th-1"]["turns"][0]["outputs"]
        assert {one["text"] for one in shown} == {None, "answer 1 to th0"}

    def test_a_broken_picture_is_named_with_item_and_model(self, tmp_path):
        given = {**answers(items(1)), MODELS[0]: {"th0": b"no picture"}}
        with pytest.raises(BadRowError, match="item 'th0', model 'org/Zebra-World-27B': the picture cannot be opened"):
            write_rating_sheet(items(1), given, tmp_path / "out")
        assert not (tmp_path / "out").exists()

    @pytest.mark.parametrize(
        ("asked", "error", "told"),
        [
            ([], NoRowsError, "no items to rate"),
            ([*items(1), *items(1)], BadRowError, "item 2: the id 'th0' is taken"),
            (items(1, "Klingonese"), BadRowError, "no language 'Klingonese'"),
            (items(1, country="Thailand"), BadRowError, "'Thailand' is no ISO 3166-1 alpha-3 code"),
        ],
    )
    def test_items_that_cannot_be_rated(self, asked, error, told, tmp_path):
        with pytest.raises(error, match=told):
            write_rating_sheet(asked, answers(asked), tmp_path / "out")

    @pytest.mark.parametrize(
        ("options", "error", "told"),
        [
            ({"overlap": 1.5}, OutOfRangeError, r"overlap must be in \[0, 1\], got 1\.5"),
            ({"raters": 0}, OutOfRangeError, "raters must be at least 1, got 0 for 'th'"),
            ({"raters": {"id": 2}}, ConfigError, "names no number for the language 'th'"),
            ({"criteria": ["qualty"]}, ConfigError, "no words for the criterion 'qualty'. Did you mean 'quality'"),
            ({"criteria": []}, ConfigError, "criteria must be one name or more"),
        ],
    )
    def test_settings_that_make_no_sense(self, options, error, told, tmp_path):
        with pytest.raises(error, match=told):
            write_rating_sheet(items(), answers(items()), tmp_path / "out", **options)

    @pytest.mark.parametrize("models", [("alone",), tuple(f"m{number}" for number in range(27))])
    def test_too_few_or_too_many_models(self, models, tmp_path):
        with pytest.raises(ConfigError, match=f"2 to 26 models, got {len(models)}"):
            write_rating_sheet(items(1), answers(items(1), models), tmp_path / "out")

    def test_a_folder_that_is_there_is_left_as_it_is(self, tmp_path):
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "mine").touch()
        with pytest.raises(OutputExistsError):
            write_rating_sheet(items(1), answers(items(1)), tmp_path / "out")
        assert [file.name for file in (tmp_path / "out").iterdir()] == ["mine"]
