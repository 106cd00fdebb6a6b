"""WIT as downloaded: packed files with a tab between cells and quotes where a cell needs them; pictures are addresses at Wikimedia."""

import csv
import gzip
import io
from pathlib import Path

COLUMNS = (
    "language", "page_url", "image_url", "page_title", "section_title", "hierarchical_section_title", "caption_reference_description",
    "caption_attribution_description", "caption_alt_text_description", "mime_type", "original_height", "original_width", "is_main_image",
    "attribution_passes_lang_id", "page_changed_recently", "context_page_description", "context_section_description",
)  # fmt: skip


def row(language: str, number: int, **cells: str) -> dict[str, str]:
    return {
        **dict.fromkeys(COLUMNS, ""),
        "language": language, "page_url": f"https://{language}.wikipedia.org/wiki/{number}", "image_url": f"{{site}}/{number}.jpg",
        "page_title": f"Halaman {number}", "mime_type": "image/jpeg", "original_height": "18", "original_width": "24",
        "is_main_image": "true", "context_page_description": 'Satu\n"dua"\ttiga', **cells,
    }  # fmt: skip


ROWS = (
    row("id", 31, caption_reference_description="Rumah gadang di Bukittinggi", caption_alt_text_description="rumah"),
    row("fil", 32, caption_attribution_description="English: Jeepneys in Manila"),
    row("my", 33, caption_alt_text_description="ရွှေတိဂုံဘုရား"),
    row("vi", 34),  # without a text
    row("de", 35, caption_reference_description="Bahnhof"),
    row("jv", 36, caption_reference_description="Candhi", image_url="{site}/gone/36.jpg"),
)


def write(folder: Path, site: str) -> None:
    for part, shards in (("train", 10), ("val", 5), ("test", 5)):
        text = io.StringIO(newline="")
        table = csv.DictWriter(text, COLUMNS, delimiter="\t", lineterminator="\n")
        table.writeheader()
        table.writerows({**each, "image_url": each["image_url"].format(site=site)} for each in ROWS)
        (folder / f"wit_v1.{part}.all-00000-of-000{shards:02d}.tsv.gz").write_bytes(gzip.compress(text.getvalue().encode()))
