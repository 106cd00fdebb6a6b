"""Parity of world and region: scores by benchmark in, one number (or a small record) out. Definitions of GG-EZ (arXiv 2604.11490).

>>> base, merged = {"WC": 59.8, "CVQA": 67.2}, {"WC": 60.0, "CVQA": 68.8}
>>> round(retention(merged, base), 4)
1.0136
"""

from dataclasses import dataclass
from numbers import Real

from hf_regional.errors import OutOfRangeError
from hf_regional.metrics.scores import Scores, mean, named, paired


@dataclass(frozen=True, slots=True)
class Gain:
    """What the region gained, in both ways of saying it."""

    points: float  # Q_merged - Q_base, in the unit of the scores
    percent: float  # 100 · points / Q_base


def grp(global_scores: Scores, regional_scores: Scores, alpha: float) -> float:
    """Weigh world and region: GRP = α·Q_global + (1-α)·Q_regional (arXiv 2604.11490, §3.2).

    §4.2 of the paper prints the two roles of α the other way round; its tables and its footnote 5 follow §3.2, and so does this.

    Args:
        global_scores: a number, or one score a benchmark (list, or dict by name), any one unit; their unweighted mean is Q_global.
        regional_scores: the same for the region, same unit; other benchmarks than the world's are welcome.
        alpha: globalization factor in [0, 1]; 1 keeps only the world, 0 only the region.

    Returns:
        GRP in the unit of the scores, between Q_global and Q_regional.

    Raises:
        OutOfRangeError: alpha lies outside [0, 1].
        NonFiniteError: a score is NaN or infinite; the message names the benchmark.
        NoRowsError: one side has no score.

    >>> round(grp([59.8, 67.2], [41.0, 60.1, 67.8], alpha=0.43), 1)
    59.4
    """
    if not 0 <= alpha <= 1:  # NaN fails here too
        raise OutOfRangeError(f"alpha must be in [0, 1], got {alpha}. KOF gives percent: divide by 100.")
    q_global, q_regional = mean(named(global_scores, "global_scores").values()), mean(named(regional_scores, "regional_scores").values())
    return alpha * q_global + (1 - alpha) * q_regional


def retention(merged: Scores, base: Scores, chance: Scores = 0.0) -> float:
    """Say what is left of the world: the mean over benchmarks b of (q_merged(b) - chance(b)) / (q_base(b) - chance(b)).

    The paper says "over 98 % retention" of the ratio of averages without chance; with several benchmarks the mean of ratios
    differs from it a little (Table 1, SEA 10 %: 1.0136 against 64.4/63.5 = 1.0142) and no benchmark with high scores drowns another.

    Args:
        merged: score of the merged model by benchmark (dict, list or number), on the world's rows.
        base: the same for the model before adaptation; same benchmarks, same unit.
        chance: score of guessing, one number for all benchmarks or one for each.

    Returns:
        1.0 when nothing is lost, 0.0 at chance, negative below chance, above 1 where the merged model is better.

    Raises:
        OutOfRangeError: a base score is at chance or below it, where the ratio has no meaning; the message names the benchmark.
        MismatchedScoresError: a benchmark stands on one side only.
        NonFiniteError: a score is NaN or infinite; the message names the benchmark.

    >>> retention({"mcq": 43.0}, {"mcq": 45.0}, chance=25.0)
    0.9
    """
    pairs = paired(merged, base, ("merged", "base"))
    guesses = _by_benchmark(chance, [key for key, _, _ in pairs])
    for key, _, before in pairs:
        if before <= guesses[key]:
            raise OutOfRangeError(
                f"base: {key} scores {before}, not above its chance of {guesses[key]}: nothing to retain. Leave {key} out and say so."
            )
    return mean((after - guesses[key]) / (before - guesses[key]) for key, after, before in pairs)


def relevance_gain(merged: Scores, base: Scores) -> Gain:
    """Say what the region gained: Q_merged - Q_base in points, and in percent of Q_base; Q is the unweighted mean over benchmarks.

    The paper's "5-15 % gains" are the percent of averages: in Table 1 the region goes from 56.3 to 63.8.

    Args:
        merged: score of the merged model by benchmark (dict, list or number), on the region's rows.
        base: the same for the model before adaptation; same benchmarks, same unit.

    Raises:
        OutOfRangeError: the base's mean is not above 0, so that a percentage has no meaning.
        MismatchedScoresError: a benchmark stands on one side only.
        NonFiniteError: a score is NaN or infinite; the message names the benchmark.

    >>> gain = relevance_gain(63.8, 56.3)
    >>> round(gain.points, 1), round(gain.percent, 1)
    (7.5, 13.3)
    """
    pairs = paired(merged, base, ("merged", "base"))
    after, before = mean(q for _, q, _ in pairs), mean(q for _, _, q in pairs)
    if before <= 0:
        raise OutOfRangeError(f"base: the mean score is {before}, and a gain in percent needs one above 0. Compare the points instead.")
    return Gain(points=after - before, percent=100 * (after - before) / before)


def _by_benchmark(chance: Scores, benchmarks: list[str]) -> dict[str, float]:
    if isinstance(chance, Real):  # one guess for all
        return dict.fromkeys(benchmarks, named(chance, "chance")["score"])
    return {key: guess for key, guess, _ in paired(chance, dict.fromkeys(benchmarks, 0.0), ("chance", "base"))}
