"""The command `hf-regional`: words in; the package's calls made; a table, or one JSON object, out. Exit code 0 done, 1 refused, 2 usage."""

from hf_regional.cli.main import main

__all__ = ["main"]
