"""`hf-regional rate`: people rate the answers of several models without knowing whose they are; and what they say."""

import argparse
import sys
import threading
from pathlib import Path
from typing import Any


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `rate` takes."""
    parser.add_argument("folder", type=Path, help="a rating sheet's folder; to serve it, its for-raters alone will do")
    parser.add_argument("--summary", action="store_true", help="serve nothing: print means, differences and agreement (needs the key)")
    parser.add_argument("--reference", metavar="MODEL", help="summary: the model that others are compared with (default: the first)")
    parser.add_argument("--skip-bad-rows", action="store_true", help="summary: leave out rows that cannot be read, and count them")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="summary: of the bootstrap (default: 0)")
    parser.add_argument("--port", type=int, metavar="N", help="page: the port (default: the first free one from 7860)")
    parser.add_argument("--host", default="127.0.0.1", metavar="ADDRESS", help="page: 0.0.0.0 to be reached from other machines")


def execute(arguments: argparse.Namespace) -> tuple[dict[str, Any], str]:
    """Do it."""
    return _summary(arguments) if arguments.summary else _served(arguments)


def _summary(arguments: argparse.Namespace) -> tuple[dict[str, Any], str]:
    from hf_regional.evaluating.human import read_ratings, summarise_ratings

    ratings = read_ratings(arguments.folder, bad_rows="count" if arguments.skip_bad_rows else "raise")
    found = summarise_ratings(ratings, reference=arguments.reference, seed=arguments.seed)
    return found.as_dict(), str(found)


def _served(arguments: argparse.Namespace) -> tuple[dict[str, Any], str]:
    from hf_regional.evaluating.human import RatingDesk, serve_rating_page

    with serve_rating_page(arguments.folder, host=arguments.host, port=arguments.port) as address:
        print(f"{address}  (Ctrl+C stops; every rating is saved as it is given)", file=sys.stderr)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            print(file=sys.stderr)
    sheets = RatingDesk(arguments.folder).welcome()["sheets"]
    lines = [f"{sheet['rater']}  {sheet['done']} of {sheet['total']} rated" for sheet in sheets]
    return {"sheets": sheets}, "\n".join(lines)
