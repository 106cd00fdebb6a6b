"""`worldcuisines/vqa-v1.1`: as the first edition, with options in a list of five, and `images.tar.gz`."""

import json
from pathlib import Path

from miniatures.archives import tar_gz
from miniatures.pictures import jpeg

_LANGUAGES = ("en", "id_formal", "jv_ngoko", "th", "yue")
_OPTIONS = ("Indonesia", "Hungary", "Japan", "Peru", "Ghana")


def row(language: str, place: int, task: str) -> dict[str, object]:
    return {
        "qa_id": f"{task}-{place}",
        "lang": language,
        "question": f"({language}) Which country is this dish associated with?",
        "options": [f"{language} {name}" for name in _OPTIONS],
        "mcq_answer_index": place,
        "answer": f"{language} {_OPTIONS[place]}",
        "image_path": f"images/{place}.jpg",
        "prompt_type": "2" if task == "task2" else "1",
        "food_id": str(place),
    }


def write(folder: Path) -> None:
    for task in ("task1", "task2"):
        here = folder / "hf_prompt" / f"large_eval_{task}"
        here.mkdir(parents=True)
        for language in _LANGUAGES:
            lines = [json.dumps(row(language, place, task), ensure_ascii=False) for place in range(3)]
            (here / f"{language}_large_eval_{task}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    # Picture 2 is in no archive; the last member leads out of the folder.
    tar_gz(folder / "images.tar.gz", {"images/0.jpg": jpeg(0), "./images/1.jpg": jpeg(1), "../../escaped.jpg": jpeg(9)})
