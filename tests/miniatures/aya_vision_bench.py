"""`CohereLabs/AyaVisionBench`: a configuration a language, one split; the picture is a list, of two where they are compared."""

from pathlib import Path

import datasets

from miniatures.pictures import cell

_TEXT = datasets.Value("string")
_FEATURES = datasets.Features(
    {
        "image": datasets.List(datasets.Image()),
        "image_source": _TEXT,
        "image_source_category": _TEXT,
        "index": datasets.Value("int64"),
        "prompt": _TEXT,
        "reference": _TEXT,
        "language": _TEXT,
    }
)
_CONFIGS = (
    "arb_Arab", "ces_Latn", "deu_Latn", "ell_Grek", "eng_Latn", "fra_Latn", "heb_Hebr", "hin_Deva", "ind_Latn", "ita_Latn", "jpn_Jpan",
    "kor_Hang", "nld_Latn", "pes_Arab", "pol_Latn", "por_Latn", "ron_Latn", "rus_Cyrl", "spa_Latn", "tur_Latn", "ukr_Cyrl", "vie_Latn",
    "zho_Hans",
)  # fmt: skip


def _row(config: str, number: int) -> dict[str, object]:
    return {
        "image": [cell(number), cell(number + 1)][: number + 1],
        "image_source": f"https://example.org/{number}.jpg",
        "image_source_category": ("Captioning", "Spotting differences")[number],
        "index": number,
        "prompt": f"({config}) prompt {number}",
        "reference": f"({config}) reference {number}",
        "language": config,
    }


def write(folder: Path) -> None:
    for config in _CONFIGS:
        (folder / config).mkdir()
        rows = datasets.Dataset.from_list([_row(config, number) for number in range(2)], features=_FEATURES)
        rows.to_parquet(str(folder / config / "test-00000-of-00001.parquet"))
