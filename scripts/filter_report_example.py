"""An example of the filter's report: made-up rows in 20 languages and a score that has never seen Lao in; the report's folder out.

    python scripts/filter_report_example.py example
    chromium --headless --window-size=1400,1080 --screenshot=page.png example/report.html

`docs/images/filter-report.png` is that screenshot, at 80 % and in 256 colours.
"""

import colorsys
import io
import random
import sys
from typing import Any

from datasets import Dataset, Features, Image, Value
from PIL import Image as Pictures
from PIL import ImageDraw

from hf_regional.filtering import filter_regional
from hf_regional.regions import language_name

# Rows by language, and where a third of them say that they are from.
ROWS = {
    "id": (1400, "Indonesia"),
    "ms": (520, "Malaysia"),
    "th": (900, "Thailand"),
    "vi": (980, "Viet Nam"),
    "fil": (430, "Philippines"),
    "my": (310, "Burma"),
    "km": (240, "Kampuchea"),
    "lo": (207, "Laos"),
    "jv": (120, "ID"),
    "ceb": (64, "PH"),
    "ta": (90, "Singapore"),
    "zh": (700, None),
    "en": (2400, None),
    "es": (420, "Mexico"),
    "fr": (260, "France"),
    "de": (210, "Germany"),
    "ja": (300, "Japan"),
    "hi": (330, "India"),
    "ar": (160, "Egypt"),
    "sw": (70, "Tanzania"),
}
SCORES = {"lo": (1.1, 0.35), "km": (2.25, 0.5)}  # mean and spread; of all others 3.4 and 1
FEATURES = Features(
    {
        "text": Value("string"),
        "language": Value("string"),
        "country": Value("string"),
        "score": Value("float32"),
        "source": Value("string"),
        "license": Value("string"),
        "image": Image(),
    }
)


def row(language: str, country: str | None, draw: random.Random) -> dict[str, Any]:
    return {
        "text": f"A made-up caption, which stands here for one in {language_name(language)}",
        "language": language if draw.random() < 0.93 else None,
        "country": country if draw.random() < 0.35 else None,
        "score": min(5.0, max(0.0, draw.gauss(*SCORES.get(language, (3.4, 1.0))))) if draw.random() < 0.985 else None,
        "source": draw.choices(["web", "encyclopaedia", "harvest", "video-stills"], [6, 3, 1, 0.4])[0],
        "license": draw.choices(["cc-by-4.0", "cc-by-sa-4.0", "cc0-1.0", None], [5, 3, 1, 1])[0],
        "image": {"bytes": picture(draw), "path": None},
    }


def picture(draw: random.Random) -> bytes:
    hue, out = draw.random(), io.BytesIO()
    image = Pictures.new("RGB", (240, 180), colour(hue, 0.45, 0.9))
    pen = ImageDraw.Draw(image)
    for _ in range(6):
        x, y, size = draw.randrange(240), draw.randrange(180), draw.randrange(20, 90)
        pen.ellipse((x - size, y - size // 2, x + size, y + size), fill=colour(hue + draw.random() / 3, 0.6, 0.3 + 0.7 * draw.random()))
    image.save(out, "JPEG", quality=70)
    return out.getvalue()


def colour(hue: float, saturation: float, value: float) -> tuple[int, ...]:
    return tuple(int(255 * part) for part in colorsys.hsv_to_rgb(hue % 1, saturation, value))


def main(folder: str) -> None:
    draw = random.Random(7)
    rows = [row(language, country, draw) for language, (count, country) in ROWS.items() for _ in range(count)]
    draw.shuffle(rows)
    filtered = filter_regional(
        Dataset.from_list(rows, features=FEATURES),
        "SEA",
        quality="column:score",
        min_quality=2.5,
        exclude={"source": ["video-stills"]},
        samples=6,
        pictures=True,
    )
    print(filtered.report.write(folder))


if __name__ == "__main__":
    main(sys.argv[1])
