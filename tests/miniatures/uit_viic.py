"""UIT-ViIC as downloaded: three objects as COCO's captions are, with pictures' addresses and licences."""

import json
from pathlib import Path


def _picture(number: int, url: str, licence: int) -> dict[str, object]:
    return {
        "id": number, "license": licence, "file_name": f"{number:012d}.jpg", "coco_url": url, "height": 18, "width": 24,
        "flickr_url": f"http://farm1.staticflickr.com/{number}.jpg", "date_captured": "2013-11-14 17:02:52",
    }  # fmt: skip


def write(folder: Path, site: str) -> None:
    here = folder / "UIT-ViIC"
    here.mkdir()
    for first, split in enumerate(("train", "val", "test")):
        numbers = [10 * first + 51, 10 * first + 52]
        held = {
            "info": {"description": "UIT-ViIC"},
            "licenses": [
                {
                    "id": 1,
                    "name": "Attribution-NonCommercial-ShareAlike License",
                    "url": "http://creativecommons.org/licenses/by-nc-sa/2.0/",
                }
            ],
            "images": [_picture(numbers[0], f"{site}/{numbers[0]}.jpg", 1), _picture(numbers[1], f"{site}/gone/{numbers[1]}.jpg", 3)],
            "annotations": [
                {"id": 100 * first + place, "image_id": numbers[place % 2], "caption": f"Người đàn ông đang đánh tennis {place}"}
                for place in range(4)
            ],
        }
        (here / f"uitviic_captions_{split}2017.json").write_text(json.dumps(held, ensure_ascii=False), encoding="utf-8")
