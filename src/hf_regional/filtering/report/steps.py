"""Steps: the reason of a ruling in, the step of the filter that ruled out."""

from typing import Final, NamedTuple

REGION: Final = "region"
EXCLUSION: Final = "exclusion"


class Step(NamedTuple):
    """One step: its name, the words before the colon of its reasons, and what it does, in a few words."""

    name: str
    prefixes: tuple[str, ...]
    does: str


# In the order in which the kernel lets them rule. A reason with another prefix names evidence, which is the region's.
STEPS: Final = (
    Step("unreadable", ("unreadable",), "texts and pictures that cannot be read"),
    Step(EXCLUSION, ("excluded",), "rows that the settings leave out"),
    Step("licence", ("licence", "opt-out"), "licences and wishes of the owners"),
    Step(REGION, (), "rows that are not, or not surely, from the region"),
    Step("quality", ("quality",), "rows below the threshold, or without a score"),
    Step("duplicates", ("duplicate",), "rows of which a copy stays"),
    Step("contamination", ("contaminated",), "rows that stand in an evaluation set"),
)
_BY_PREFIX: Final = {prefix: step.name for step in STEPS for prefix in step.prefixes}


def step_of(reason: str) -> str:
    """The step that a reason comes from.

    >>> step_of("quality:below"), step_of("excluded:language=az"), step_of("country:LAO"), step_of("no-evidence")
    ('quality', 'exclusion', 'region', 'region')
    """
    return _BY_PREFIX.get(reason.partition(":")[0], REGION)
