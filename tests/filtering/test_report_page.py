"""What is written: JSON that any parser reads, Markdown whose tables are tables, and a page on which hostile texts are only texts."""

import html.parser
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from markdown_it import MarkdownIt

from hf_regional.filtering import filter_regional, only
from hf_regional.filtering.report import FilterReport, Tally
from hf_regional.regions import Region

SEA = Region("SEA")
HOSTILE = (
    "<script>alert('caption')</script>",
    '"><img src=x onerror=alert(1)>',
    "</style></script><b>out</b>",
    "{{ 7 * 7 }} {% for %}",
    "\u202egnp.exe | `code` **bold** [link](javascript:alert(1))",
    "W" * 5000,
    "line\nbreak\r\n# heading\n\n| a | b |",
)


def hostile_report() -> FilterReport:
    """Every text that a user can put anywhere: captions, sources, licences, addresses, names of columns and exclusions."""
    table = pa.table(
        {
            "text": [*HOSTILE] * 2,
            "language": ["id", "lo"] * 7,
            "source": [*HOSTILE] * 2,
            "license": [*HOSTILE] * 2,
            "url": ["javascript:alert(1)", "https://e.org/<b>", *HOSTILE[2:]] * 2,
            HOSTILE[1]: [1.0, 0.0] * 7,
        }
    )
    columns: dict[str, Any] = {**only("language"), "language": "language"}
    return filter_regional(
        table,
        SEA,
        columns=columns,
        quality=f"column:{HOSTILE[1]}",
        min_quality=0.5,
        samples=20,
        exclude={"source": [HOSTILE[0], None]},
    ).report


class Reader(html.parser.HTMLParser):
    """What a browser would make of the page: tags, attributes and visible text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_hostile_texts_are_shown_and_do_nothing() -> None:
    read = Reader(hostile_report().to_html())
    assert [tag for tag, _ in read.tags].count("script") == 1
    assert not [tag for tag, _ in read.tags if tag == "img"]
    assert not [name for _, attributes in read.tags for name in attributes if name.startswith("on")]
    links = [attributes["href"] or "" for tag, attributes in read.tags if tag == "a"]
    assert all(link.startswith(("https://", "http://", "#")) for link in links)
    text = "".join(read.texts)
    assert "<script>alert('caption')</script>" in text
    assert "{{ 7 * 7 }}" in text
    assert "\u202e" not in text


def test_the_page_fetches_nothing_and_forbids_it() -> None:
    page = hostile_report().to_html()
    read = Reader(page)
    policy = next(attributes["content"] or "" for _, attributes in read.tags if attributes.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'; img-src data:;")
    assert not [tag for tag, _ in read.tags if tag in ("link", "iframe", "object", "embed", "base")]
    assert not re.findall(r"@import|url\(", page)
    assert all((attributes.get("src") or "data:").startswith("data:") for _, attributes in read.tags)


def test_the_page_is_usable_without_eyes_and_without_a_mouse() -> None:
    read = Reader(hostile_report().to_html())
    tags = [tag for tag, _ in read.tags]
    assert ("html", {"lang": "en"}) in read.tags
    assert tags.count("h1") == tags.count("main") == 1
    assert all("scope" in attributes for tag, attributes in read.tags if tag == "th")
    assert all(attributes.get("tabindex") == "0" for _, attributes in read.tags if attributes.get("class") == "scroll")
    ids = [attributes["id"] for _, attributes in read.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {attributes["aria-labelledby"] for _, attributes in read.tags if "aria-labelledby" in attributes} <= set(ids)


def test_json_is_json_and_says_the_same_numbers() -> None:
    report = hostile_report()
    read = json.loads(json.dumps(report.as_dict(), allow_nan=False))
    assert read["rows"] == 14
    for group, parts in read["groups"].items():
        assert sum(part["rows"] for part in parts.values()) == 14, group
        assert sum(part["kept"] for part in parts.values()) == read["kept"], group
        assert all(part["rows"] == part["kept"] + sum(part["lost"].values()) for part in parts.values())
    steps = [*read["steps"].values()]
    assert steps[0]["came"] == 14
    assert steps[-1]["passed"] == read["kept"]
    assert [step["came"] for step in steps[1:]] == [step["passed"] for step in steps[:-1]]
    assert {sample["reason"] for sample in read["samples"]} == {reason for reason, rows in read["reasons"].items() if rows}


def test_markdown_tables_are_tables_and_texts_in_them_stay_texts() -> None:
    text = hostile_report().to_markdown()
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    html = MarkdownIt("commonmark").enable("table").render(text)
    assert "<script>" not in html
    assert "<img" not in html
    assert 'href="javascript' not in html
    widths: list[int] = []
    for token in tokens:
        if token.type == "tr_open":
            widths.append(0)
        if token.type in ("td_open", "th_open"):
            widths[-1] += 1
    assert [token.type for token in tokens].count("table_open") == 7  # steps, five groups, reasons
    assert [token.content for token in tokens if token.type == "inline" and token.content.startswith("|")] == []
    assert [token.tag for token in tokens if token.type == "heading_open"].count("h1") == 1


def erased() -> FilterReport:
    languages = ["id"] * 900 + ["lo"] * 60 + ["en"] * 200
    table = pa.table(
        {"language": languages, "text": [f"Row {number}" for number in range(1160)], "score": [1.0] * 900 + [0.0] * 60 + [1.0] * 200}
    )
    return filter_regional(table, SEA, columns=only("language"), quality="column:score", min_quality=0.5, samples=3).report


def test_an_erased_language_is_the_first_thing_that_is_said() -> None:
    report = erased()
    page, text = report.to_html(), report.to_markdown()
    assert "Stands out" in page
    assert page.index("Lao (lo)") < page.index("Indonesian (id)")
    assert '<strong class="tag">erased</strong>' in page
    assert "- **quality erased Lao (lo)**: none of 60 rows passed; of all other languages 100% did (900 of 900)." in text
    assert "| Lao (lo) | 60 | 100% | **▼ 0%** | 0 |" in text
    clean = filter_regional(pa.table({"language": ["id", "en"]}), SEA).report
    assert "Nothing stands out" in clean.to_html()
    assert "erased" not in re.sub(r"<style>.*?</style>", "", clean.to_html(), flags=re.DOTALL)


def test_a_report_without_rows_can_be_read_too() -> None:
    empty = FilterReport("SEA", {}, Tally())
    assert "0 of 0 rows kept" in empty.to_html()
    assert "0 of 0 rows kept" in empty.to_markdown()
    assert "No rows were sampled" in empty.to_html()


def test_all_three_are_written_and_twice_the_same(tmp_path: Path) -> None:
    for name in ("a", "b"):
        assert erased().write(tmp_path / name) == tmp_path / name
    names = ["report.html", "report.json", "report.md"]
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == names
    assert all((tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes() for name in names)
    assert json.loads((tmp_path / "a" / "report.json").read_text(encoding="utf-8"))["losses"][1]["value"] == "lo"


PROBE = """
<script>
addEventListener("load", () => {
  const rows = () => document.querySelectorAll("article:not([hidden])").length;
  const form = document.querySelector("form");
  const all = rows();
  form.elements.verdict.value = "kept";
  form.dispatchEvent(new Event("input"));
  const kept = rows();
  document.querySelector("a[data-language=lo]").click();
  setTimeout(() => {
    const lao = [...document.querySelectorAll("article:not([hidden])")].every((row) => row.dataset.language === "lo");
    document.title = JSON.stringify([all, kept, rows(), lao, form.querySelector("output").value]);
  }, 50);
});
</script></body>"""


@pytest.mark.slow
def test_a_browser_opens_the_page_and_its_filters_work(tmp_path: Path) -> None:
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("neither chromium nor google-chrome is installed: apt-get install chromium")
    report = erased()
    page = report.to_html()
    # Another script than the page's own is stopped by its policy: for this probe the policy goes.
    probed = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page).replace("</body>", PROBE)
    titles: list[str] = []
    for name, text in (("own", page.replace("</body>", PROBE)), ("probed", probed)):
        (tmp_path / f"{name}.html").write_text(text, encoding="utf-8")
        dom = subprocess.run(
            [
                browser,
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-background-networking",
                f"--user-data-dir={tmp_path / 'profile'}",
                "--virtual-time-budget=2000",
                "--dump-dom",
                (tmp_path / f"{name}.html").as_uri(),
            ],
            check=True,
            capture_output=True,
            text=True,
            timeout=120,
        ).stdout
        titles.append(re.findall(r"<title>(.*?)</title>", dom)[0])
    assert titles[0].startswith("Southeast Asia: 900 of 1,160")  # the policy held
    samples = report.samples
    lao = [sample for sample in samples if sample.groups["language"] == "lo"]
    kept = [sample for sample in samples if sample.verdict == "kept"]
    assert json.loads(titles[1]) == [len(samples), len(kept), len(lao), True, f"{len(lao)} of {len(samples)} sampled rows"]
