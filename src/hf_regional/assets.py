"""Assets: the folders at the repository's top that travel in the wheel (card templates), found in either place.

folder = asset_folder("cards")   # a Path that holds model_card.md.jinja
"""

from importlib import resources
from pathlib import Path
from typing import Final

from hf_regional.errors import MissingFileError

_IN_WHEEL: Final = "_assets"


def asset_folder(name: str, *, package: Path | None = None) -> Path:
    """The folder of assets called `name`: from the wheel first, else from the top of the checkout.

    Args:
        name: a folder that the wheel carries, such as `"cards"`.
        package: where the package lies; by default where it was imported from.

    Raises:
        MissingFileError: neither place has it.

    >>> (asset_folder("cards") / "model_card.md.jinja").is_file()
    True
    """
    package = package or Path(str(resources.files("hf_regional")))
    places = [package / _IN_WHEEL / name, *_in_checkout(package, name)]
    for place in places:
        if place.is_dir():
            return place
    looked = ", ".join(str(place) for place in places)
    raise MissingFileError(
        f"the folder of assets {name!r} is missing (looked in {looked}). Reinstall hf-regional, or run from a whole checkout."
    )


def _in_checkout(package: Path, name: str) -> list[Path]:
    # Only beside a pyproject.toml: two levels above an installed package is somebody else's lib folder.
    top = package.parent.parent
    return [top / name] if (top / "pyproject.toml").is_file() else []
