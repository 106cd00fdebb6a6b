"""Joining: evaluations of one model over several tasks in; one over all of them out."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from hf_regional.cards import CardFacts
from hf_regional.errors import ConfigError
from hf_regional.evaluating.albums import Album
from hf_regional.evaluating.runner import Evaluation


def join_evaluations(parts: Sequence[Evaluation]) -> Evaluation:
    """Put evaluations of one model together, whatever corpora they are over.

    Args:
        parts: one or more; each task in one of them.

    Raises:
        ConfigError: there is none, a task in two of them, or they are of unlike models.
    """
    if not parts:
        raise ConfigError("no evaluation to look at: name a folder.", "from")
    if len(parts) == 1:
        return parts[0]
    models = dict.fromkeys(str(part.about.get("model")) for part in parts)
    if len(models) > 1:
        raise ConfigError(f"the evaluations are of unlike models: {', '.join(models)}. Compare them by --against.", "from")
    scores: dict[str, dict[str, Any]] = {}
    album = Album()
    for part in parts:
        if twice := sorted(scores.keys() & part.scores.keys()):
            raise ConfigError(f"task {twice[0]!r} is in two of the evaluations; leave one out.", "from")
        scores |= part.scores
        album = album.joined(part.album)
    rows = pd.concat([part.rows for part in parts], ignore_index=True)
    return Evaluation(scores, rows, CardFacts().with_step("scores", tasks=scores), _about(parts), album)


def _about(parts: Sequence[Evaluation]) -> Mapping[str, Any]:
    """What all tell alike as it is; what differs by the first task of each."""
    keys = dict.fromkeys(key for part in parts for key in part.about)
    told: dict[str, Any] = {}
    for key in keys:
        values = [part.about.get(key) for part in parts]
        alike = all(value == values[0] for value in values)
        told[key] = values[0] if alike else {next(iter(part.scores)): value for part, value in zip(parts, values, strict=True)}
    return told
