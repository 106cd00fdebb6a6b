"""What type each recorded field has that a card reads; a file edited by hand is told where it went wrong."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from hf_regional.cards.facts import FILE_NAME, CardFacts
from hf_regional.cards.figures import number
from hf_regional.errors import DamagedFileError

_NUMBER, _TEXT, _LIST, _MAPPING = "a finite number", "a text", "a list", "a mapping"

# Step -> type -> its fields. Every field may be absent or null; with fields that are not here the card does not compute.
FIELDS: Final[Mapping[str, Mapping[str, str]]] = {
    "model": {_TEXT: "name model_type repo_id", _NUMBER: "parameters"},
    "base": {_TEXT: "id revision license"},
    "filtering": {
        _TEXT: "corpus revision digest region",
        _NUMBER: "rows_in rows_trained",
        _LIST: "countries languages",
        _MAPPING: "licenses counts reasons excluded",
    },
    "training": {_TEXT: "recipe", _NUMBER: "rows steps loss_first loss_last seed", _LIST: "stages"},
    "merging": {_TEXT: "method regional", _MAPPING: "base_sha256 regional_sha256 tensors inputs"},
    "choosing": {
        _TEXT: "alpha_source retention_policy reason split",
        _NUMBER: "alpha min_retention margin",
        _LIST: "betas curve winners switches wins front",
        _MAPPING: "out_of_fold",
    },
    "evaluation": {
        _TEXT: "task split metric corpus",
        _NUMBER: "pictures resamples",
        _MAPPING: "base tuned merged retention gain tuned_retention tuned_gain recall by_language by_country counted_out",
    },
    "run": {_TEXT: "command"},
    "dataset": {_TEXT: "name repo_id region mode dropped_folder", _NUMBER: "rows kept", _MAPPING: "splits columns data_files"},
    "source": {_TEXT: "name title hub_id license use citation limits"},
    "filters": {_LIST: "countries quality", _MAPPING: "columns exclude language_share consent copies weights", _TEXT: "combine"},
    "outcome": {_LIST: "steps outcomes losses", _MAPPING: "parts"},
    "licences": {_MAPPING: "rows"},
    "credits": {_LIST: "works", _NUMBER: "more more_works"},
    "limits": {_LIST: "notes"},
}


def require_shapes(facts: CardFacts) -> None:
    """Refuse facts of which a field that the card computes with has another type.

    Raises:
        DamagedFileError: naming the step and the field.
    """
    for place, step in enumerate(facts.steps):
        for wanted, keys in FIELDS.get(str(step.get("kind")), {}).items():
            for key in keys.split():
                _require(step.get(key), wanted, f"{FILE_NAME}, step {place} ({step['kind']}): {key}")


def _require(value: Any, wanted: str, place: str) -> None:
    if value is not None and not _is(wanted, value):
        raise DamagedFileError(f"{place} should be {wanted}, found {type(value).__name__}. Restore the file or run the job again.")


def _is(wanted: str, value: Any) -> bool:
    if wanted is _NUMBER:
        return number(value) is not None
    if wanted is _LIST:
        return isinstance(value, Sequence) and not isinstance(value, str)
    return isinstance(value, str if wanted is _TEXT else Mapping)
