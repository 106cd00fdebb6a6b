"""SEA-VQA, WorldCuisines and the sets of SEACrowd's hub, row by row against what the miniatures hold."""

import gzip

import pytest
from datasets import Dataset

from hf_regional.corpora import catalogue, load_corpus
from hf_regional.corpora.builders.worldcuisines import read_options
from hf_regional.errors import ConfigError, DamagedFileError, MissingFileError, UnknownNameError
from miniatures import write_miniature
from picture_site import allowance


@pytest.fixture
def load(tmp_path, site):
    def call(name, region=None, *, change=None, **options):
        corpus = catalogue()[name]
        folder = tmp_path / "published"
        if not folder.exists():
            write_miniature(corpus.builder.partition(":")[0], folder, site.url)
        if change:
            change(folder)
        asked = allowance(site) if "operator" in corpus.options else {}
        kept = {"pictures": tmp_path / "pictures"} if "pictures" in corpus.options else {}
        return load_corpus(name, region, data_dir=folder, cache_dir=tmp_path / "cache", **asked, **kept, **options)

    return call


@pytest.fixture
def left_out(tmp_path, site, load):
    def call(name, **options):
        load(name, **options)
        corpus = catalogue()[name]
        options = {{"split": "only", "config": "config_name"}.get(option, option): value for option, value in options.items()}
        asked = allowance(site) if "operator" in corpus.options else {}
        builder = corpus.to_class()(
            data_dir=tmp_path / "published", cache_dir=str(tmp_path / "cache"), pictures=str(tmp_path / "pictures"), **asked, **options
        )
        builder.download_and_prepare()
        builder.as_dataset()
        return dict(builder.left_out)

    return call


def test_sea_vqa_finds_the_answer_by_its_letter_or_its_words(load):
    rows = load("sea-vqa", view="vqa", split="indonesia")
    assert rows["answer"] == [1, 2, 1]
    assert rows["options"] == [["songket", "batik", "ikat", "kebaya"], ["farmers", "dancers", "weavers"], ["at weddings", "at funerals"]]
    assert set(rows["country_iso3"]) == {"IDN"}
    assert rows["id"] == ["indonesia/0", "indonesia/1", "indonesia/2"]
    assert rows["license"][0] == "texts: cc-by-sa-4.0; picture: © Ministry of Culture, Indonesia, 2010"
    assert rows["license"][2] == "texts: cc-by-sa-4.0; picture: not stated"


def test_sea_vqa_is_evidence_of_its_countries(load):
    found = load("sea-vqa", "SEA")
    assert {split: len(rows) for split, rows in found.dropped.items() if len(rows)} == {}
    assert len(load("sea-vqa", "UN:142", split="laos").data) == 3


def test_worldcuisines_parts_options_from_the_prompt_and_the_register_from_the_language(load):
    rows = load("worldcuisines", view="vqa", split="test_small")
    krama = [row for row in rows if row["register"] == "krama"]
    assert {(row["language"], row["question"]) for row in krama} == {("jv", "(jv_krama) What is this dish called?")}
    assert krama[0]["options"] == ["Rawon", "Kare-kare", "Pho", "Gulai", "Laksa"]
    assert sorted(row["options"][row["answer"]] for row in krama) == ["Kare-kare", "Pho"]  # the picture of Rawon is gone
    assert {row["language"]: row["register"] for row in rows if row["language"] in {"fil", "zh", "si", "su"}} == {
        "fil": None, "zh": None, "si": "formal_spoken", "su": "loma",
    }  # fmt: skip


def test_worldcuisines_tells_its_tasks_apart(load):
    assert set(load("worldcuisines", config="task2", split="test_small")["prompt_type"]) == {"2"}
    with pytest.raises(UnknownNameError, match="task1, task2"):
        load("worldcuisines", config="task3")


@pytest.mark.parametrize(
    ("prompt", "question", "options"),
    [
        ("Apa ini?\n1. A\n2. B\n3. C", "Apa ini?", ["A", "B", "C"]),
        ("Apa ini? 1) Nasi 2) Mie", "Apa ini?", ["Nasi", "Mie"]),
        ("In 3. century, what is it?", "In 3. century, what is it?", []),
        ("Apa ini?", "Apa ini?", []),
    ],
)
def test_options_are_those_that_are_numbered_from_1_on(prompt, question, options):
    assert read_options(prompt) == (question, options)


def test_worldcuisines_1_1_unpacks_its_pictures_once_and_nothing_beside_them(load, left_out, tmp_path):
    rows = load("worldcuisines-v1.1", view="vqa", split="test_large")
    assert sorted(rows["answer"]) == [0] * 5 + [1] * 5
    assert all(row["options"][row["answer"]] == row["answers"][0] for row in rows)
    unpacked = tmp_path / "pictures" / "unpacked"
    assert sorted(path.name for path in unpacked.rglob("*.jpg")) == ["0.jpg", "1.jpg"]
    assert not list(tmp_path.rglob("escaped.jpg"))
    assert left_out("worldcuisines-v1.1", view="vqa") == {"pictures that are not there": 5}
    before = {path: path.stat().st_mtime_ns for path in unpacked.rglob("*.jpg")}
    load("worldcuisines-v1.1", config="task2")
    assert {path: path.stat().st_mtime_ns for path in unpacked.rglob("*.jpg")} == before


def test_the_knowledge_base_has_a_pair_for_each_picture_with_its_own_licence(load, site):
    rows = load("worldcuisines-food-kb", split="main")
    assert rows["text"][0] == "Rawon. The soup is black from keluak."
    assert rows["license"] == ["CC-BY-SA 4.0", "not stated", "CC0", "Public Domain"]
    assert rows["countries"] == [["IDN"], ["IDN"], ["MYS", "IDN"], ["HUN", "CZE"]]
    assert rows["country_iso3"] == ["IDN", "IDN", None, None]
    assert rows["source"][2] == f"{site.url}/3.jpg"
    found = load("worldcuisines-food-kb", "SEA", split="main")
    assert [text.split(".")[0] for text in found.data["text"]] == ["Rawon", "Rawon", "Nasi Lemak"]


def test_cc3m_35l_joins_translations_with_all_addresses_of_their_caption(load, left_out):
    rows = load("cc3m-35l", split="train")
    assert sorted(zip(rows["language"], rows["text"], strict=True)) == sorted(
        (language, f"{language} train {place}") for language in ("fil", "id", "th", "vi") for place in (0, 1)
    )
    assert set(rows["context"]) == {"a man rides a water buffalo", "a bowl of noodle soup"}
    assert left_out("cc3m-35l", split="train") == {"captions that stand beside no address": 4, "pictures, HTTP 404": 4}
    assert set(load("cc3m-35l", config="all", split="train")["language"]) == {"fil", "id", "th", "vi", "sw"}
    assert set(load("cc3m-35l", config="th", split="train")["language"]) == {"th"}


def test_a_packed_file_that_is_cut_off_is_an_error_that_names_it(load):
    def cut(folder):
        file = folder / "cc3m_mt_train.jsonl.gz"
        file.write_bytes(file.read_bytes()[:-20])

    with pytest.raises(DamagedFileError, match=r"cc3m_mt_train\.jsonl\.gz"):
        load("cc3m-35l", change=cut, split="train")


def test_a_file_that_is_packed_in_name_alone_is_an_error_that_names_it(load):
    def unpack(folder):
        file = folder / "cc3m_mt_train.jsonl.gz"
        file.write_bytes(gzip.decompress(file.read_bytes()))

    with pytest.raises(DamagedFileError, match=r"cc3m_mt_train\.jsonl\.gz"):
        load("cc3m-35l", change=unpack, split="train")


def test_cc3m_35l_without_its_addresses_says_which_file_is_missing(load):
    with pytest.raises(MissingFileError, match=r"Train\*GCC-training\.tsv"):
        load("cc3m-35l", change=lambda folder: (folder / "Train_GCC-training.tsv").unlink(), split="train")


def test_coco_35l_finds_pictures_in_either_part_of_coco(load, left_out):
    rows = load("coco-35l", config="vi", split="train")
    assert rows["id"] == ["9_0/vi", "9_1/vi", "42_0/vi"]
    assert left_out("coco-35l", config="vi") == {"pictures that are not there": 1}


def test_wit_takes_the_best_text_there_is_and_names_its_column(load, left_out):
    rows = load("wit", split="test")
    assert rows["language"] == ["id", "fil", "my"]
    assert rows["context"] == ["caption_reference_description", "caption_attribution_description", "caption_alt_text_description"]
    assert rows["text"][0] == "Rumah gadang di Bukittinggi"
    assert left_out("wit", split="test") == {"rows without a text": 1, "pictures, HTTP 404": 1}
    assert load("wit", config="all", split="test")["language"] == ["id", "fil", "my", "de"]
    assert load("wit", view="raw", split="test")[0]["context_page_description"] == 'Satu\n"dua"\ttiga'


def test_maxm_has_every_accepted_answer(load, left_out):
    rows = load("maxm", view="vqa", split="test")
    thai = [row for row in rows if row["language"] == "th"]
    assert [(row["id"], row["answers"], row["document_id"]) for row in thai] == [
        ("th/0001", ["Sabun", "sabun cuci"], "00a1"), ("th/0002", ["Dua"], "00a1"), ("th/0003", ["Tiga"], "00b2"),
    ]  # fmt: skip
    assert set(rows["language"]) == {"en", "he", "th"}
    assert left_out("maxm", view="vqa") == {"rows without a text": 3, "pictures, HTTP 404": 3}


def test_openvivqa_takes_the_picture_of_its_own_split_and_keeps_questions_without_an_answer_open(load):
    rows = load("openvivqa", view="vqa")
    firsts = [rows[split][0]["image"].tobytes() for split in ("train", "validation", "test")]
    assert len(set(firsts)) == 3
    assert rows["test"]["answers"] == [[], ["áo dài"], ["áo dài"]]
    assert set(rows["train"]["country_iso3"]) == {"VNM"}
    assert len(load("openvivqa", split="test")) == 2


def test_vivqa_finds_pictures_of_coco_by_their_number(load, left_out):
    rows = load("vivqa", view="vqa", split="train")
    assert rows["id"] == ["train/0", "train/1"]
    assert rows["topic"] == ["colour", "number"]
    assert rows["license"] == ["not stated", "not stated"]
    assert left_out("vivqa", view="vqa", split="train") == {"pictures that are not there": 1}


def test_uit_viic_has_the_licence_of_each_picture(load):
    rows = load("uit-viic", split="train")
    assert rows["id"] == ["0", "2"]
    assert set(rows["license"]) == {"texts: not stated; picture: Attribution-NonCommercial-ShareAlike License"}


def test_cub_bahasa_splits_as_cub_does(load):
    rows = load("cub-bahasa")
    assert rows["train"]["id"] == ["2/0", "2/1", "3/0", "3/1"]
    assert rows["test"]["id"] == ["1/0", "1/1"]
    assert rows["test"]["context"] == ["this bird has a long wing 0", "this bird has a long wing 1"]
    assert set(rows["train"]["topic"]) == {"001.Black_footed_Albatross", "029.American_Crow"}
    assert load("cub-bahasa", view="raw", split="test")[0]["captions"][0]["caption_ind"] == "burung ini memiliki sayap panjang 0"


def test_bloom_keeps_languages_that_cldr_has_no_code_for(load, left_out):
    rows = load("bloom-captioning", split="train")
    assert dict(zip(rows["language"], rows["license"], strict=True)) == {"bzi": "cc-by-nc", "id": "cc-by", "th": "cc-by-sa"}
    assert left_out("bloom-captioning", split="train") == {"rows without a text": 3, "pictures, HTTP 404": 3}


def test_an_object_that_is_built_otherwise_is_an_error_that_names_what_is_missing(load):
    def change(folder):
        (folder / "maxm_v1_release" / "maxm_v1_en.json").write_text('{"questions": []}')

    with pytest.raises(DamagedFileError, match=r"maxm_v1_en\.json is not built as it was described \(KeyError\('annotations'\)\)"):
        load("maxm", change=change)


@pytest.mark.parametrize("name", ["cc3m-35l", "coco-35l", "wit", "maxm", "vivqa", "uit-viic", "cub-bahasa"])
def test_what_does_not_lie_on_the_hub_says_so(name):
    with pytest.raises(ConfigError, match="does not lie on the Hub"):
        load_corpus(name)


def test_laion_is_fetched_where_that_is_asked_for(tmp_path, site):
    table = {"URL": [f"{site.url}/71.jpg", f"{site.url}/gone/72.jpg"], "TEXT": ["a market", "a mosque"], "LICENSE": ["?", "?"]}
    (tmp_path / "laion").mkdir()
    Dataset.from_dict(table).to_parquet(tmp_path / "laion" / "part-00000.parquet")
    options = {"cache_dir": tmp_path / "cache", "pictures": tmp_path / "pictures", **allowance(site)}
    rows = load_corpus("laion", data_dir=tmp_path / "laion", config="fetched", split="train", **options)
    assert [(row["text"], row["url"], row["image"].size) for row in rows] == [("a market", f"{site.url}/71.jpg", (24, 18))]


def test_imtext_is_seacrowds_schema_with_ours_behind(load, tmp_path):
    row = load("cub-bahasa", view="imtext", split="test")[0]
    (path,) = row.pop("image_paths")
    assert path == str(tmp_path / "published/CUB_200_2011/images/001.Black_footed_Albatross/Black_Footed_Albatross_0046_18.jpg")
    assert row == {
        "id": "1/0", "texts": "burung ini memiliki sayap panjang 0",
        "metadata": {"context": "this bird has a long wing 0", "labels": ["001.Black_footed_Albatross"]},
        "language": "id", "country_iso3": None, "topic": "001.Black_footed_Albatross",
        "source": "001.Black_footed_Albatross/Black_Footed_Albatross_0046_18.jpg", "license": "not stated",
    }  # fmt: skip


def test_imqa_is_seacrowds_schema_with_ours_behind(load):
    row = load("maxm", view="imqa", split="test")[4]
    assert row.pop("image_paths")[0].endswith(".jpg")
    assert row == {
        "id": "iw/0002", "question_id": "iw/0002", "document_id": "00a1", "questions": ["(iw) 2?"], "type": "open", "choices": [],
        "context": None, "answer": ["Dua"], "meta": {"labels": ["translation"]}, "language": "he", "country_iso3": None,
        "topic": "translation", "source": row["source"],
        "license": "texts: free use for any purpose, as is (Google LLC); picture: not stated",
    }  # fmt: skip


def test_a_picture_out_of_an_archive_gets_a_file_for_imtext(load, tmp_path):
    rows = load("coco-35l", view="imtext", config="id", split="train")
    assert len({path for (path,) in rows["image_paths"]}) == 2  # two captions are of one picture
    assert all(path.startswith(str(tmp_path / "pictures")) for (path,) in rows["image_paths"])


def test_the_region_filter_reads_seacrowds_views_too(load):
    found = load("wit", "IDN", view="imtext", config="all", split="test", mode="keep")
    assert [row["language"] for row in found.data] == ["id"]
    assert len(found.dropped) == 3
