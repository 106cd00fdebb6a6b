"""`aliasgerovs/azclip-caption`: coco_captions.csv, and a folder of pictures that are named by numbers of twelve digits."""

from pathlib import Path

from miniatures.dollar_street import write_csv
from miniatures.pictures import jpeg

_CAPTIONS = ("Dəniz kənarında bir it qaçır.", "İt suya doğru qaçır.")


def write(folder: Path) -> None:
    names = [f"{391895 + number:012d}.jpg" for number in range(3)]
    write_csv(
        folder / "coco_captions.csv", [{"image": name, "caption": text} for name in names for text in _CAPTIONS], ("image", "caption")
    )
    (folder / "Images").mkdir()
    for number, name in enumerate(names):
        (folder / "Images" / name).write_bytes(jpeg(number))
