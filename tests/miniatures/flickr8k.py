"""`aliasgerovs/azclip-caption`: flickr_captions.csv, and a folder of pictures that are named by numbers and a digest."""

from pathlib import Path

from miniatures.dollar_street import write_csv
from miniatures.pictures import jpeg

_CAPTIONS = ("Dəniz kənarında bir it qaçır.", "İt suya doğru qaçır.")


def write(folder: Path) -> None:
    names = [f"{1000268201 + number}_693b08cb0e.jpg" for number in range(3)]
    write_csv(
        folder / "flickr_captions.csv", [{"image": name, "caption": text} for name in names for text in _CAPTIONS], ("image", "caption")
    )
    (folder / "Images").mkdir()
    for number, name in enumerate(names):
        (folder / "Images" / name).write_bytes(jpeg(number))
