"""Declared: the folder of a model or a data set in, the licence that its own card names out."""

from pathlib import Path
from typing import Final

from hf_regional.licences import UNKNOWN

_FENCE: Final = "---"


def declared_licence(folder: Path) -> str:
    """The licence in the front matter of a folder's README.md; "unknown" where it has none: it is never guessed.

    Where the Hub's list has no identifier, `license: other` stands beside a `license_name`, which is the answer then.
    """
    card = folder / "README.md"
    lines = card.read_text(encoding="utf-8", errors="replace").splitlines() if card.is_file() else []
    if not lines or lines[0].strip() != _FENCE or _FENCE not in [line.strip() for line in lines[1:]]:
        return UNKNOWN
    import yaml  # models without a card are merged in less time than it takes to load

    end = next(number for number, line in enumerate(lines[1:], start=1) if line.strip() == _FENCE)
    try:
        found = yaml.safe_load("\n".join(lines[1:end]))
    except yaml.YAMLError:  # a card that nobody can read declares nothing
        return UNKNOWN
    fields = found if isinstance(found, dict) else {}
    named = fields.get("license_name") if fields.get("license") == "other" else None
    licence = named or fields.get("license")
    return str(licence[0] if isinstance(licence, list) and licence else licence) if licence else UNKNOWN
