"""What is special in each builder of SEA-VL, CulturalGround, XM3600, MaRVL, MTVQA, AyaVisionBench, ALM-bench and GlobalRG."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets import Image, List, Value

from hf_regional.corpora import evidence_columns, load_corpus
from hf_regional.corpora.builders.marvl import Marvl
from hf_regional.corpora.builders.mtvqa import questions
from hf_regional.corpora.builders.sea_vl import SeaVl
from hf_regional.corpora.views import to_countries
from hf_regional.errors import BadRowError, MissingColumnError, MissingFileError, NotBuiltYetError, UnknownNameError
from miniatures import write_miniature


@pytest.fixture
def load(tmp_path):
    """Load a corpus from its miniature, which lies under `published`."""

    def loaded(module, name=None, region=None, **options):
        folder = tmp_path / "published"
        if not folder.exists():
            write_miniature(module, folder)
        return load_corpus(name or module.replace("_", "-"), region, data_dir=folder, cache_dir=tmp_path / "cache", **options)

    return loaded


def rewrite(file, change):
    """A published Parquet file, changed by its maker."""
    pq.write_table(change(pq.read_table(file)), file)


def test_a_picture_of_sea_vl_has_an_english_caption_and_a_native_one_and_all_its_countries(load):
    rows = load("sea_vl", split="train")
    assert rows.features["countries"] == List(Value("string"))
    # six pictures, of which one has no native caption
    assert rows["id"] == [f"{1000 + n}/{side}" for n in range(6) for side in ("en", "native")][:-1]
    laos = [row for row in rows if row["id"].startswith("1004")]
    assert [row["text"] for row in laos] == ["Sticky rice in a basket.", "ເຂົ້າໜຽວໃນກະຕິບ"]
    assert [row["language"] for row in laos] == ["en", "lo"]
    assert [(row["country_iso3"], row["countries"]) for row in laos] == [(None, ["LAO", "THA"])] * 2
    assert [row["language"] for row in rows][1::2] == ["id", "ms", "fil", "my", "lo"]
    assert rows["country_iso3"][-1] == "TLS"


def test_a_region_keeps_the_pictures_of_sea_vl_that_are_of_one_of_its_countries_among_others(load):
    found = load("sea_vl", region="Thailand", split="train")
    assert found.data["id"] == ["1004/en", "1004/native"]
    assert found.data["region_countries"] == [["LAO", "THA"]] * 2
    assert set(found.dropped["region_verdict"]) == {"other"}
    assert len(found.dropped) == 9


def test_country_evidence_is_read_from_the_list_where_the_view_has_it():
    assert evidence_columns("sea-vl")["country"] == "countries"
    assert "country" not in evidence_columns("sea-vl", "raw")
    assert "country" not in evidence_columns("cvqa")


def test_a_threshold_on_relevance_parts_the_indonesian_copy_of_sea_vl(load):
    found = load("sea_vl_id", region="SEA", split="train", quality="column:avg_cultural_relevance", min_quality=4)
    assert found.data["avg_cultural_relevance"] == [5.0, 5.0, 4.5, 4.5]
    assert found.dropped["avg_cultural_relevance"] == [3.0, 3.0]
    assert found.data["avg_caption_fit"] == [1.0] * 4
    assert found.data["avg_img_quality"] == [1.0, 1.0, 0.67, 0.67]
    assert found.data["n_annotators"] == [3, 3, 2, 2]  # a number of people, and not who they are
    assert load("sea_vl_id", view="raw", split="train")["n_annotator"] == [3, 2, 4]


def test_a_column_of_persons_is_in_no_view_even_where_nobody_declared_it(load, tmp_path, caplog):
    write_miniature("sea_vl_id", tmp_path / "published")
    for name in ("email", "submitter_name", "notes"):
        file = tmp_path / "published" / "data" / "train-00000-of-00001.parquet"
        rewrite(file, lambda table, name=name: table.append_column(name, pa.array([f"{name}@example.org"] * 3)))
    raw = load("sea_vl_id", view="raw", split="train")
    assert "notes" in raw.column_names
    assert not {"email", "submitter_name"} & {*raw.column_names, *load("sea_vl_id", split="train").column_names}
    assert "email" not in caplog.text


def test_a_country_that_nobody_knows_is_an_error_that_names_the_row_or_is_kept_without(load, tmp_path):
    def renamed(table):
        places = table["culture_relevant_loc"].to_pylist()
        return table.set_column(
            table.column_names.index("culture_relevant_loc"), "culture_relevant_loc", pa.array(["Atlantis, Indonesia", *places[1:]])
        )

    folder = write_miniature("sea_vl_id", tmp_path / "published")
    rewrite(folder / "data" / "train-00000-of-00001.parquet", renamed)
    with pytest.raises(BadRowError, match=r"train-00000-of-00001\.parquet, row 0: 'Atlantis' names no country"):
        load("sea_vl_id", split="train")
    assert load("sea_vl_id", split="train", on_unknown="keep")["countries"][0] == ["IDN"]


def test_a_lost_column_is_named_with_the_table_of_differences(load, tmp_path):
    folder = write_miniature("sea_vl", tmp_path / "published")
    rewrite(folder / "data" / "train-00000-of-00002.parquet", lambda table: table.drop_columns(["native_lang"]))
    with pytest.raises(MissingColumnError, match=r"lacks native_lang, which its rows are made from[\s\S]*native_lang +yes +no"):
        load("sea_vl", split="train")


def test_every_caption_of_a_crawled_picture_is_a_row_with_an_id_of_its_own_and_places_are_read_from_captions(load):
    rows = load("sea_vl_crawling", split="train")
    assert rows["id"] == [
        "a1/train-00000-of-00001/0/0",
        "a1/train-00000-of-00001/0/1",
        "a2/train-00000-of-00001/1/0",
        "a1/train-00000-of-00001/2/0",
    ]
    assert rows["topic"] == ["cuisine", "cuisine", "landmark", "landmark"]
    assert set(rows["language"]) == set(rows["country_iso3"]) == {None}
    found = load("sea_vl_crawling", region="SEA", split="train")
    assert found.data["text"] == ["Hidangan rendang from Indonesia", "rendang", "Angkor Wat, Cambodia, at dawn"]


def test_a_row_without_a_text_is_counted(tmp_path):
    folder = write_miniature("sea_vl", tmp_path / "published")
    file = folder / "data" / "train-00001-of-00002.parquet"
    rewrite(file, lambda table: table.set_column(table.column_names.index("caption"), "caption", pa.array(["A tais.", "Rice.", " "])))
    builder = SeaVl(data_dir=folder, cache_dir=str(tmp_path / "cache"))
    builder.download_and_prepare()
    assert builder.left_out == {"rows without a text": 1}


def test_a_split_of_xm3600_is_a_language_and_is_built_alone(load, tmp_path):
    for file in write_miniature("xm3600", tmp_path / "published").glob("data/*.parquet"):
        if not file.name.startswith("th-"):
            file.unlink()  # as if they had not been fetched
    rows = load("xm3600", split="th")
    assert rows["text"] == ["TH caption 0.0", "TH caption 0.1", "TH caption 1.0", "TH caption 1.1"]
    assert set(rows["language"]) == {"th"}
    assert rows["image_locale"] == ["th", "th", "qu", "qu"]
    with pytest.raises(MissingFileError, match="split 'ar' is expected"):
        load("xm3600")
    with pytest.raises(UnknownNameError, match=r"xm3600 has no split 'tha'\. Did you mean 'th.?'\? There are: ar, bn, "):
        load("xm3600", split="tha")


def test_a_statement_of_marvl_is_true_or_false_of_two_pictures_side_by_side(load):
    asked = load("marvl", view="vqa", split="id")
    assert [(row["language"], row["options"], row["answer"], row["answers"]) for row in asked] == [
        ("id", ["true", "false"], 0, ["true"]),
        ("en", ["true", "false"], 0, ["true"]),
        ("id", ["true", "false"], 1, ["false"]),
        ("en", ["true", "false"], 1, ["false"]),
    ]
    first = asked[0]
    assert (first["left_image"].size, first["right_image"].size, first["image"].size) == ((24, 18), (24, 18), (48, 18))
    assert first["concept"] == "39-Tari"
    assert asked.features["left_image"] == Image()


def test_a_false_statement_of_marvl_is_no_caption_and_is_counted(load, tmp_path):
    assert load("marvl", split="id")["text"] == ["Gambar kiri menunjukkan dua orang menari."]
    builder = Marvl(data_dir=tmp_path / "published", cache_dir=str(tmp_path / "again"))
    builder.download_and_prepare()
    assert builder.left_out == {"statements that are false of their pictures": 5}


@pytest.mark.parametrize("view", ["raw", "pairs", "vqa"])
@pytest.mark.parametrize("streaming", [False, True])
def test_who_annotated_marvl_is_in_no_view(load, view, streaming):
    rows = [*load("marvl", view=view, split="id", streaming=streaming)]
    assert not any("annotator" in name for name in rows[0])
    assert "ann_7" not in str(rows)
    assert "female" not in str(rows)


def test_questions_of_mtvqa_are_read_from_their_text_with_quotes_and_breaks_and_its_korean_is_korean(load):
    rows = load("mtvqa", view="vqa", split="train")
    assert rows["language"] == ["th", "th", "vi", "ko", "de"]
    assert rows["answers"] == [["20 บาท"], ["ร้าน 'ลุงดำ'"], ['Phở "Hòa"\nPasteur'], ["5000원"], ["Königsallee"]]
    assert rows["options"] == [[]] * 5
    assert rows["answer"] == [None] * 5
    assert rows["id"] == ["train_0/0", "train_0/1", "train_1/0", "train_2/0", "train_3/0"]
    assert load("mtvqa", split="test")["text"][0] == "ราคาเท่าไหร่ 20 บาท"


@pytest.mark.parametrize("cell", ["__import__('os').getcwd()", "[{'question': 'who?'}]", "[1]", "[", "3", "[" * 3000])
def test_a_text_of_mtvqa_that_is_no_list_of_questions_is_refused_and_never_run(cell):
    with pytest.raises(BadRowError, match="row 7: qa_pairs is "):
        questions(cell, "row 7")


def test_aya_vision_bench_is_loaded_whole_or_a_language_at_a_time_with_the_other_pictures_of_a_question_beside(load):
    whole = load("aya_vision_bench", view="vqa", split="test")
    assert len(whole) == 23 * 2
    assert len(set(whole["language"])) == 23
    indonesian = load("aya_vision_bench", view="vqa", split="test", config="ind_Latn")
    assert indonesian["id"] == ["ind_Latn/0", "ind_Latn/1"]
    assert indonesian["answers"] == [["(ind_Latn) reference 0"], ["(ind_Latn) reference 1"]]
    assert [len(more) for more in indonesian["more_images"]] == [0, 1]
    found = load("aya_vision_bench", region="SEA", split="test")
    assert set(found.data["language"]) == {"id", "vi"}


def test_an_older_revision_of_aya_vision_bench_has_its_prompt_under_question(load, tmp_path):
    for file in write_miniature("aya_vision_bench", tmp_path / "published").glob("*/test-*.parquet"):
        rewrite(file, lambda table: table.rename_columns({"prompt": "question"}))
    assert load("aya_vision_bench", view="vqa", split="test", config="tur_Latn")["question"][0] == "(tur_Latn) prompt 0"


def test_alm_bench_asks_in_the_language_and_in_english_and_options_are_no_part_of_the_answer(load):
    rows = load("alm_bench", view="vqa", split="test")
    assert [(row["language"], row["country_iso3"], row["answers"][0]) for row in rows] == [
        ("id", None, "Rendang"),
        ("en", None, "Rendang"),
        ("zh", None, "二胡"),
        ("en", None, "erhu"),
        ("ar", "ARE", "صح"),
        ("en", "ARE", "True"),
        ("war", None, "Isda (gutiay)."),
        ("en", None, "A fish (small)."),
        ("en", None, "Pie"),
        ("en", None, "Pie"),
    ]
    assert rows["question_type"][2] == "Multiple Choice Questions"
    assert rows["id"][4] == "Emirati Arabic/003_1_01_001/translated"
    assert set(load("alm_bench", region="SEA", split="test").data["language"]) == {"id", "war"}


def test_globalrg_has_a_thing_and_a_country_as_a_code_and_as_published(load):
    rows = load("globalrg_retrieval", split="test")
    assert [*zip(rows["id"], rows["text"], rows["country_iso3"], rows["region"], strict=True)] == [
        ("u0", "wedding", "IDN", "indonesia"),
        ("u1", "breakfast", "VNM", "vietnam"),
        ("u2", "wedding", "KOR", "south korea"),
        ("u3", "funeral", "USA", "united states"),
    ]
    assert load("globalrg_retrieval", region="SEA", split="test").data["id"] == ["u0", "u1"]


def test_globalrg_without_its_ids_names_rows_by_their_place(load, tmp_path, caplog):
    for file in write_miniature("globalrg_grounding", tmp_path / "published").glob("data/*.parquet"):
        rewrite(file, lambda table: table.drop_columns(["u_id"]))
    rows = load("globalrg_grounding", split="test")
    assert rows["id"] == [f"test-00000-of-00001/{place}" for place in range(3)]
    assert rows["topic"] == ["bahay kubo", "alebrije", "ao dai"]
    assert "differs" not in caplog.text


@pytest.mark.parametrize("streaming", [False, True])
def test_cultural_ground_opens_the_tables_and_archives_of_the_countries_that_are_asked_for(load, tmp_path, streaming):
    folder = write_miniature("cultural_ground", tmp_path / "published")
    (folder / "CultureGroundImages" / "south_korea.tar.gz").write_bytes(b"not to be opened")
    rows = [*load("cultural_ground", countries="SEA", view="vqa", split="train", streaming=streaming)]
    assert [(row["id"], row["language"], row["country_iso3"]) for row in rows] == [
        ("indonesia/0", "id", "IDN"),
        ("indonesia/1", "en", "IDN"),
        ("thailand/0", "th", "THA"),
    ]
    assert rows[0]["question"] == "Di mana candi ini?"
    # the name first, then the sentence, where there is one: "None" is none
    assert [row["answers"] for row in rows[:2]] == [["Magelang", "Candi ini terletak di Magelang."], ["Magelang"]]
    assert (rows[0]["entity"], rows[0]["property"]) == ("Q42798", "P131")


def test_cultural_ground_has_sentences_as_texts_and_says_which_countries_there_are(load):
    assert load("cultural_ground", countries="IDN", split="train")["text"] == ["Candi ini terletak di Magelang.", "Magelang"]
    with pytest.raises(MissingFileError, match=r"no table of countries='Kenya'\. It has: indonesia, south_korea, thailand"):
        load("cultural_ground", countries="Kenya", split="train")


def test_a_view_that_a_corpus_has_not_is_refused(load):
    with pytest.raises(NotBuiltYetError, match="sea-vl has no view 'vqa': its views are 'raw', 'pairs'"):
        load("sea_vl", view="vqa")


def test_a_cell_names_countries_in_its_order_each_once():
    assert to_countries("Laos, Thailand; Lao PDR", "row 0") == ["LAO", "THA"]
    assert to_countries(["Viet Nam", None, " "], "row 0") == ["VNM"]
    assert to_countries("Korea, Republic of", "row 0") == ["KOR"]
    assert to_countries("Laos & Cambodia, Trinidad and Tobago, Thailand and Malaysia", "row 0") == ["LAO", "KHM", "TTO", "THA", "MYS"]
    assert to_countries(None, "row 0") == to_countries("", "row 0") == []
    with pytest.raises(BadRowError, match="row 0: 'Nowhere' names no country"):
        to_countries("Laos, Nowhere", "row 0")
    assert json.dumps(to_countries("Laos, Nowhere", "row 0", "keep")) == '["LAO"]'
