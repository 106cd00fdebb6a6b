"""`MAmmoTH-VL/MAmmoTH-VL-Instruct-12M`: two JSON arrays, and shards of archives by picture's path; `image` is a text or a list of texts."""

import json
from pathlib import Path

from miniatures.archives import tar_gz
from miniatures.pictures import jpeg


def _turns(*said: str) -> list[dict[str, str]]:
    return [{"from": ("human", "gpt")[place % 2], "value": text} for place, text in enumerate(said)]


SINGLE = [
    {
        "id": 0, "image": "LLaVA-OneVision-Data/food/1.jpg", "source": "food",
        "conversations": _turns("<image>\nWhich dish of Indonesia is this?", "It is rendang.", "And the meat?", "Beef."),
    },
    {"id": "b", "image": "Cambrian-10M/chart/2.jpg", "conversations": _turns("<image>\nRead the chart.", "It rises."), "source": "chart"},
    {"id": 2, "image": "LLaVA-OneVision-Data/food/1.jpg", "conversations": _turns("<image>\nIs it hot?", "Yes."), "source": "food"},
    {"id": 3, "conversations": _turns("What is 2 + 2?", "4."), "source": "text"},
    {"id": 4, "image": "Lost/9.jpg", "conversations": _turns("<image>\nWhat is lost?", "The picture."), "source": "lost"},
]  # fmt: skip
_SEVERAL = [
    {"id": 0, "image": ["M4/a.jpg", "M4/b.jpg"], "conversations": _turns("<image><image>\nCompare.", "One is red."), "source": "m4"},
    {"id": 1, "image": ["M4/a.jpg"], "conversations": _turns("<image>\nWhat is it?", "A batik of Java."), "source": "m4"},
    {"id": 2, "video": "v/1.mp4", "conversations": _turns("<video>\nWhat happens?", "A dance."), "source": "video"},
]


def write(folder: Path) -> None:
    (folder / "mammoth_si_10M.json").write_text(json.dumps(SINGLE, indent=2), encoding="utf-8")
    (folder / "mammoth_ov_2M.json").write_text(json.dumps(_SEVERAL, ensure_ascii=False), encoding="utf-8")
    tar_gz(folder / "single_image_data" / "shard_1.tar.gz", {"Cambrian-10M/chart/2.jpg": jpeg(2), "Unasked/7.jpg": jpeg(7)})
    tar_gz(folder / "single_image_data" / "shard_2.tar.gz", {"LLaVA-OneVision-Data/food/1.jpg": jpeg(1)})
    tar_gz(folder / "multi_image_data" / "shard_1.tar.gz", {"M4/a.jpg": jpeg(3), "M4/b.jpg": jpeg(4)})
