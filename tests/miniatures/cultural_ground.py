"""`neulab/CulturalGround`: a table of JSON lines and an archive of pictures a country; a missing value is the word "None"."""

import json
from pathlib import Path

from miniatures.archives import tar_gz
from miniatures.pictures import jpeg

_TABLES = "CulturalGround-Recipes/CulturalGround-Refined-OE"


def _row(entity: str, language: str, media: str, question: str, name: str, sentence: str) -> dict[str, str]:
    return {
        "id": entity, "property_id": "P131", "question_type": "property", "language": language, "image": "None", "media": media,
        "label": name, "original_question": f"Template: {question}", "original_answer": name,
        "reformulated_question": question, "reformulated_answer": sentence,
    }  # fmt: skip


_COUNTRIES = {
    "indonesia": [
        _row("Q42798", "id", "Q42798_Borobudur.jpg", "Di mana candi ini?", "Magelang", "Candi ini terletak di Magelang."),
        _row("Q42798", "en", "Q42798_Borobudur.jpg", "Where is this temple?", "Magelang", "None"),
        _row("Q3757", "id", "Q3757_Lost.jpg", "Di mana ini?", "Jambi", "Ini di Jambi."),
    ],
    "thailand": [_row("Q1861", "th", "Q1861_Bangkok.png", "นี่คือเมืองอะไร", "กรุงเทพฯ", "นี่คือกรุงเทพฯ")],
    "south_korea": [_row("Q8684", "ko", "Q8684_Seoul.jpg", "여기는 어디입니까?", "서울", "여기는 서울입니다.")],
}


def write(folder: Path) -> None:
    (folder / _TABLES).mkdir(parents=True)
    for number, (country, rows) in enumerate(_COUNTRIES.items()):
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (folder / _TABLES / f"{country}_refined.jsonl").write_text(lines, encoding="utf-8")
        names = sorted({row["media"] for row in rows} - {"Q3757_Lost.jpg"})
        pictures = {f"{country}/{name}": jpeg(10 * number + place) for place, name in enumerate(names)}
        tar_gz(folder / "CultureGroundImages" / f"{country}.tar.gz", pictures)
