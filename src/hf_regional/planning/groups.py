"""Groups: the topic and the country of each image in; the rows of each (topic, country), and what was set aside and why, out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from hf_regional.errors import BadRowError, ConfigError, MismatchedScoresError, NoRowsError
from hf_regional.regions import country_code

LEFT_OUT: Final = ("topic", "country", "n", "reason")
Ints = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Groups:
    """The rows of g groups, which are sorted by topic and then by country.

    Attributes:
        topic, country: (g,) labels.
        rows: places of the images, group after group; those of group i are `rows[first[i] : first[i + 1]]`.
        first: (g + 1,) places in `rows`.
        left_out: what no group holds: topic, country, n (images), reason.
    """

    topic: npt.NDArray[np.object_]
    country: npt.NDArray[np.object_]
    rows: Ints
    first: Ints
    left_out: pd.DataFrame

    def __len__(self) -> int:
        return len(self.topic)

    @property
    def n(self) -> Ints:
        """(g,) images of each group."""
        return np.diff(self.first)

    def of(self, group: int) -> Ints:
        """Rows of one group."""
        return self.rows[self.first[group] : self.first[group + 1]]

    def by_topic(self) -> list[range]:
        """Groups of each topic, one after the other."""
        bounds = np.flatnonzero(np.append(True, self.topic[1:] != self.topic[:-1])).tolist()
        return [range(*pair) for pair in zip(bounds, [*bounds[1:], len(self)], strict=True)]

    def without(self, dropped: npt.NDArray[np.bool_], reason: str) -> "Groups":
        """The same without some groups, which are listed with the reason."""
        if not dropped.any():
            return self
        listed = left_out(self.topic[dropped], self.country[dropped], self.n[dropped], reason)
        first = np.append(0, np.cumsum(self.n[~dropped]))
        rows = self.rows[~np.repeat(dropped, self.n)]
        return Groups(self.topic[~dropped], self.country[~dropped], rows, first, joined(self.left_out, listed))


def grouped(topics: Sequence[Any] | npt.ArrayLike, countries: Sequence[Any] | npt.ArrayLike, n: int, min_n: int) -> Groups:
    """Sort images into groups of one topic and country.

    Args:
        topics: (n,) labels; None, NaN and empty text stand for one that is not known.
        countries: (n,) labels, likewise.
        n: images that there are features of.
        min_n: groups with fewer images are set aside.

    Raises:
        MismatchedScoresError: there is not one topic and one country an image.
        ConfigError: `min_n` is below 1.
        BadRowError: two labels are names of one country.
        NoRowsError: not one group is large enough.
    """
    if min_n < 1:
        raise ConfigError(f"min_n must be at least 1 image, got {min_n}.", "min_n")
    labels = [_labels(values, name, n) for values, name in ((topics, "topics"), (countries, "countries"))]
    (topic, topic_names), (country, country_names) = labels
    require_one_name(country_names)
    known = np.flatnonzero((topic >= 0) & (country >= 0))
    key = topic[known] * max(1, len(country_names)) + country[known]
    key = key.astype(np.min_scalar_type(len(topic_names) * len(country_names)))  # 16 bits are sorted by radix, ten times as fast
    order = np.argsort(key, kind="stable")
    ordered = key[order].astype(np.intp)
    first = np.flatnonzero(np.diff(ordered, prepend=-1))
    ids = ordered[first]
    names = topic_names[ids // max(1, len(country_names))], country_names[ids % max(1, len(country_names))]
    found = Groups(*names, known[order], np.append(first, len(known)), _unlabelled(topic, country, topic_names, country_names))
    small = found.n < min_n
    if small.all():
        most = f"the largest holds {found.n.max()}" if len(found) else "no image has both a topic and a country"
        raise NoRowsError(f"no (topic, country) group has {min_n} images: {most}. Lower min_n, or give more images.")
    return found.without(small, f"fewer than {min_n} images")


def left_out(topic: Any, country: Any, n: Any, reason: Any) -> pd.DataFrame:
    """Rows for the table of what was set aside."""
    # Objects: labels of text may be null, and so may the number of images of a published table.
    table = pd.DataFrame({"topic": topic, "country": country, "n": n, "reason": reason}, columns=list(LEFT_OUT), dtype=object)
    return table.astype({"n": "Int64"})


def joined(*tables: pd.DataFrame) -> pd.DataFrame:
    """Tables of what was set aside, one under the other."""
    filled = [table for table in tables if len(table)]
    return pd.concat(filled, ignore_index=True) if filled else tables[0]


def require_one_name(countries: Sequence[str] | npt.NDArray[np.object_]) -> None:
    """Refuse two spellings of one country, which would count as two.

    Raises:
        BadRowError: naming both.
    """
    seen: dict[str, str] = {}
    for name in countries:
        code = country_code(name)
        if code is not None and seen.setdefault(code, name) != name:
            raise BadRowError(f"countries {seen[code]!r} and {name!r} are one country, {code}. Write it one way in all rows.")


def _labels(values: Any, name: str, n: int) -> tuple[Ints, npt.NDArray[np.object_]]:
    """Number of the label of each row, -1 where there is none, and the sorted labels."""
    given = np.asarray(values if isinstance(values, np.ndarray | pd.Series) else list(values), object)
    if given.shape != (n,):
        raise MismatchedScoresError(f"{n} rows of features and {len(given)} {name}: give one for every row.")
    codes, found = pd.factorize(given)
    texts = np.array([str(label).strip() for label in found], object)
    names = np.array(sorted({text for text in texts if text}), object)
    place = {text: number for number, text in enumerate(names)}
    number = np.array([*(place.get(text, -1) for text in texts), -1], np.intp)
    return number[codes], names


def _unlabelled(topic: Ints, country: Ints, topics: npt.NDArray[np.object_], countries: npt.NDArray[np.object_]) -> pd.DataFrame:
    """Count the images that lack a topic or a country, by the label that they have."""
    lacks = np.flatnonzero((topic < 0) | (country < 0))
    pairs, counts = np.unique(np.stack([topic[lacks], country[lacks]]), axis=1, return_counts=True)
    named_topics = [topics[place] if place >= 0 else None for place in pairs[0]]
    named_countries = [countries[place] if place >= 0 else None for place in pairs[1]]
    reasons = {(True, True): "no topic and no country", (True, False): "no topic", (False, True): "no country"}
    said = [reasons[topic is None, country is None] for topic, country in zip(named_topics, named_countries, strict=True)]
    return left_out(named_topics, named_countries, counts, said)
