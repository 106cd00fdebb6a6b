"""Readings: names in their settings in; what each is there by itself out, worked out once and remembered."""

from collections.abc import Sequence
from typing import Final

from hf_regional.filtering.evidence.text.context import Reading, Setting, read_name
from hf_regional.filtering.evidence.text.entries import Entry, as_written
from hf_regional.filtering.evidence.text.rules import Homograph, Rules

_MOST: Final = 1 << 15  # readings remembered, some 15 MB: a corpus writes most of its names in few ways and settings
_LONGEST: Final = 100  # characters of a name, blanks and invisible ones included, that is remembered

# Of a name: its entry, how it is written, and the fields of its `Setting`.
Key = tuple[int, str, str, str, bool, bool, bool, str, str, bool, bool, bool, bool]


class Readings(dict[Key, Reading | None]):
    """Readings by name and setting, `None` for what is nowhere; one that is not known yet is worked out.

    At most `most` are remembered. homographs: entry -> its other meaning.
    """

    def __init__(self, entries: Sequence[Entry], rules: Rules, most: int = _MOST) -> None:
        super().__init__()
        self._entries, self._rules, self._most = entries, rules, most
        self.homographs: dict[int, Homograph] = {place: entry.homograph for place, entry in enumerate(entries) if entry.homograph}

    def __missing__(self, key: Key) -> Reading | None:
        name, written, *_ = key
        entry = as_written(self._entries[name], written)
        reading = read_name(entry, written, Setting(*key[2:]), self._rules) if entry.meanings else None
        if len(written) <= _LONGEST:
            if len(self) >= self._most:
                self.clear()
            self[key] = reading
        return reading
