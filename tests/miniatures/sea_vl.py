"""`SEACrowd/sea-vl_crowdsourcing`: one split, train; several countries may stand in one cell, and a language as "Filipino (fil)"."""

from pathlib import Path

import datasets

from miniatures.pictures import cell

_ROWS = (  # English, native, countries, language
    ("Women weave songket.", "Perempuan menenun songket.", "Indonesia", "Indonesian (ind)"),
    ("Nasi lemak on a leaf.", "Nasi lemak di atas daun.", "Malaysia, Singapore", "Malay (zsm)"),
    ("A jeepney in Manila.", "Isang dyip sa Maynila.", "Philippines", "Filipino (fil)"),
    ("Thanaka on a cheek.", "ပါးပေါ်က သနပ်ခါး", "Myanmar", "Myanmar (mm)"),
    ("Sticky rice in a basket.", "ເຂົ້າໜຽວໃນກະຕິບ", "Laos, Thailand", "Lao (lao)"),
    ("A tais is woven.", "", "Timor-Leste", "Tetum (tet)"),
)
TEXT = datasets.Value("string")
COLUMNS = {
    "id": TEXT, "image": datasets.Image(), "caption": TEXT, "caption_native_lang": TEXT, "culture_relevant_loc": TEXT, "native_lang": TEXT,
}  # fmt: skip


def row(number: int, said: tuple[str, str, str, str]) -> dict[str, object]:
    caption, native, places, language = said
    return {
        "id": f"{1000 + number}", "image": cell(number), "caption": caption, "caption_native_lang": native,
        "culture_relevant_loc": places, "native_lang": language,
    }  # fmt: skip


def write(folder: Path) -> None:
    rows = [row(number, said) for number, said in enumerate(_ROWS)]
    (folder / "data").mkdir()
    for shard in range(2):  # as many as there are files: rows of one corpus come in shards
        part = datasets.Dataset.from_list(rows[3 * shard : 3 * shard + 3], features=datasets.Features(COLUMNS))
        part.to_parquet(str(folder / "data" / f"train-{shard:05d}-of-00002.parquet"))
