"""`uitnlp/OpenViVQA-dataset`: an object of pictures' names and questions for each split, and a zip archive of pictures."""

import json
from pathlib import Path

from miniatures.archives import zipped
from miniatures.pictures import jpeg

_FOLDERS = {"train": "training-images", "dev": "dev-images", "test": "test-images"}


def write(folder: Path) -> None:
    for number, (split, inner) in enumerate(_FOLDERS.items()):
        first = 10 * number
        questions = {
            str(first + place): {"image_id": first + place % 2, "question": f"cô gái thứ {place} mặc gì ?", "answer": "áo dài"}
            for place in range(3)
        }
        if split == "test":
            del questions[str(first)]["answer"]  # kept back by its makers
        # Every split has a picture of the same name.
        images = {str(first): "000001.jpg", str(first + 1): f"{first}.jpg"}
        text = json.dumps({"images": images, "annotations": questions}, ensure_ascii=False)
        (folder / f"vlsp2023_{split}_data.json").write_text(text, encoding="utf-8")
        pictures = {f"{inner}/{name}": jpeg(first + place) for place, name in enumerate(images.values())}
        zipped(folder / f"{split}-images.zip", pictures)
