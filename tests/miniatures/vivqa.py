"""ViVQA as downloaded: two CSV files whose first column has no name, and COCO's two zip archives of 2014."""

from pathlib import Path

from miniatures.coco_35l import write_pictures

_TRAIN = """,question,answer,img_id,type
3,màu của quả bóng là gì,màu đỏ,9,2
7,có bao nhiêu con mèo,hai,42,1
9,"con chó, nằm ở đâu",ghế,77,3
"""
_TEST = """,question,answer,img_id,type
3,cái gì ở trên bàn,bánh,25,0
"""


def write(folder: Path) -> None:
    (folder / "train.csv").write_text(_TRAIN, encoding="utf-8")
    (folder / "test.csv").write_text(_TEST, encoding="utf-8")
    write_pictures(folder)
