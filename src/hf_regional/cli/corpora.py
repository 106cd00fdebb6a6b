"""`hf-regional corpora`: what loads by name."""

import argparse
from dataclasses import asdict
from typing import Any


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `corpora` takes: nothing of its own."""


def execute(arguments: argparse.Namespace) -> tuple[dict[str, Any], str]:
    """Do it."""
    from hf_regional.corpora import catalogue

    entries = {name: _plain(entry) for name, entry in catalogue().items()}
    return {"corpora": entries}, "\n\n".join(_text(name, entry) for name, entry in entries.items())


def _text(name: str, entry: dict[str, Any]) -> str:
    # `builder` is where the code lives: for programs.
    shown = (f"  {key}: {value}" for key, value in entry.items() if value and key not in {"name", "title", "builder"})
    return "\n".join([f"{name}: {entry['title']}", *shown])


def _plain(entry: Any) -> dict[str, Any]:
    shown = {key: value for key, value in asdict(entry).items() if not callable(value)}
    return {key: ", ".join(value) if isinstance(value, tuple) else value for key, value in shown.items()}
