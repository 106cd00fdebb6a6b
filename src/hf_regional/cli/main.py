"""The words of the command line. A command's module is loaded only when it is called, so that `--help` is quick."""

import argparse
import importlib
import json
import sys
from collections.abc import Sequence
from typing import Any, Final, Protocol, cast

import hf_regional
from hf_regional.errors import RegionalError

COMMANDS: Final = {
    "run": "do the whole job: filter, train, merge, choose β, report; without a config, the demo",
    "region": "show what a region's name stands for: countries and languages",
    "corpora": "list the corpora that load by name",
    "filter": "count (and write) the rows of a corpus that belong to a region, with the reasons",
    "adapt": "train only: from a global model and regional rows to a regional model",
    "merge": "mix two checkpoints: each weight is β·regional + (1-β)·global",
    "choose": "choose β: the mix of two models that serves the region and keeps the world",
    "evaluate": "score a model on tasks: for the world, for a region, by country, with intervals",
    "metric": "score answers or ratings by group, or parity (GRP), retention and gain",
    "rate": "let people rate answers whose models are hidden, or sum up what they said",
    "plan": "say what to annotate next for some money, and whose images can stand in",
    "card": "write the card of a folder again from its regional.json",
}

EPILOG: Final = """examples:
  hf-regional run                         the demo: Southeast Asia, embedded corpus, some minutes
  hf-regional run --print-config          the YAML of that run, to start your own from
  hf-regional run mine.yaml --dry-run     rows, steps, memory, disk and time, before it starts
  hf-regional region SEA                  countries and languages
  hf-regional COMMAND --help              what a command takes

Exit code: 0 done, 1 refused (the reason is on standard error), 2 wrong usage."""


class Command(Protocol):
    """What a command's module has."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None: ...  # noqa: D102

    def execute(self, arguments: argparse.Namespace) -> tuple[dict[str, Any], str]:  # noqa: D102
        ...  # one JSON object, and the same for people


def main(words: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        words: what was typed after `hf-regional`; by default the process's own.

    Returns:
        The exit code: 0 done, 1 refused (the reason on standard error), 2 usage.
    """
    typed = list(sys.argv[1:] if words is None else words)
    name = next((word for word in typed if not word.startswith("-")), None)
    parser, command = _parser(name if name in COMMANDS else None)
    arguments = parser.parse_args(typed)
    if command is None:
        parser.print_help(sys.stderr)
        return 2
    try:
        found, sentence = command.execute(arguments)
    except RegionalError as error:
        print(f"hf-regional {name}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"hf-regional {name}: stopped. Call it again to go on from the last finished stage.", file=sys.stderr)
        return 130
    print(json.dumps(found, ensure_ascii=False) if arguments.json else sentence)
    return 0


def _parser(called: str | None) -> tuple[argparse.ArgumentParser, Command | None]:
    parser = argparse.ArgumentParser(
        prog="hf-regional",
        description="Adapt a global vision-language model to a region and keep the rest of the world.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"hf-regional {hf_regional.__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    command: Command | None = None
    for name, meaning in COMMANDS.items():
        inner = commands.add_parser(name, help=meaning, description=meaning[0].upper() + meaning[1:] + ".")
        if name == called:
            command = cast("Command", importlib.import_module(f"hf_regional.cli.{name}"))
            command.add_arguments(inner)
            inner.add_argument("--json", action="store_true", help="print one JSON object on standard output and nothing else")
    return parser, command
