"""MaXM as unpacked: an object with `annotations` for each language, and another with questions that are answered by yes or no."""

import json
from pathlib import Path


def _asked(language: str, number: int, *answers: str) -> dict[str, object]:
    return {
        "question_id": f"{number:04d}", "question": f"({language}) {number}?", "answers": [*answers],
        "processed_answers": [answer.lower() for answer in answers], "is_collection": number % 2 == 1, "method": "translation",
    }  # fmt: skip


def annotations(language: str, site: str) -> dict[str, object]:
    return {
        "dataset": "maxm_v1",
        "annotations": [
            {
                "image_id": "00a1", "image_url": f"{site}/41.jpg",
                "qa_pairs": [_asked(language, 1, "Sabun", "sabun cuci"), _asked(language, 2, "Dua"), _asked(language, 5)],
            },
            {"image_id": "00b2", "image_url": [f"{site}/42.jpg"], "qa_pairs": [_asked(language, 3, "Tiga")]},
            {"image_id": "00c3", "image_url": f"{site}/gone/43.jpg", "qa_pairs": [_asked(language, 4, "Empat")]},
        ],
    }  # fmt: skip


def write(folder: Path, site: str) -> None:
    here = folder / "maxm_v1_release"
    here.mkdir()
    for language in ("en", "iw", "th"):
        for kind in ("", "yesno_"):
            text = json.dumps(annotations(language, site), ensure_ascii=False)
            (here / f"maxm_v1_{kind}{language}.json").write_text(text, encoding="utf-8")
