"""Data sources: what is known of a corpus that rows come from in; what the card of a data set records of it out."""

import re
from dataclasses import dataclass
from typing import Any, Final, Protocol

HUB_ID: Final = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", re.ASCII)  # owner/name, and no path on somebody's disk
EVALUATION_ONLY: Final = "evaluation only"


class Described(Protocol):
    """What a corpus says of itself: a row of the catalogue, or a `DataSource` of one's own."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def title(self) -> str: ...  # noqa: D102
    @property
    def hub_id(self) -> str: ...  # noqa: D102
    @property
    def license(self) -> str: ...  # noqa: D102
    @property
    def use(self) -> str: ...  # noqa: D102
    @property
    def citation(self) -> str: ...  # noqa: D102
    @property
    def limits(self) -> str: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class DataSource:
    """A corpus that the catalogue does not have.

    Attributes:
        name: what it is called.
        title: what it is, in a line.
        hub_id: of its repository; empty where it does not lie on the Hub.
        license: of the whole, as its makers state it; empty where nobody said.
        use: "training and evaluation", "evaluation only", or empty where nobody said.
        citation: of the paper, or of who made it.
        limits: what it must not be taken for.
    """

    name: str
    title: str = ""
    hub_id: str = ""
    license: str = ""
    use: str = ""
    citation: str = ""
    limits: str = ""


def described(source: "str | Described") -> dict[str, Any]:
    """What a card records of a source; of a bare name that it is one, and where it lies if it is an id of the Hub.

    >>> described("afaji/cvqa")["hub_id"], described("photos/2024/")["hub_id"]
    ('afaji/cvqa', '')
    """
    if isinstance(source, str):
        source = DataSource(source, hub_id=source if HUB_ID.fullmatch(source) else "")
    fields = ("name", "title", "hub_id", "license", "use", "citation", "limits")
    return {name: str(getattr(source, name)) for name in fields}
