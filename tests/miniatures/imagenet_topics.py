"""The map of topics with three of its rows as they are published, ids in one text and some of them twice; a folder a class."""

from pathlib import Path

from miniatures.dollar_street import write_csv
from miniatures.pictures import jpeg

COLUMNS = (
    *("GeoDe", "DollarStreet", "Combined and renamed", "ImageNet21k classes", "ImageNet21k ids"),
    *("ImageNet1k classes", "ImageNet1k ids", "LAION?"),
)
_ROWS = (
    ("bag", "-", "bag", "bag, bag, bag", "n02773037, n02773838, n02774152", "", "", "yes"),
    ("-", "salt, taking a teaspoon of salt", "salt", "", "", "saltshaker, salt shaker", "n04131690, n04131690", ""),
    ("road_sign", "-", "road sign", "", "", "street sign", "n06794110 ", "yes"),
    ("-", "get water", "get water", "tap", "n04390977", "water bottle", "n04557648", ""),
    ("-", "water outlet", "water outlet", "faucet, tap", "n03325088, n04390977", "", "", "yes"),
    ("front_door", "front door", "front door", "", "", "", "", "yes"),
)


def write(folder: Path) -> None:
    write_csv(folder / "data_pre-processing.csv", [dict(zip(COLUMNS, row, strict=True)) for row in _ROWS], COLUMNS)
    for number, wnid in enumerate(("n02773037", "n02773838", "n04131690", "n06794110", "n04390977")):
        (folder / "imagenet21k" / wnid).mkdir(parents=True)
        for place in range(2):
            (folder / "imagenet21k" / wnid / f"{wnid}_{place}.JPEG").write_bytes(jpeg(2 * number + place))
