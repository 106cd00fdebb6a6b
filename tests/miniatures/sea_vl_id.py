"""`KORIKA-AI/sea-vl_crowdsourcing_id`: as `sea_vl`, of Indonesia, with mean scores."""

from pathlib import Path

import datasets

from miniatures.sea_vl import COLUMNS, row

_ROWS = (  # relevance, fit, quality, how many people
    (("A gamelan plays.", "Gamelan dimainkan."), (5.0, 1.0, 1.0, 3)),
    (("Rendang in a pan.", "Rendang di wajan."), (4.5, 1.0, 0.67, 2)),
    (("A street at noon.", "Jalan di siang hari."), (3.0, 0.67, 1.0, 4)),
)
_SCORES = ("avg_cultural_relevance", "avg_caption_fit", "avg_img_quality")


def write(folder: Path) -> None:
    rows = [
        row(number, (*captions, "Indonesia", "Indonesian (ind)")) | dict(zip((*_SCORES, "n_annotator"), scores, strict=True))
        for number, (captions, scores) in enumerate(_ROWS)
    ]
    scores = dict.fromkeys(_SCORES, datasets.Value("float64")) | {"n_annotator": datasets.Value("int64")}
    (folder / "data").mkdir()
    found = datasets.Dataset.from_list(rows, features=datasets.Features({**COLUMNS, **scores}))
    found.to_parquet(str(folder / "data" / "train-00000-of-00001.parquet"))
