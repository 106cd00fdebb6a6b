"""A colour bitmap font and character sequences in, the pictures of those it draws as one glyph out."""

import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from fontTools.ttLib import TTFont
from PIL import Image

SKIN_TONES = frozenset(map(chr, range(0x1F3FB, 0x1F400)))
VARIATION_SELECTOR_16 = "\ufe0f"  # "draw me as a picture"; this font draws nothing else, and CLDR writes no sequence with it


def read_pictures(font_file: Path, sequences: Iterable[str]) -> dict[str, Image.Image]:
    """Sequence -> its (128, 136) RGB picture on white, for every sequence without a skin tone that the font draws as one glyph."""
    font = TTFont(font_file)
    (strike,) = font["CBDT"].strikeData
    characters = font.getBestCmap()
    # Lookups of another type drop selectors and break up flags that do not exist: nothing that an annotated sequence needs.
    ligatures = [lookup for lookup in font["GSUB"].table.LookupList.Lookup if lookup.LookupType == 4]
    pictures: dict[str, Image.Image] = {}
    for sequence in sequences:
        glyph = _one_glyph(sequence, characters, ligatures)
        if glyph in strike:
            pictures[sequence] = on_white(strike[glyph].imageData)
    return pictures


def on_white(png: bytes) -> Image.Image:
    """Put a bitmap with transparency on white, as RGB."""
    picture = Image.open(io.BytesIO(png)).convert("RGBA")
    white = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(white, picture).convert("RGB")


def _one_glyph(sequence: str, characters: dict[int, str], ligatures: list[Any]) -> str | None:
    if not SKIN_TONES.isdisjoint(sequence):
        return None
    glyphs = [characters.get(ord(character)) for character in sequence.replace(VARIATION_SELECTOR_16, "")]
    for lookup in ligatures:
        glyphs = _joined(glyphs, lookup)
    return glyphs[0] if len(glyphs) == 1 else None


def _joined(glyphs: list[str | None], lookup: Any) -> list[str | None]:
    """Apply one ligature lookup from left to right; fonts list the longest ligature of a first glyph first."""
    (table,) = lookup.SubTable
    joined: list[str | None] = []
    while glyphs:
        head, tail = glyphs[0], glyphs[1:]
        found = (ligature for ligature in table.ligatures.get(head, ()) if tail[: len(ligature.Component)] == ligature.Component)
        if ligature := next(found, None):
            head, tail = ligature.LigGlyph, tail[len(ligature.Component) :]
        joined.append(head)
        glyphs = tail
    return joined
