"""CUB-Bahasa as downloaded: one object of captions in both languages, and CUB-200-2011 as it is unpacked."""

import json
from pathlib import Path

from miniatures.pictures import jpeg

_PICTURES = {
    1: "001.Black_footed_Albatross/Black_Footed_Albatross_0046_18.jpg",
    2: "001.Black_footed_Albatross/Black_Footed_Albatross_0009_34.jpg",
    3: "029.American_Crow/American_Crow_0009_25053.jpg",
    4: "029.American_Crow/American_Crow_0010_25059.jpg",  # without captions
}
_CLASSES = {1: 1, 2: 1, 3: 29, 4: 29}
_IS_TRAIN = {1: 0, 2: 1, 3: 1, 4: 1}


def write(folder: Path) -> None:
    captions = [
        {"english": f"this bird has a long wing {place}", "indo": f"burung ini memiliki sayap panjang {place}"} for place in range(2)
    ]
    held = {"dataset": [{"filename": path.split("/")[1], "captions": captions} for number, path in _PICTURES.items() if number < 4]}
    (folder / "indo_cub_200_2011_captions.json").write_text(json.dumps(held), encoding="utf-8")
    here = folder / "CUB_200_2011"
    for number, path in _PICTURES.items():
        (here / "images" / path).parent.mkdir(parents=True, exist_ok=True)
        (here / "images" / path).write_bytes(jpeg(number))
    for name, table in (("images", _PICTURES), ("image_class_labels", _CLASSES), ("train_test_split", _IS_TRAIN)):
        (here / f"{name}.txt").write_text("".join(f"{number} {word}\n" for number, word in table.items()), encoding="utf-8")
