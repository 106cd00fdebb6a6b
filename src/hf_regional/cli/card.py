"""`hf-regional card`: the card of a folder, a model's or a dataset's."""

import argparse
from pathlib import Path
from typing import Any


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `card` takes."""
    parser.add_argument("folder", type=Path, help="a folder with a regional.json")


def execute(arguments: argparse.Namespace) -> tuple[dict[str, Any], str]:
    """Do it."""
    from hf_regional.cards import write_card

    path = write_card(arguments.folder)
    return {"path": str(path)}, str(path)
