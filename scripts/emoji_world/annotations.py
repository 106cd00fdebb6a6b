"""CLDR's XML and label files in; names, keywords and groups of character sequences out."""

import re
import unicodedata
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from pathlib import Path

INHERITED = "↑↑↑"  # CLDR's mark for "as in the parent locale"
REGIONAL_INDICATORS = frozenset(map(chr, range(0x1F1E6, 0x1F200)))
TAG_BASE = "\U0001f3f4"  # the black flag that England, Scotland and Wales are spelled with


@dataclass(slots=True)
class Annotation:
    """What one language says of one sequence."""

    name: str | None = None
    keywords: list[str] = field(default_factory=list)


def read_annotations(cldr: Path, language: str) -> dict[str, Annotation]:
    """Sequence -> its name (`type="tts"`) and keywords in one language, from `annotations` and `annotationsDerived`."""
    found: dict[str, Annotation] = {}
    for folder in ("annotations", "annotationsDerived"):
        for element in ET.parse(cldr / folder / f"{language}.xml").iter("annotation"):
            annotation = found.setdefault(element.attrib["cp"], Annotation())
            texts = [text for raw in (element.text or "").split("|") if (text := clean(raw)) and text != INHERITED]
            if element.get("type") == "tts":
                annotation.name = texts[0] if texts else None
            else:
                annotation.keywords = texts
    return found


def clean(text: str) -> str:
    """NFC, with runs of white space as one space."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def read_groups(cldr: Path) -> dict[str, str]:
    """Sequence -> its group ("Food & Drink"), from `properties/labels.txt`, variation selectors dropped."""
    groups: dict[str, str] = {}
    for line in (cldr / "properties/labels.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            characters, group, *_ = (part.strip() for part in line.split(";"))
            groups |= dict.fromkeys(_members(characters), group)
    return groups


def group_of(sequence: str, groups: dict[str, str]) -> str | None:
    """Find a sequence's own group, else a flag's, else that of its first character, which a joined sequence varies."""
    if sequence[0] in REGIONAL_INDICATORS or (sequence[0] == TAG_BASE and len(sequence) > 1):
        return "Flags"
    return groups.get(sequence) or groups.get(sequence[0])


def _members(unicode_set: str) -> list[str]:
    """List the members of a set such as "[☺😀-😆{👨‍⚕️}]": characters, ranges and strings in braces."""
    members: list[str] = []
    for string, first, last, single in re.findall(r"\{([^}]+)\}|(.)-(.)|(.)", unicode_set[1:-1].replace("\ufe0f", "")):
        if first:
            members += map(chr, range(ord(first), ord(last) + 1))
        else:
            members.append(string or single)
    return members
