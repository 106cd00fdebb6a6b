import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from huggingface_hub import ModelCard
from markdown_it import MarkdownIt

from hf_regional.cards import CardFacts, render_card, write_card
from hf_regional.cards.card import KEEP_END, KEEP_START
from hf_regional.errors import DamagedFileError, MissingFileError, OutputExistsError

STORED = Path(__file__).parent / "data" / "README.md"


def body(card: str) -> str:
    return card.split("\n---\n", 1)[1]


def unfenced(card: str) -> str:
    return re.sub(r"^(```+).*?^\1$", "(code)", body(card), flags=re.DOTALL | re.MULTILINE)


def html(card: str) -> str:
    return MarkdownIt("commonmark", {"html": True}).enable("table").render(body(card))


def changed(facts: CardFacts, kind: str, **content) -> CardFacts:
    return CardFacts(tuple(step | content if step["kind"] == kind else step for step in facts.steps))


def test_the_whole_card_is_as_stored(facts):
    """To store a new one after a change that was meant: HF_REGIONAL_STORE_CARD=1 pytest tests/cards, then read it."""
    card = render_card(facts, has_plot=True)
    if os.environ.get("HF_REGIONAL_STORE_CARD"):
        STORED.write_text(card, encoding="utf-8")
    assert card == STORED.read_text(encoding="utf-8")


def test_the_front_matter_has_what_the_hub_asks(folder):
    data = ModelCard.load(write_card(folder)).data
    assert data.license == "apache-2.0"
    assert data.library_name == "transformers"
    assert data.pipeline_tag == "zero-shot-image-classification"
    assert {"hf-regional", "regional-adaptation", "model-merging", "region-sea"} <= set(data.tags)
    assert {"id", "th", "fil", "en"} <= set(data.language)
    burmese = [result for result in data.eval_results if result.dataset_config == "my"]
    assert [(result.metric_name, result.dataset_split) for result in burmese] == [("MRR", "test")]
    assert len(data.eval_results) == 2 + 23  # two sides and 23 languages


def test_a_base_and_a_corpus_on_the_hub_are_linked(facts):
    data = ModelCard(
        render_card(changed(changed(facts, "base", id="openai/clip-vit-base-patch32"), "filtering", corpus="SEACrowd/sea-vl"))
    ).data
    assert (data.base_model, data.base_model_relation) == ("openai/clip-vit-base-patch32", "merge")
    assert data.datasets == ["SEACrowd/sea-vl"]


def test_a_base_at_a_revision_is_linked_by_its_name(facts):
    assert ModelCard(render_card(changed(facts, "base", id="me/base@4723b4f"))).data.base_model == "me/base"


@pytest.mark.parametrize("base", ["/home/me/model", "./model", "../a/b", "C:\\me\\model", "emoji-world-clip", "a/b/c"])
def test_a_folder_is_no_base_model_on_the_hub(facts, base):
    assert ModelCard(render_card(changed(facts, "base", id=base))).data.base_model is None


def test_a_licence_that_the_hub_does_not_list_is_named(facts):
    card = render_card(changed(changed(facts, "base", license="gemma"), "filtering", licenses={"cc-by-nc-4.0": 3}))
    data = ModelCard(card).data
    assert (data.license, data.license_name) == ("other", "cc-by-nc-4.0-and-gemma")
    assert "**`cc-by-nc-4.0-and-gemma`.** cc-by-nc-4.0 and gemma must all be carried" in card


def test_unknown_stays_unknown(facts):
    assert ModelCard(render_card(changed(facts, "filtering", licenses={"apache-2.0": 5, "unknown": 1}))).data.license == "unknown"
    assert ModelCard(render_card(changed(facts, "base", license=None))).data.license == "unknown"


def test_every_score_of_the_table_is_the_recorded_one(facts):
    evaluation, card = facts.of("evaluation"), render_card(facts)
    rows = {
        cells[0]: cells
        for cells in ([cell.strip(" *") for cell in line.split("|")[1:-1]] for line in card.splitlines() if line.startswith("| "))
    }
    for side in ("global", "regional"):
        printed = rows[f"{side.capitalize()}, MRR"]
        for column, model in ((2, "base"), (3, "tuned"), (4, "merged")):
            cell = evaluation[model][side]
            assert printed[column] == f"{100 * cell['value']:.1f} ({100 * cell['low']:.1f}–{100 * cell['high']:.1f})"
        assert printed[5] == f"{evaluation['merged'][side]['n']:,}"


def test_what_got_worse_is_said_apart_by_its_paired_interval(facts):
    card = render_card(facts)
    assert "**Worse than the base**, beyond the 95 % interval: Swahili (sw) −1.1 (−1.9 to −0.3)." in card
    assert re.search(r"\*\*Also lower\*\*, but within the interval, so possibly by chance: Turkish \(tr\) −0\.5", card)


def test_a_language_with_few_questions_is_marked(facts):
    languages = facts.of("evaluation")["by_language"]
    few = languages | {"lo": languages["lo"] | {"merged": languages["lo"]["merged"] | {"n": 29}}}
    card = render_card(changed(facts, "evaluation", by_language=few))
    assert "| Lao (lo) | regional | 29 † |" in card
    assert "† Fewer than 30 pictures or texts: too few to rely on." in card
    assert "†" not in render_card(facts)


def test_a_language_of_few_pictures_is_marked_however_many_its_questions(facts):
    languages = facts.of("evaluation")["by_language"]
    card = render_card(changed(facts, "evaluation", by_language=languages | {"lo": languages["lo"] | {"few": True}}))
    assert re.search(r"\| Lao \(lo\) \| regional \| \d{3} † \|", card)


def test_the_region_comes_before_the_world_and_gains_before_losses(facts):
    rows = re.findall(r"^\| [^|]+ \([a-z]+\) \| (\w+) \|.*\*\*([+−]?[\d.]+) ", render_card(facts), flags=re.MULTILINE)
    assert [side for side, _ in rows] == ["regional"] * 9 + ["global"] * 14
    changes = [float(change.replace("−", "-")) for _, change in rows]
    assert changes == [*sorted(changes[:9], reverse=True), *sorted(changes[9:], reverse=True)]


def test_excluded_rows_are_not_said_to_lack_evidence(facts):
    card = render_card(facts)  # none: 3,310, of which 3,300 excluded
    assert "| none | 10 | says nothing about where it belongs |" in card
    assert "| excluded | 3,300 | takes no part, by the configuration |" in card


def test_a_gain_whose_bound_is_below_zero_is_not_claimed(facts):
    card = render_card(changed(facts, "evaluation", gain={"points": 0.01, "percent": 12.0, "low_percent": -1.5}))
    assert "its lower bound at 95 % confidence is −1.5 %, so a gain is not established" in card


def test_beta_zero_says_that_the_base_is_unchanged(facts):
    card = render_card(changed(facts, "merging", beta=0.0))
    assert "**β = 0: no mix was good enough, and this model is the base unchanged.**" in card
    assert " rose from " not in card


def test_a_partial_merge_says_so(facts):
    card = render_card(changed(facts, "merging", only=["vision_model*"]))
    assert "each merged weight is 0.3" in card
    assert 'only=["vision_model*"]' in card


HOSTILE = [
    "a|b\n| x | y |",
    "<script>alert(1)</script>",
    "`rm -rf`",
    "```\n# heading\n```",
    "x\n---\nlicense: mit\n---",
    "# heading",
    "- item",
    "1. item",
    "[link](javascript:alert(1))",
    "![picture](http://example.com/x.png)",
    "**bold** _it_ ~~no~~",
    "{{ 7 * 7 }} {% raw %}",
    "$$x^2$$",
    "\u202eevil\u2066",
    KEEP_START,
    "</details>",
    "&lt;b&gt;",
    '": "',
    "x" * 10_000,
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_shows_and_does_nothing(facts, text):
    steps = []
    for step in facts.steps:
        swapped = {key: text if isinstance(value, str) and key != "kind" else value for key, value in step.items()}
        swapped |= {key: {text: 7} for key in ("reasons", "licenses", "counts", "counted_out") if isinstance(step.get(key), dict)}
        if "by_language" in step:
            swapped["by_language"] = {text: next(iter(step["by_language"].values()))}
        if "stages" in step:
            swapped["stages"] = [{"name": text, "schedule": text, text: text}]
        steps.append(swapped | {"notes": [text]} if "notes" in step else swapped)
    hostile, model_type = CardFacts(tuple(steps)), facts.of("model")["model_type"]
    card = render_card(changed(hostile, "model", model_type=model_type))
    page, calm = html(card), html(render_card(facts))
    for tag in ("<script", "<img", "<a ", "<strong><em", "<del", "<h1"):
        assert page.count(tag) == calm.count(tag), tag
    assert page.count("</details>") == calm.count("</details>")
    assert page.count("<h2") == calm.count("<h2")
    assert page.count("<pre>") == calm.count("<pre>")
    assert "49" not in re.findall(r"<h1>(.*)</h1>", page)[0]
    assert card.splitlines().count(KEEP_START) == card.splitlines().count(KEEP_END) == 1
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", card)
    assert max(map(len, unfenced(card).splitlines())) < 3_000
    data = ModelCard(card).data
    assert data.library_name == "transformers"
    assert data.license == "unknown"
    for table in re.findall(r"<table>.*?</table>", page, flags=re.DOTALL):
        width = table.count("<th ")
        assert all(row.count("<td") == width for row in re.findall(r"<tr>.*?</tr>", table, flags=re.DOTALL)[1:]), table


def test_a_hand_written_section_survives(folder):
    path = write_card(folder)
    written = path.read_text().replace(f"{KEEP_START}\n", f"{KEEP_START}\nMade for *us*.\n\n\n\n| a | b |\n{{{{ x }}}}\n")
    assert "## Notes" not in written
    written = written.replace("<!-- What you write", "## Notes\n\n<!-- What you write")
    path.write_text(written)
    assert write_card(folder).read_text() == written
    CardFacts.load(folder).with_step("limits", notes=["new"]).save(folder)
    again = write_card(folder).read_text()
    assert "Made for *us*.\n\n\n\n| a | b |\n{{ x }}\n" in again
    assert "- new\n" in again


def test_writing_twice_changes_nothing(folder):
    first = write_card(folder).read_bytes()
    assert write_card(folder).read_bytes() == first


def test_somebodys_own_readme_is_not_replaced_unasked(folder):
    (folder / "README.md").write_text("# mine")
    with pytest.raises(OutputExistsError, match="was not written by hf-regional"):
        write_card(folder)
    assert (folder / "README.md").read_text() == "# mine"
    assert write_card(folder, overwrite=True).read_text().startswith("---\n")


@pytest.mark.parametrize("left", [KEEP_START, KEEP_END, f"{KEEP_END}\n{KEEP_START}"])
def test_a_lost_marker_loses_no_text(folder, left):
    (folder / "README.md").write_text(f"# mine\n{left}\nkept text\n")
    with pytest.raises(DamagedFileError, match="marker of the hand-written section is missing"):
        write_card(folder, overwrite=True)
    assert "kept text" in (folder / "README.md").read_text()


def test_without_facts_there_is_no_card(tmp_path):
    with pytest.raises(MissingFileError, match=r"regional\.json"):
        write_card(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_plot_is_shown_when_it_is_there(folder):
    assert "tradeoff.png" not in write_card(folder).read_text()
    (folder / "tradeoff.png").touch()
    assert "](tradeoff.png)" in write_card(folder).read_text()


HEADINGS = {
    "model": "## How to use it",
    "filtering": "## Data",
    "training": "## Training",
    "choosing": "## How β was chosen",
    "evaluation": "## Results",
}


@pytest.mark.parametrize("kind", HEADINGS)
def test_a_step_that_did_not_run_has_no_section(facts, kind):
    card = render_card(CardFacts(tuple(step for step in facts.steps if step["kind"] != kind)))
    assert HEADINGS[kind] in render_card(facts)
    assert HEADINGS[kind] not in card
    assert_tidy(card)


def test_nothing_known_is_still_a_card():
    card = render_card(CardFacts())
    assert ModelCard(card).data.license == "unknown"
    assert_tidy(card)


def without_one_field(facts: CardFacts):
    for place, step in enumerate(facts.steps):
        for key in step.keys() - {"kind"}:
            left = {name: value for name, value in step.items() if name != key}
            yield f"{step['kind']}.{key}", CardFacts((*facts.steps[:place], left, *facts.steps[place + 1 :]))


def test_any_single_field_may_be_missing(facts):
    for name, fewer in without_one_field(facts):
        assert_tidy(render_card(fewer), name)


@pytest.mark.parametrize("value", [None, "x", 3, -0.0, True, [], [None], {}, {"a": None}, [[1]], {"global": "x"}])
def test_a_field_of_another_type_is_shown_or_named(facts, value):
    for name, _ in without_one_field(facts):
        kind, key = name.split(".")
        said = ""
        try:
            card = render_card(changed(facts, kind, **{key: value}))
        except DamagedFileError as error:
            card, said = "", str(error)
        assert card or f"({kind}): {key} should be" in said


def assert_tidy(card: str, name: str = "") -> None:
    text = unfenced(card)
    for leftover in ("None", "Undefined", "nan", "()", "( ", " ,", " .", "..", ",,", "%%", "\n\n\n", "{{", "{%", "** **", "****", " %  "):
        assert leftover not in text, f"{leftover!r} in the card without {name}: {re.findall('.*' + re.escape(leftover) + '.*', text)}"
    assert not re.search(r"\S  +\S", re.sub(r"^\|.*$", "", text, flags=re.MULTILINE)), name


def test_importing_cards_loads_no_torch():
    code = "import sys, hf_regional.cards.card; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
