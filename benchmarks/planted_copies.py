"""Pictures that look like photographs to a hash, and the ways in which copies of a picture differ from it. Needs no files."""

import io
from collections.abc import Callable
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

Change = Callable[[Image.Image], Image.Image]


def picture(seed: int, width: int = 320, height: int = 240) -> Image.Image:
    """A scene: light falling off in some direction, coarse and fine structure as photographs have it, and a few things in it.

    The tones are those of 29 photographs of homes (Dollar Street): grey 105 on average, 54 its deviation within a picture, a tenth of
    the values above 196, where brightening by 30 % begins to cut off.
    """
    random = np.random.default_rng(seed)
    grid = np.mgrid[0:height, 0:width] / np.array([height, width])[:, None, None] - 0.5
    light = np.tensordot(random.normal(size=2), grid, 1)[..., None] * random.normal(1, 0.3, 3)
    structure = sum(_noise(random, width, height, cells) / cells**0.6 for cells in (3, 6, 12, 25, 50, 100))
    scene = Image.fromarray(np.clip(random.uniform(60, 140) + 90 * light + 105 * structure, 0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(scene)
    for _ in range(random.integers(2, 7)):
        x, y = random.uniform(-0.1, 0.9, 2) * (width, height)
        box = (x, y, x + random.uniform(0.1, 0.5) * width, y + random.uniform(0.1, 0.5) * height)
        shape = (draw.ellipse, draw.rectangle)[random.integers(2)]
        shape(box, fill=tuple(int(value) for value in random.integers(5, 216, 3)))
    return scene.filter(ImageFilter.GaussianBlur(0.7))


def recompressed(image: Image.Image, quality: int) -> Image.Image:
    """Write it as JPEG and read that."""
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return Image.open(file)


def resized(image: Image.Image, factor: float) -> Image.Image:
    """Make it smaller or larger, as most programs do."""
    return image.resize((max(round(image.width * factor), 1), max(round(image.height * factor), 1)), Image.Resampling.BICUBIC)


def brightened(image: Image.Image, factor: float) -> Image.Image:
    """Multiply every channel; what is above white is cut off."""
    return ImageEnhance.Brightness(image).enhance(factor)


def cropped(image: Image.Image, *shares: float) -> Image.Image:
    """Cut shares of its width and height off the left, upper, right and lower side."""
    left, upper, right, lower = shares
    return image.crop(
        (
            round(image.width * left),
            round(image.height * upper),
            round(image.width * (1 - right)),
            round(image.height * (1 - lower)),
        )
    )


CHANGES: Final[dict[str, Change]] = {
    **{f"recompress, quality {quality}": lambda image, quality=quality: recompressed(image, quality) for quality in (30, 50, 75, 90)},
    **{f"resize, {factor:g} times": lambda image, factor=factor: resized(image, factor) for factor in (0.3, 0.5, 0.75, 1.5, 2)},
    **{f"brighten, {factor - 1:+.0%}": lambda image, factor=factor: brightened(image, factor) for factor in (0.7, 0.8, 1.2, 1.3)},
    "all three": lambda image: recompressed(brightened(resized(image, 0.6), 1.15), 60),
}
# Measured and printed, not promised: a crop moves every edge, and the hash says where the edges are.
CROPS: Final[dict[str, Change]] = {
    **{f"crop, {share:.0%} on each side": lambda image, share=share: cropped(image, *[share] * 4) for share in (0.01, 0.02, 0.03, 0.05)},
    **{f"crop, {share:.0%} on one side": lambda image, share=share: cropped(image, share, 0, 0, 0) for share in (0.02, 0.05)},
}


def as_jpeg(image: Image.Image, quality: int = 92) -> bytes:
    """The bytes of a file."""
    file = io.BytesIO()
    image.convert("RGB").save(file, "JPEG", quality=quality)
    return file.getvalue()


def _noise(random: np.random.Generator, width: int, height: int, cells: int) -> np.ndarray:
    """Smooth noise of so many cells across, (height, width, 3), about -1 to 1; the channels go together, mostly."""
    grey = random.normal(size=(max(cells * height // width, 2), cells, 1))
    field = 0.8 * grey + 0.35 * random.normal(size=(*grey.shape[:2], 3))
    size = (width, height)
    layers = [Image.fromarray(field[..., channel].astype(np.float32)).resize(size, Image.Resampling.BICUBIC) for channel in range(3)]
    return np.stack([np.asarray(layer) for layer in layers], axis=-1)
