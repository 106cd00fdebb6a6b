"""Language: texts and the languages they are said to be in, in; how far the writing agrees out, in [0, 1]."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Final, NamedTuple

import numpy as np
import pyarrow as pa
from pyarrow import compute

from hf_regional.errors import ConfigError
from hf_regional.filtering.evidence.detector import heard_in
from hf_regional.filtering.quality.cells import distinct, python_texts, texts_of
from hf_regional.filtering.quality.scores import MISSING, SCORED, UNPARSED, Detail, Scores, scores_of
from hf_regional.filtering.quality.scripts import language_scripts, letters_of
from hf_regional.records import LANGUAGE, TEXT
from hf_regional.regions.languages import language_code

pc: Any = compute  # its functions are made at import, out of a type checker's sight

# Written so alike that no detector tells them apart in a caption; one of a group agrees with another.
_ALIKE: Final = (frozenset({"id", "ms"}), frozenset({"no", "nb", "nn", "da"}), frozenset({"hr", "bs", "sr", "sh"}))
# What the detector gives for a group; the other one of it passes by `_ALIKE`.
_MAIN: Final = {"id-ms": "id", "zh-Hant": "zh"}


class Detected(NamedTuple):
    """What a detector says of n texts: CLDR's code (n,), null where it cannot tell, and how surely (n,), in [0, 1]."""

    languages: pa.Array
    confidence: np.ndarray


Detector = Callable[[pa.Array], Detected]


def cld2(texts: pa.Array) -> Detected:
    """What Compact Language Detector 2 hears in texts (n,) large_string, as shares of the text; short texts are left undecided."""
    heard = heard_in(pc.fill_null(texts.cast(pa.large_binary()), b""))
    names = pa.array([_MAIN.get(language, language) for language in heard.languages], pa.large_string())
    return Detected(names.take(pa.array(heard.language, mask=heard.language < 0)), heard.share)


@dataclass(frozen=True, slots=True)
class LanguageScorer:
    """Whether a text is in its language: the share of its letters in a script in which that language is written, times what is heard.

    Scripts tell Thai from Lao and both from English; a detector tells Indonesian from English where a text is long enough. The share is
    multiplied by the detector's confidence in the language, by 1 less its confidence in another one, and by 1 where it cannot tell.

    Attributes:
        languages: the languages that will do, by any code or name; empty asks for the one in the column `language`.
        text: the column of texts.
        language: the column of languages, read only where `languages` is empty.
        scripts_only: ask no detector.
        detector: texts in, languages out; null is Compact Language Detector 2 (`cld2`).
    """

    languages: tuple[str, ...] = ()
    text: str = TEXT
    language: str = LANGUAGE
    scripts_only: bool = False
    detector: Detector | None = None
    scale: ClassVar[tuple[float, float]] = (0.0, 1.0)

    def __post_init__(self) -> None:
        """Check the languages.

        Raises:
            ConfigError: one is no language, or none whose scripts are known.
        """
        for language in self.languages:
            if not scripts_of(language):
                raise ConfigError(f"quality 'language' knows no script of {language!r}; give codes such as 'th' or 'fil'.", "quality")

    @property
    def name(self) -> str:
        """With the languages that were asked for."""
        return f"language:{','.join(self.languages)}" if self.languages else "language"

    @property
    def reads(self) -> tuple[str, ...]:
        """The text, and the language where it is asked of a column."""
        return (self.text,) if self.languages else (self.text, self.language)

    def score(self, rows: pa.Table) -> Scores:
        """The agreement of each row. Without a text or a language a row is missing; without a letter, unparsed.

        Raises:
            MissingColumnError, ConfigError: a column is not there, or holds no text.
        """
        texts = texts_of(rows, self.text, self.name)
        codes, said = self._said(rows)
        shares, faults = np.zeros(len(rows)), np.full(len(rows), MISSING, np.int8)
        for code, languages in enumerate(said):
            at = codes == code
            if languages:
                shares[at], faults[at] = _agreement(texts.filter(pa.array(at)), wanted_scripts(languages))
        heard = np.flatnonzero((faults == SCORED) & (shares > 0))
        if len(heard) and not self.scripts_only:
            detected = (self.detector or cld2)(texts.take(pa.array(heard)))
            shares[heard] *= _by_detector(detected, codes[heard], said)
        return scores_of(self, self.scale, shares, faults, _details(codes, said, texts, faults))

    def _said(self, rows: pa.Table) -> tuple[np.ndarray, list[tuple[str, ...]]]:
        """The languages that will do for each row, as codes (n,) and what they are places of; -1 and () are none."""
        if self.languages:
            return np.zeros(len(rows), np.int64), [self.languages]
        codes, cells = distinct(texts_of(rows, self.language, self.name))
        return codes, [(cell,) if cell.strip() else () for cell in cells]


def wanted_scripts(languages: tuple[str, ...]) -> tuple[str, ...]:
    """The scripts in which one of some languages is written, sorted.

    >>> wanted_scripts(("Thai", "az"))
    ('Arab', 'Cyrl', 'Latn', 'Thai')
    """
    return tuple(sorted({script for language in languages for script in scripts_of(language)}))


def scripts_of(language: str) -> tuple[str, ...]:
    """The scripts of a language by any code or name; empty where they are not known."""
    return language_scripts().get(language_code(language) or "", ())


def _agreement(texts: pa.Array, scripts: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Shares (n,) of letters in these scripts, and faults (n,)."""
    letters = letters_of(texts)
    faults = np.where(np.isnan(letters), MISSING, np.where((letters == 0) | (not scripts), UNPARSED, SCORED))
    return (letters_of(texts, scripts) if scripts else letters) / np.maximum(letters, 1), faults


def _by_detector(detected: Detected, codes: np.ndarray, said: list[tuple[str, ...]]) -> np.ndarray:
    found_codes, found = distinct(detected.languages.cast(pa.large_string()))
    agrees = np.array([[_is_one_of(one, wanted) for one in found] for wanted in said]).reshape(len(said), len(found))
    sure = detected.confidence.astype(np.float64)
    told = (found_codes >= 0) & (codes >= 0)
    factors = np.ones(len(codes))
    factors[told] = np.where(agrees[codes[told], found_codes[told]], sure[told], 1 - sure[told])
    return factors


def _is_one_of(found: str, wanted: tuple[str, ...]) -> bool:
    code, codes = language_code(found), {language_code(language) for language in wanted}
    return code in codes or any(code in group and not codes.isdisjoint(group) for group in _ALIKE)


def _details(codes: np.ndarray, said: list[tuple[str, ...]], texts: pa.Array, faults: np.ndarray) -> list[Detail]:
    details: list[Detail] = []
    for row in np.flatnonzero(faults == UNPARSED).tolist():
        languages = said[codes[row]]
        if wanted_scripts(languages):
            (text,) = python_texts(texts.slice(row, 1))
            details.append(Detail(row, UNPARSED, f"there is no letter in {(text or '')[:80]!r}"))
        else:
            details.append(Detail(row, UNPARSED, f"no script is known of the language {languages[0][:80]!r}"))
    return details
