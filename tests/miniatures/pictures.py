"""Little pictures that differ: bytes of a JPEG, and the struct in which `datasets` publishes one in Parquet."""

import io
import random

from PIL import Image


def jpeg(number: int, size: tuple[int, int] = (24, 18)) -> bytes:
    """A picture of its own colours for each number."""
    draw = random.Random(number)
    picture = Image.new("RGB", size, tuple(draw.randrange(256) for _ in range(3)))
    for _ in range(6):
        at = draw.randrange(size[0]), draw.randrange(size[1])
        picture.paste(tuple(draw.randrange(256) for _ in range(3)), (*at, at[0] + 6, at[1] + 5))
    data = io.BytesIO()
    picture.save(data, "JPEG", quality=90)
    return data.getvalue()


def cell(number: int) -> dict[str, object]:
    return {"bytes": jpeg(number), "path": f"{number}.jpg"}
