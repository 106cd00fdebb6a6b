"""Provenance: where the models of a merge came from in, the facts that the card of their mix needs out. No path gets into them."""

import platform
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from hf_regional.cards import CardFacts
from hf_regional.cards.declared import declared_licence
from hf_regional.encoding import parse_model_id
from hf_regional.errors import RegionalError
from hf_regional.licences import UNKNOWN
from hf_regional.protocols import HasPath
from hf_regional.version import __version__

_PACKAGES: Final = ("torch", "transformers", "safetensors", "numpy")
_HUB_ID: Final = re.compile(r"[\w.-]+(/[\w.-]+)?", re.ASCII)
# What is told of a regional model holds for its mix too, except how it was measured and chosen.
_INHERITED: Final = ("filtering", "training", "limits")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a model came from: a folder's name, a Hub id with its commit, or a class and that it was in memory."""

    name: str
    revision: str | None = None
    license: str = UNKNOWN  # as its own card says; never guessed
    facts: CardFacts = field(default_factory=CardFacts)  # those recorded beside it

    def recorded(self) -> dict[str, Any]:
        """As `regional.json` holds it."""
        known = {"id": self.name, "revision": self.revision, "license": self.license}
        return {key: value for key, value in known.items() if value is not None}


def origin_in_memory(kind: type[Any]) -> Origin:
    """The origin of a module of which nothing is known but its class."""
    return Origin(f"{kind.__name__} in memory")


def origin_of_folder(source: str | Path | HasPath, folder: Path) -> Origin:
    """The origin of a checkpoint that was asked for as `source` and lies in `folder`."""
    is_hub_id = isinstance(source, str) and not Path(source).expanduser().is_dir()
    # A snapshot of the Hub lies in a folder that is named by its commit.
    name, revision = (parse_model_id(str(source))[0], folder.name) if is_hub_id else (folder.resolve().name, None)
    return Origin(name, revision, declared_licence(folder), facts_in(folder))


def facts_in(folder: Path) -> CardFacts:
    """What is recorded in a folder, nothing where nothing is, or where a file of that name is from elsewhere."""
    try:
        return CardFacts.load(folder)
    except RegionalError:  # the weights do not depend on it
        return CardFacts()


def origin_of_base(model: Any, kind: type[Any]) -> Origin:
    """The origin of a live model of a library's class, as far as it remembers the name under which it was loaded."""
    named = str(getattr(model, "name_or_path", None) or "")  # of a pipeline, what it was given: a path, say
    if not named:
        return origin_in_memory(kind)
    if Path(named).is_dir():
        return origin_of_folder(named, Path(named))
    if not _HUB_ID.fullmatch(named):
        return Origin(Path(named).name)  # a folder that is gone
    commit = getattr(getattr(model, "config", None), "_commit_hash", None)
    return Origin(named, commit, _licence_on_hub(named, commit))


def told(
    given: CardFacts,
    base: Origin,
    regionals: Sequence[Origin],
    *,
    model: Mapping[str, Any],
    merging: Mapping[str, Any],
    packages: Sequence[str] = _PACKAGES,
) -> CardFacts:
    """The facts of a mix: those given, those that its regional models brought along, and those of the merge itself.

    Args:
        given: from the steps before, such as the choice of β.
        base: θ_global.
        regionals: θ_regional, one or several.
        model: name, type, architectures and number of parameters of the result.
        merging: the report of the merge.
        packages: what did the work besides this one.
    """
    facts = given
    for kind in _INHERITED:
        if not given.of(kind):
            facts = CardFacts((*facts.steps, *(step for origin in regionals for step in origin.facts.all(kind))))
    if not given.of("base"):
        # A licence of the result follows from all that went in: of a regional model that says nothing of its data, its own counts.
        silent = [origin for origin in regionals if not _tells_data(given) and not _tells_data(origin.facts)]
        for origin in (*silent, base):
            facts = facts.with_step("base", **origin.recorded())
    for kind, content in (("model", model), ("merging", merging), ("environment", _environment(packages))):
        if kind == "merging" or not given.of(kind):
            facts = facts.with_step(kind, **content)
    return facts


def _tells_data(facts: CardFacts) -> bool:
    return bool(facts.of("filtering") or facts.of("training"))


def _environment(packages: Sequence[str]) -> dict[str, str]:
    return {"python": platform.python_version(), "hf_regional": __version__, **{name: _version_of(name) for name in packages}}


def _version_of(package: str) -> str:
    known = getattr(sys.modules.get(package), "__version__", None)
    if known is not None:
        return str(known)
    from importlib.metadata import version  # reads mail headers, whose parser takes longer to load than a small merge takes

    return version(package)


def _licence_on_hub(repo_id: str, revision: str | None) -> str:
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        return declared_licence(Path(hf_hub_download(repo_id, "README.md", revision=revision)).parent)
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError):
        return UNKNOWN  # no card, no connection, or no such repository
