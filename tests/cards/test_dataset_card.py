"""The card of a data set that a filter gave back: true to its report, taken by the Hub, and harmless whatever the rows hold."""

import json
import re

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from datasets import Dataset, DatasetDict, load_dataset
from huggingface_hub import DatasetCard
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from test_card import HOSTILE

from hf_regional.cards import CardFacts, DataSource, render_dataset_card, write_card
from hf_regional.cards.dataset_metadata import licence_fields, size_category
from hf_regional.cards.pages import KEEP_END, KEEP_START
from hf_regional.cli import main
from hf_regional.corpora import catalogue
from hf_regional.errors import DamagedFileError, OutputExistsError
from hf_regional.filtering import (
    ConsentPolicy,
    Copies,
    LicencePolicy,
    PersonalPolicy,
    filter_regional,
    push_dataset_card,
    write_dataset_card,
)
from hf_regional.licences import licence

COLUMNS = ("text", "country", "language", "source", "license", "author", "score")
ROWS = [
    ("a bowl of laap", "Laos", "lo", "https://a.org/1", "CC BY 4.0", "Ani", 5.0),
    ("a market", "Laos", "lo", "https://a.org/2", "CC BY 4.0", "Ani", 1.0),
    ("rendang", "Indonesia", "id", "https://b.org/1", "CC BY-SA 4.0", "Budi", 4.0),
    ("rendang again", "Indonesia", "id", "https://b.org/2", "CC0", None, 4.0),
    ("sate", "Indonesia", "id", "https://b.org/3", "CC BY-NC 4.0", "Budi", 4.5),
    ("sushi", "Japan", "ja", "https://c.org/1", "CC BY 4.0", "Chie", 5.0),
    ("nothing known", None, None, "https://c.org/2", None, None, 5.0),
]


def rows(*, license: str | None = "", **swapped) -> Dataset:
    columns = {name: [row[place] for row in ROWS] for place, name in enumerate(COLUMNS)}
    columns |= {name: [value] * len(ROWS) for name, value in swapped.items()}
    if license == "":
        return Dataset.from_dict(columns)
    return Dataset.from_dict(
        columns | {"license": [license] * len(ROWS)} if license else {k: v for k, v in columns.items() if k != "license"}
    )


def filtered(data=None, **options):
    told = {"quality": "column:score", "min_quality": 2.5, "consent": ConsentPolicy(licences=LicencePolicy(deny=["cc-by-nc-4.0"]))}
    return filter_regional(rows() if data is None else data, "SEA", **(told | options))


def card_of(found, folder, **options) -> str:
    return write_dataset_card(found, folder, **options).read_text(encoding="utf-8")


def tables(card: str) -> dict[str, list[str]]:
    """First cell -> all cells, of every row of every table."""
    lines = [line for line in card.splitlines() if line.startswith("| ")]
    return {cells[0]: cells for cells in ([cell.strip() for cell in line.split("|")[1:-1]] for line in lines)}


def section(card: str, head: str) -> str:
    return card.split(f"\n{head}\n", 1)[1].split("\n## ", 1)[0].split("\n### ", 1)[0]


def html(card: str) -> str:
    return MarkdownIt("commonmark", {"html": True}).enable("table").render(card.split("\n---\n", 1)[1])


@pytest.fixture
def card(tmp_path):
    return card_of(filtered(), tmp_path / "sea-dishes", sources=[catalogue()["cvqa"]])


def test_every_row_is_counted_by_country_language_licence_and_step(card):
    assert "3 of 7 rows of `afaji/cvqa`: those that are from **Southeast Asia** (11 countries)" in card
    countries = tables(section(card, "### By country"))
    assert countries["Laos"] == ["Laos", "2", "1", "1", "quality 1"]
    assert countries["Indonesia"] == ["Indonesia", "3", "2", "1", "licence 1"]
    assert countries["Japan"] == ["Japan", "1", "0", "1", "region 1"]
    assert countries["no country found"] == ["no country found", "1", "0", "1", "region 1"]
    assert tables(section(card, "### By language"))["Lao (lo)"] == ["Lao (lo)", "2", "1", "1", "quality 1"]
    licences = tables(section(card, "## Licences"))
    assert licences["CC BY 4.0"] == ["CC BY 4.0", "`cc-by-4.0`", "3", "1", "2", "region 1, quality 1"]
    assert licences["CC BY-NC 4.0"] == ["CC BY-NC 4.0", "`cc-by-nc-4.0`", "1", "0", "1", "licence 1"]
    assert licences["no licence given"] == ["no licence given", "`unknown`", "1", "0", "1", "region 1"]
    steps = tables(section(card, "## What was kept, and what was dropped"))
    assert [steps[name][1:4] for name in ("licence", "region", "quality")] == [["7", "6", "1"], ["6", "4", "2"], ["4", "3", "1"]]


def test_a_step_that_was_not_asked_for_does_not_seem_to_have_found_nothing(card, tmp_path):
    steps = section(card, "## What was kept, and what was dropped")
    assert list(tables(steps))[2:] == ["unreadable", "licence", "region", "quality"]
    assert "Steps that were not asked for: exclusion, duplicates, contamination." in steps
    everything = filtered(copies=Copies(evaluation_sets={"mine": rows().select([0])}), exclude={"language": ["az"]}, consent=None)
    steps = section(card_of(everything, tmp_path), "## What was kept, and what was dropped")
    assert {"exclusion", "quality", "duplicates", "contamination"} < set(tables(steps))
    assert "Steps that were not asked for: licence." in steps


def test_filters_stand_there_with_their_thresholds(tmp_path):
    found = filtered(copies=Copies(), exclude={"language": ["az"]}, min_quality={"lo": 0.5, "*": 2.5})
    said = section(card_of(found, tmp_path), "## Filters")
    for line in (
        "| Region | Southeast Asia |",
        "| Evidence | country in `country`; text in `text`; language in `language`; detected in `text` |",
        "| Left out | `language` is az |",
        "| Consent | licences denied: cc-by-nc-4.0 |",
        "| Consent | masked in texts: e-mail, phone |",
        "| Languages | a language speaks for the region where at least 0.5 of its speakers live there, against it below 0.2 |",
    ):
        assert line in said.splitlines(), said
    assert re.search(r"^\| Quality \| .* at least lo 0\.5, \\\* 2\.5", said, flags=re.MULTILINE), said
    assert re.search(r"^\| Copies \| duplicates \S+; distance \d+", said, flags=re.MULTILINE), said


def test_credits_go_along_and_only_for_what_was_kept(card):
    credited = tables(section(card, "## Credits"))
    assert credited["Ani"][1:] == ["a.org", "CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/)", "1"]
    assert credited["Budi"][3] == "1"
    assert credited["not named"][3] == "1"
    assert "Chie" not in card


def test_the_head_is_what_the_hub_asks(card, local_hub):
    data = DatasetCard(card).data.to_dict()
    assert (data["license"], data["license_name"]) == ("other", "cc-by-4.0-and-cc-by-sa-4.0-and-cc0-1.0")
    assert data["language"] == ["id", "lo"]
    assert data["size_categories"] == "n<1K"
    assert data["source_datasets"] == ["afaji/cvqa"]
    assert data["pretty_name"] == "sea-dishes"
    assert data["tags"] == ["hf-regional", "regional-adaptation", "region-sea"]
    DatasetCard(card).validate()  # asks the Hub


@pytest.mark.parametrize(
    ("license", "expected"),
    [
        ("CC BY 4.0", {"license": "cc-by-4.0"}),
        ("ODbL", {"license": "odbl"}),
        ("my own words", {"license": "unknown"}),
        (None, {"license": "cc-by-sa-3.0"}),  # the rows name none, their source does
    ],
)
def test_a_licence_is_set_where_all_rows_share_one(tmp_path, license, expected):
    source = DataSource("mine", license="CC BY-SA 3.0", use="training and evaluation")
    data = DatasetCard(card_of(filtered(rows(license=license)), tmp_path, sources=[source])).data.to_dict()
    assert {name: value for name, value in data.items() if name.startswith("license")} == expected


def test_without_any_licence_it_is_unknown_and_never_a_default(tmp_path):
    card = card_of(filtered(rows(license=None)), tmp_path)
    assert DatasetCard(card).data.license == "unknown"
    assert "**A work made from all rows together, such as a model: unknown.** At least one source has no recorded licence." in card
    assert "Where the rows come from was not recorded" in card


def test_licences_that_contradict_each_other_are_said_to(tmp_path):
    card = card_of(filter_regional(rows(), "SEA"), tmp_path)  # CC BY-SA and CC BY-NC
    assert "the licences contradict each other.** cc-by-sa-4.0 asks for the same licence with nothing added" in card


@given(
    st.dictionaries(st.sampled_from(["cc-by-4.0", "mit", "unknown", "gfdl AND cc-by-sa-3.0", "no-ai", "public-domain"]), st.integers(1, 9))
)
def test_the_licence_of_the_head_is_never_one_that_no_row_has(named):
    fields = licence_fields(named)
    assert fields["license"] in {*named, "other", "unknown"}
    assert fields["license"] not in {"cc-by-4.0", "mit"} or set(named) == {fields["license"]}
    assert fields["license"] == "unknown" or fields["license"] in named or fields["license_name"]
    assert fields["license"] in {"other", "unknown"} or licence(fields["license"]).on_hub


@given(st.integers(0, 10**13))
def test_a_size_category_holds_the_size(size):
    read = {"": 1, "K": 10**3, "M": 10**6, "B": 10**9, "T": 10**12}
    bounds = [int(number) * read[unit] for number, unit in re.findall(r"(\d+)([KMBT]?)", size_category(size))]
    low, high = {"n<1K": (0, 1000), "n>1T": (10**12, 10**14)}.get(size_category(size), tuple(bounds))
    assert low <= size < high


def test_what_is_for_evaluation_only_says_so_first(card, tmp_path):
    assert card.split("\n# sea-dishes\n", 1)[1].lstrip().startswith("**For evaluation only: do not train on it.** cvqa was made")
    assert "- Do not train on it, see above." in card
    free = card_of(filtered(), tmp_path / "free", sources=[DataSource("mine", use="training and evaluation", limits="Only breakfasts.")])
    assert "evaluation only" not in free.lower()
    assert "- mine: Only breakfasts." in free
    assert "Whether rows stand in an evaluation set was not looked for" in free


def test_contacts_are_said_to_be_masked_only_where_they_were(tmp_path):
    assert "Contacts in texts were masked where they were found" in card_of(filtered(), tmp_path / "a")
    assert "Contacts in texts were not masked" in card_of(filtered(consent=None), tmp_path / "b")
    assert "Contacts in texts were not masked" in card_of(filtered(consent=ConsentPolicy(personal=PersonalPolicy(mask=()))), tmp_path / "c")


def test_all_kinds_of_sources_tell_the_same(tmp_path):
    told = {}
    for name, source in {"dataset": rows(), "table": rows().data.table, "stream": rows().to_iterable_dataset()}.items():
        card = card_of(filtered(source), tmp_path / name, name="x")
        told[name] = card.split("<details><summary>Columns")[0] + card.split("## What must not be done", 1)[1]
    assert told["dataset"] == told["table"] == told["stream"]
    pq.write_table(rows().data.table, tmp_path / "rows.parquet")
    found = filtered(tmp_path / "rows.parquet", output=tmp_path / "out")
    assert card_of(found, tmp_path / "out", name="x").split("## What must not be done", 1)[1] in told["dataset"]


def test_splits_are_counted_each(tmp_path):
    found = filtered(DatasetDict(train=rows(), test=rows().select([0, 5])))
    card = card_of(found, tmp_path)
    assert "| `train` | 3 | 4 |" in card
    assert "| `test` | 1 | 1 |" in card
    assert tables(section(card, "## Credits"))["Ani"][3] == "2"


def test_annotated_rows_are_all_in_it(tmp_path):
    card = card_of(filtered(mode="annotate"), tmp_path)
    assert "7 rows, each with its verdict: 3 are from **Southeast Asia**." in card
    assert DatasetCard(card).data.license == "other"
    assert "unknown" in DatasetCard(card).data.to_dict()["license_name"]
    assert "ja" in DatasetCard(card).data.language


YAML_BREAKERS = [
    "no",
    "null",
    "- [x",
    "key: value",
    "'\"",
    "%TAG",
    "a\n---\nlicense: mit",
    "\u2028x",
    "\x00\x1b[31m",
    "!!python/object:os.system x",
]


@pytest.mark.parametrize("text", [*HOSTILE, *YAML_BREAKERS])
def test_hostile_names_and_captions_show_and_do_nothing(text, tmp_path, local_hub):
    source = DataSource(text, title=text, hub_id="me/rows", license=text, use=text, citation=text, limits=text)
    found = filtered(rows(text=text, source=text, license=text, author=text), terms={"Laap": "LAO"}, samples=2)
    calm = card_of(filtered(), tmp_path / "calm", name="calm", sources=[DataSource("a", "b", "me/rows", "c", "d", "e", "f")])
    card = card_of(found, tmp_path / "x", name=text, sources=[source])
    page, quiet = html(card), html(calm)
    for tag in ("<script", "<img", "<a ", "<del", "<h1", "<h2", "<h3", "<pre>", "</details>", "<hr"):
        assert page.count(tag) == quiet.count(tag), tag
    assert card.splitlines().count(KEEP_START) == card.splitlines().count(KEEP_END) == 1
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x00\x1b]", card)
    assert max(map(len, card.splitlines())) < 5_000
    for table in re.findall(r"<table>.*?</table>", page, flags=re.DOTALL):
        width = table.count("<th ")
        assert all(row.count("<td") == width for row in re.findall(r"<tr>.*?</tr>", table, flags=re.DOTALL)[1:]), table
    assert DatasetCard(card).data.license == "unknown"
    assert isinstance(DatasetCard(card).data.to_dict()["pretty_name"], str)
    DatasetCard(card).validate()


def test_a_hand_written_section_survives_and_writing_twice_changes_nothing(tmp_path):
    found = filtered()
    first = card_of(found, tmp_path)
    assert card_of(found, tmp_path) == first
    (tmp_path / "README.md").write_text(first.replace(f"{KEEP_START}\n", f"{KEEP_START}\nMade for *us*.\n"))
    again = card_of(filtered(min_quality=1.0), tmp_path)
    assert "Made for *us*." in again
    assert "## Notes" in again
    assert "4 of 7 rows" in again
    assert write_card(tmp_path).read_text() == again  # from regional.json alone


def test_somebodys_own_readme_is_not_replaced_unasked(tmp_path):
    (tmp_path / "README.md").write_text("# mine")
    with pytest.raises(OutputExistsError, match="was not written by hf-regional"):
        write_dataset_card(filtered(), tmp_path)
    assert (tmp_path / "README.md").read_text() == "# mine"
    assert write_dataset_card(filtered(), tmp_path, overwrite=True).read_text().startswith("---\n")


def test_nothing_known_is_still_a_card():
    card = render_dataset_card(CardFacts().with_step("dataset"))
    assert DatasetCard(card).data.license == "unknown"
    assert not re.search(r"None|Undefined|\{\{|\{%", card)


def facts_of(tmp_path) -> CardFacts:
    write_dataset_card(filtered(), tmp_path, sources=[catalogue()["cvqa"]])
    return CardFacts.load(tmp_path)


@pytest.mark.parametrize("value", [None, "x", 3, True, [], [None], {}, {"a": None}, [[1]]])
def test_a_fact_of_another_type_is_shown_or_named(tmp_path, value):
    facts = facts_of(tmp_path)
    for place, step in enumerate(facts.steps):
        for key in step.keys() - {"kind"}:
            swapped = CardFacts((*facts.steps[:place], {**step, key: value}, *facts.steps[place + 1 :]))
            said = ""
            try:
                card = render_dataset_card(swapped)
            except DamagedFileError as error:
                card, said = "", str(error)
            assert card or f"({step['kind']}): {key} should be" in said


def test_no_text_of_a_row_is_in_the_facts(tmp_path):
    told = json.dumps(facts_of(tmp_path).steps)
    assert "rendang" not in told
    assert "laap" not in told
    assert str(tmp_path) not in told


# By command


@pytest.fixture
def files(tmp_path):
    """Two Parquet files of rows."""
    folder = tmp_path / "dishes"
    folder.mkdir()
    for number in range(2):
        pq.write_table(rows().data.table.append_column("id", pa.array(range(7))), folder / f"{number}.parquet")
    return folder


def test_the_command_writes_a_card_by_which_the_folder_loads_its_kept_rows_alone(files, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["filter", str(files), "--region", "SEA", "-o", str(out), "--quality", "column:score", "--min-quality", "2.5"]) == 0
    assert "README.md, the card of the data set" in capsys.readouterr().out
    card = (out / "README.md").read_text(encoding="utf-8")
    assert "8 of 14 rows of `dishes`" in card
    assert str(tmp_path) not in card
    assert str(tmp_path) not in (out / "regional.json").read_text(encoding="utf-8")
    assert "`dropped` beside holds the dropped rows" in card
    loaded = load_dataset(str(out), cache_dir=str(tmp_path / "cache"))
    assert {name: len(part) for name, part in loaded.items()} == {"train": 8}
    assert set(loaded["train"]["region_verdict"]) == {"kept"}
    assert main(["card", str(out)]) == 0
    assert (out / "README.md").read_text(encoding="utf-8") == card


def test_the_command_names_the_corpus_its_licence_and_its_limits(tmp_path):
    assert main(["filter", "emoji-world", "--region", "SEA", "-o", str(tmp_path / "out"), "--split", "test"]) == 0
    card = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert catalogue()["emoji-world"].limits in card.replace("\\", "")
    data = DatasetCard(card).data.to_dict()
    assert (data["license"], data["license_name"]) == ("other", "ofl-1.1-and-unicode-dfs-2016")
    assert list(load_dataset(str(tmp_path / "out"), cache_dir=str(tmp_path / "cache"))) == ["test"]


# On the Hub


def test_a_pushed_data_set_keeps_what_datasets_wrote_and_loads_with_its_card(local_hub, tmp_path):
    found = filtered(DatasetDict(train=rows(), test=rows().select([0, 5])))
    found.data.push_to_hub("me/dishes")
    before = yaml.safe_load(local_hub.files("datasets/me/dishes")["README.md"].decode().split("---")[1])
    address = push_dataset_card(found, "me/dishes", sources=["afaji/cvqa"])
    assert "me/dishes" in address
    card = DatasetCard.load("me/dishes")
    after = card.data.to_dict()
    assert after["dataset_info"] == before["dataset_info"]
    assert after["configs"] == before["configs"]
    assert 'load_dataset("me/dishes")' in card.text
    assert "regional.json" in local_hub.files("datasets/me/dishes")
    loaded = load_dataset("me/dishes", cache_dir=str(tmp_path / "cache"))
    assert {name: len(part) for name, part in loaded.items()} == {"train": 3, "test": 1}


def test_a_card_is_pushed_again_with_what_was_written_by_hand(local_hub):
    found = filtered()
    found.data.push_to_hub("me/dishes")
    push_dataset_card(found, "me/dishes")
    text = local_hub.files("datasets/me/dishes")["README.md"].decode().replace(f"{KEEP_START}\n", f"{KEEP_START}\nBy hand.\n")
    local_hub.add_repo("dataset", "me/dishes", {"README.md": text.encode()})
    push_dataset_card(found, "me/dishes")
    assert "By hand." in DatasetCard.load("me/dishes").text


def test_somebodys_own_card_on_the_hub_is_not_replaced_unasked(local_hub):
    local_hub.add_repo("dataset", "me/dishes", {"README.md": b"---\nlicense: mit\n---\n# mine\n"})
    with pytest.raises(OutputExistsError, match=r"me/dishes/README\.md was not written by hf-regional"):
        push_dataset_card(filtered(), "me/dishes")
    push_dataset_card(filtered(), "me/dishes", overwrite=True)
    assert "# dishes" in DatasetCard.load("me/dishes").text
