"""Problem: similarities, images that are there, prices and curves in; the arrays that a plan is computed from out.

An image of one country that looks like another's is worth something there too: with x the images annotated, n those that are there and
W what an image of pair q counts for pair p, pair p has e = (I + W)(n + x) effective images, and its expected accuracy is curve(e).
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from hf_regional.errors import BadRowError, ConfigError, MissingColumnError, NoRowsError, OutOfRangeError
from hf_regional.planning.curves import Curve, curve_of
from hf_regional.planning.prices import Price, Prices
from hf_regional.planning.record import PUBLISHED, Similarity
from hf_regional.regions import country_code

if TYPE_CHECKING:
    from scipy import sparse

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
ASSUMED: Final = 10  # images of a published pair of unknown size: the paper keeps pairs from ten up, so it is the least there can be
FREE: Final = 1000  # images of one pair where they cost nothing: money sets no end


@dataclass(frozen=True, slots=True)
class Borrowing:
    """What another country's image counts: worth·similarity from the threshold up, else nothing.

    Attributes:
        threshold: similarity of centroids from which a country can stand in. 0.8 is the poster's of arXiv 2403.07687, whose rule for
            averaging is not published; similarities of the rule "pairs" are brought to this scale by the groups' own (see `on_one_scale`).
        worth: of an image from a country with similarity 1, in images of one's own. 0.19 follows from the same poster: similar
            countries' images alone gave 0.835, which the default curve gives to 9.2 images, and there were 53.8 of similarity about 0.9.
    """

    threshold: float = 0.8
    worth: float = 0.19

    def __post_init__(self) -> None:
        if not (-1 <= self.threshold <= 1 and 0 <= self.worth <= 1):
            raise OutOfRangeError(f"borrowing: threshold {self.threshold} must be in [-1, 1] and worth {self.worth} in [0, 1].")


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """P (topic, country) pairs, sorted, in C countries.

    Attributes:
        topic, country: (P,) labels.
        own: (P,) images that are there.
        lent: (P, P) sparse W; row p, column q: what an image of q counts for p.
        similarity: (P, P) sparse, the similarity behind each entry of `lent`.
        weight: (P,) share in the value; 0 for pairs that only lend; they sum to 1.
        curves: (P,) curve of each pair.
        place: (P,) number of each pair's country in `names`.
        names: (C,) countries.
        price, batch: (P,) US dollars an image, and the fewest images that are ordered.
        start: (C,) US dollars to start there.
        most: (P,) images that can be ordered at all; 0 for pairs that only lend.
        notes: what was assumed, in sentences.
    """

    topic: npt.NDArray[np.object_]
    country: npt.NDArray[np.object_]
    own: Floats
    lent: "sparse.csc_array"
    similarity: "sparse.csr_array"
    weight: Floats
    curves: tuple[Curve, ...]
    place: Ints
    names: tuple[str, ...]
    price: Floats
    batch: Floats
    start: Floats
    most: Floats
    notes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.topic)

    def effective(self, annotated: Floats) -> Floats:
        """Effective images e of each pair, (P,)."""
        have = self.own + annotated
        return have + self.lent @ have

    def accuracy(self, effective: Floats) -> Floats:
        """Expected accuracy of each pair, (P,)."""
        out = np.empty(len(self))
        for curve, pairs in self.by_curve():
            out[pairs] = curve.accuracy(effective[pairs])
        return out

    def by_curve(self) -> list[tuple[Curve, Ints]]:
        """Each curve with its pairs."""
        numbers: dict[int, list[int]] = {}
        for pair, curve in enumerate(self.curves):
            numbers.setdefault(id(curve), []).append(pair)
        return [(self.curves[pairs[0]], np.array(pairs)) for pairs in numbers.values()]

    def value(self, annotated: Floats) -> float:
        """Expected accuracy over all pairs that count."""
        return float(self.weight @ self.accuracy(self.effective(annotated)))

    def cost(self, annotated: Floats) -> float:
        """US dollars: images, and the start of each country where any are annotated."""
        begun = np.bincount(self.place, annotated, len(self.names)) > 0
        return float(self.price @ annotated + self.start[begun].sum())

    def limits(self, money: float) -> Floats:
        """Images of each pair that money can buy when nothing else is bought, (P,); fewer than a batch is none."""
        left = np.maximum(0, money - self.start[self.place]) * (money >= self.start[self.place])
        with np.errstate(divide="ignore", invalid="ignore"):
            bought = np.where(self.price > 0, np.floor(left / self.price + 1e-9), np.where(money >= self.start[self.place], FREE, 0))
        bought = np.minimum(bought, self.most)
        return np.where(bought < self.batch, 0, bought)


def posed(
    similarity: Similarity | pd.DataFrame,
    *,
    prices: Any = None,
    counts: pd.DataFrame | None = None,
    region: Collection[str] | None = None,
    curve: Any = None,
    borrowing: Borrowing | None = None,
    objective: str = "pairs",
    most: int | pd.DataFrame | None = None,
) -> Problem:
    """Put the arrays together; arguments as in `annotation_plan`."""
    from scipy import sparse

    borrowing = borrowing or Borrowing()
    table, groups, notes = on_one_scale(similarity)
    have = _counted(groups, counts)
    pairs = have.sort_values(["topic", "country"], kind="stable", ignore_index=True)
    topic, country = pairs["topic"].to_numpy(object), pairs["country"].to_numpy(object)
    if pairs["n"].isna().any():
        notes.append(
            f"{int(pairs['n'].isna().sum())} pairs have no number of images: {ASSUMED} are assumed of each. Give counts= to set them."
        )
    own = pairs["n"].fillna(ASSUMED).to_numpy(np.float64)
    names = tuple(sorted(set(country)))
    place = np.searchsorted(np.array(names, object), country)
    counts_here = np.array([_is_inside(name, region) for name in names])[place]
    if not counts_here.any():
        raise NoRowsError(f"not one of the {len(names)} countries ({', '.join(names[:8])}) lies in the region. Check their spelling.")
    costs = Prices.read(prices)
    own_price = [costs.of(name) if inside else Price() for name, inside in zip(country, counts_here, strict=True)]
    begun = [own_price[int(np.flatnonzero(place == number)[0])].start_usd for number in range(len(names))]
    alike = _matrix(table, pairs, sparse)
    lent = alike.copy()
    lent.data = np.where(lent.data >= borrowing.threshold, np.clip(lent.data, 0, 1) * borrowing.worth, 0)
    lent.eliminate_zeros()
    price = np.array([found.price_usd for found in own_price])
    if (price[counts_here] == 0).any() and most is None:
        notes.append(f"where an image costs nothing, at most {FREE} of a pair are planned. Give most= for another end.")
    curves, said = _curves(curve, topic)
    notes.append(said)
    limit = np.where(counts_here, _limits(most, pairs), 0.0)
    return Problem(
        topic, country, own, lent.tocsc(), alike, _weights(objective, place, counts_here), curves, place, names,
        price, np.array([float(found.batch) for found in own_price]), np.array(begun), limit, tuple(notes),
    )  # fmt: skip


def on_one_scale(similarity: Similarity | pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    """The table of pairs, the groups with their n, and what is to be said of the similarities.

    Under "pairs" even two halves of one group are less than 1 alike: s_ab / √(s_aa·s_bb), with s_aa the mean cosine of two different images
    of group a, is the cosine of the two means with the noise of few images taken out, and is on the scale of "centroid".
    """
    if not isinstance(similarity, Similarity):
        table = _checked(similarity)
        sides = [table[["topic", f"country_{side}", f"n_{side}"]].set_axis(["topic", "country", "n"], axis=1) for side in "ab"]
        return table, pd.concat(sides).drop_duplicates(["topic", "country"]), ["similarities are taken as they are given."]
    table, groups, rule = similarity.table, similarity.groups, similarity.rule
    if rule == PUBLISHED:
        return table, groups, ["similarities are published ones: their rule for averaging is not known here."]
    if rule != "pairs":
        return table, groups, [f"similarities follow the rule {rule!r}."]
    within = groups.set_index(["topic", "country"])["within"]
    sides = [within.reindex(pd.MultiIndex.from_frame(table[["topic", f"country_{side}"]])).to_numpy(float) for side in "ab"]
    scale = np.sqrt(np.clip(sides[0], 0, None) * np.clip(sides[1], 0, None))
    known = np.isfinite(scale) & (scale > 1e-6)
    scaled = np.where(known, table["similarity"] / np.where(known, scale, 1.0), table["similarity"])
    said = "similarities of the rule 'pairs' are divided by the geometric mean of the two groups' own, which makes them cosines of means."
    return table.assign(similarity=np.clip(scaled, -1, 1)), groups, [said]


def _checked(table: pd.DataFrame) -> pd.DataFrame:
    missing = [name for name in ("topic", "country_a", "country_b", "similarity") if name not in table]
    if missing:
        raise MissingColumnError(
            f"similarity lacks the column {missing[0]!r}; it has {', '.join(map(str, table.columns))}.", frozenset(missing)
        )
    bad = np.flatnonzero(~(table["similarity"].to_numpy(float, na_value=np.nan).__abs__() <= 1 + 1e-6))
    if len(bad):
        raise OutOfRangeError(f"similarity, row {bad[0]}: {table['similarity'].iloc[bad[0]]} is outside [-1, 1].")
    return table.assign(**{name: np.nan for name in ("n_a", "n_b") if name not in table})


def _counted(groups: pd.DataFrame, counts: pd.DataFrame | None) -> pd.DataFrame:
    """The images of each pair; what the caller counts stands above what the similarities were computed from."""
    known = groups[["topic", "country", "n"]].astype({"n": "Float64"})
    if counts is not None:
        missing = [name for name in ("topic", "country", "n") if name not in counts]
        if missing:
            raise MissingColumnError(f"counts lack the column {missing[0]!r}: topic, country and n are needed.", frozenset(missing))
        given = counts[["topic", "country"]].assign(n=pd.to_numeric(counts["n"], errors="coerce").astype("Float64"))
        twice = given.duplicated(["topic", "country"])
        if twice.any():
            row = given[twice].iloc[0]
            raise BadRowError(f"counts: {row['topic']}, {row['country']} stands there twice. Add the rows up.")
        known = pd.concat([known, given]).drop_duplicates(["topic", "country"], keep="last")
    if not len(known):
        raise NoRowsError("there is no (topic, country) pair to plan for: the similarities are empty and no counts are given.")
    bad = known[(known["n"] < 0).fillna(False)]
    if len(bad):
        raise OutOfRangeError(f"counts: {bad.iloc[0]['topic']}, {bad.iloc[0]['country']} has {bad.iloc[0]['n']} images.")
    return known


def _is_inside(country: str, region: Collection[str] | None) -> bool:
    return region is None or country in region or (country_code(country) or country) in region


def _matrix(table: pd.DataFrame, pairs: pd.DataFrame, sparse: Any) -> Any:
    """Similarity of each pair with the others of its topic, (P, P); the mean where both directions are given."""
    numbers = pd.Series(range(len(pairs)), index=pd.MultiIndex.from_frame(pairs[["topic", "country"]]))
    rows, columns = (numbers.reindex(pd.MultiIndex.from_frame(table[["topic", f"country_{side}"]])).to_numpy() for side in "ab")
    other = rows != columns
    rows, columns, values = rows[other], columns[other], table["similarity"].to_numpy(np.float64)[other]
    keys = np.minimum(rows, columns) * len(pairs) + np.maximum(rows, columns)
    ids, where = np.unique(keys, return_inverse=True)
    means = np.bincount(where, values) / np.bincount(where) if len(ids) else np.zeros(0)
    a, b = (ids // len(pairs)).astype(int), (ids % len(pairs)).astype(int)
    both = (np.append(means, means), (np.append(a, b), np.append(b, a)))
    return sparse.csr_array(both, shape=(len(pairs), len(pairs)))


def _weights(objective: str, place: Ints, inside: npt.NDArray[np.bool_]) -> Floats:
    if objective not in ("pairs", "countries"):
        raise ConfigError(
            f"objective={objective!r}: give 'pairs' (each counts alike) or 'countries' (the mean of countries' means).", "objective"
        )
    weight = inside.astype(np.float64)
    if objective == "countries":
        weight /= np.maximum(1, np.bincount(place, inside))[place]
    return weight / weight.sum()


def _limits(most: int | pd.DataFrame | None, pairs: pd.DataFrame) -> Floats:
    """The most images of each pair, (P,)."""
    if isinstance(most, pd.DataFrame):
        known = most.set_index(["topic", "country"])["n"]
        return known.reindex(pd.MultiIndex.from_frame(pairs[["topic", "country"]])).fillna(0).to_numpy(np.float64)
    if most is not None and most < 0:
        raise OutOfRangeError(f"most={most}: no negative number of images can be ordered.")
    return np.full(len(pairs), np.inf if most is None else float(most))


def _curves(given: Any, topic: Iterable[str]) -> tuple[tuple[Curve, ...], str]:
    topics = list(topic)
    if isinstance(given, Mapping) and not all(isinstance(key, int | float) for key in given):
        missing = sorted(set(topics) - set(given))
        if missing:
            raise ConfigError(f"curve: there is none for the topic {missing[0]!r} ({len(missing)} topics lack one).", "curve")
        by_topic = {name: curve_of(curve) for name, curve in given.items()}
        return tuple(by_topic[name] for name in topics), f"{len(set(topics))} topics have learning curves of their own."
    curve = curve_of(given)
    return (curve,) * len(topics), f"learning curve: {getattr(curve, 'source', type(curve).__name__)}."
