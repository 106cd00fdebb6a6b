"""Ranked countries or concepts, or scores by culture, in; diversity and relevance of the first k, and the share of cultures met, out."""

from collections import Counter
from collections.abc import Hashable, Sequence
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from hf_regional.errors import BadRowError, MismatchedScoresError, NonFiniteError, NoRowsError, OutOfRangeError, UnknownNameError

Floats = npt.NDArray[np.float64]
Out = Literal["possible", "present"]
OUT_OF: Final = ("possible", "present")


def cultural_diversity_at_k(
    countries: Sequence[Sequence[Hashable]], k: int, *, n_countries: int | None = None, out_of: Out = "possible"
) -> Floats:
    """Say how evenly the first k retrieved images spread over countries: -Σ p_c ln p_c / ln m, p_c the share of country c among them.

    GlobalRG (arXiv 2407.00263) prints m = the number of countries among the k (`out_of="present"`), by which two countries, five images
    each, score as high as ten countries, one image each. The default divides by what could have been, m = min(k, number of countries).

    Args:
        countries: one ranking a query: the country of each retrieved image, best first, k of them at least.
        k: how many of each ranking count, at least 1.
        n_countries: number of countries in the gallery, needed where `out_of` is "possible".
        out_of: "possible" or "present".

    Returns:
        (q,) float64 in [0, 1]; 0 where m is 1: one country is no spread.

    Raises:
        OutOfRangeError: k below 1, a ranking shorter than k, or more countries in a ranking than `n_countries`.
        BadRowError: a country is None, NaN or empty; the message names query and rank.
        NoRowsError: there is no query. UnknownNameError: another `out_of`.

    >>> cultural_diversity_at_k([["id", "th", "vn", "my"], ["id", "id", "th", "th"]], k=4, n_countries=50).round(3).tolist()
    [1.0, 0.5]
    """
    if out_of not in OUT_OF:
        raise UnknownNameError(f"out_of is {out_of!r}; it is one of {', '.join(OUT_OF)}.")
    if out_of == "possible" and (n_countries is None or n_countries < 1):
        raise OutOfRangeError(f"n_countries is {n_countries}: give the number of countries in the gallery, or out_of='present'.")
    return np.array([_evenness(top, query, n_countries, out_of) for query, top in enumerate(_tops(countries, k, "country"))])


def relevance_at_k(concepts: Sequence[Sequence[Hashable]], wanted: Sequence[Hashable], k: int) -> Floats:
    """Say what share of the first k retrieved images shows the concept that was asked for: precision@k of GlobalRG (arXiv 2407.00263).

    Args:
        concepts: one ranking a query: the concept ("wedding") of each retrieved image, best first, k of them at least.
        wanted: the concept each query asks for.
        k: how many of each ranking count, at least 1.

    Returns:
        (q,) float64 in [0, 1].

    Raises:
        MismatchedScoresError: as many rankings as wanted concepts are needed.
        OutOfRangeError, BadRowError, NoRowsError: as in `cultural_diversity_at_k`.

    >>> relevance_at_k([["wedding", "funeral", "wedding", "dance"]], ["wedding"], k=4).tolist()
    [0.5]
    """
    if len(concepts) != len(wanted):
        raise MismatchedScoresError(f"{len(concepts)} rankings and {len(wanted)} wanted concepts: give one concept a query.")
    tops = _tops(concepts, k, "concept")
    for query, concept in enumerate(wanted):
        if _is_missing(concept):
            raise BadRowError(f"query {query}: the wanted concept is {concept!r}. Give what the query asks for.")
    return np.array([sum(one == asked for one in top) / k for top, asked in zip(tops, wanted, strict=True)])


def culture_coverage(scores: npt.ArrayLike, *, threshold: float = 4.0) -> float:
    """Say what share of cultures has at least one image that scores `threshold` or more, as CAIRe counts it (arXiv 2506.09109).

    Args:
        scores: (images, cultures), how well each image fits each culture; CAIRe's judge gives 1 to 5.
        threshold: least score that counts.

    Returns:
        In [0, 1].

    Raises:
        NonFiniteError: a score is missing, NaN or infinite; the message names image and culture, `.name` is the image.
        MismatchedScoresError: scores are no matrix. NoRowsError: no image or no culture. OutOfRangeError: the threshold is NaN.

    >>> culture_coverage([[5, 1, 3, 1], [1, 4, 3, 1]])
    0.5
    """
    try:
        table = np.asarray(scores, dtype=np.float64)
    except ValueError as error:
        raise MismatchedScoresError("scores: the rows are not of one length; give one score a culture in every row.") from error
    if table.size == 0:
        raise NoRowsError(f"scores is empty, shape {table.shape}: give at least one image and one culture.")
    if table.ndim != 2:
        raise MismatchedScoresError(f"scores is {table.shape}: give (images, cultures).")
    bad = np.argwhere(~np.isfinite(table))
    if len(bad):
        image, culture = bad[0]
        raise NonFiniteError(f"scores: image {image}, culture {culture} is {table[image, culture]}. Leave that image out.", name=str(image))
    if not np.isfinite(threshold):
        raise OutOfRangeError(f"threshold must be a finite number, got {threshold}.")
    return float((table >= threshold).any(axis=0).mean())


def _tops(rankings: Sequence[Sequence[Hashable]], k: int, what: str) -> list[Sequence[Hashable]]:
    if k < 1:
        raise OutOfRangeError(f"k must be at least 1, got {k}.")
    if not len(rankings):
        raise NoRowsError("no rankings to score: give at least one query.")
    for query, ranking in enumerate(rankings):
        if isinstance(ranking, str):
            raise BadRowError(f"query {query} is the text {ranking!r}: give a list, one {what} a retrieved image.")
        if len(ranking) < k:
            raise OutOfRangeError(f"query {query} ranks {len(ranking)} images and k is {k}: rank at least k, or take a smaller k.")
        for rank, label in enumerate(ranking[:k], 1):
            if _is_missing(label):
                raise BadRowError(f"query {query}: the image at rank {rank} has the {what} {label!r}. Leave it out of the gallery.")
    return [ranking[:k] for ranking in rankings]


def _is_missing(label: Hashable) -> bool:
    return label is None or label == "" or label != label  # NaN is unlike itself


def _evenness(top: Sequence[Hashable], query: int, n_countries: int | None, out_of: Out) -> float:
    counts = np.array(list(Counter(top).values()))
    if n_countries is not None and len(counts) > n_countries:
        raise OutOfRangeError(f"query {query} has {len(counts)} countries among its first {len(top)}, more than n_countries={n_countries}.")
    most = len(counts) if out_of == "present" else min(len(top), n_countries or 0)
    if most == 1 or len(counts) == 1:
        return 0.0
    shares = counts / counts.sum()
    return float(-np.sum(shares * np.log(shares)) / np.log(most))
