"""Questions about prompts with their dependencies, and a model's answers, in; scores by prompt, overall and by category out.

A question counts only where the questions it rests on were answered yes: "is the motorbike red?" is worth nothing without a motorbike.
Graphs: Davidsonian Scene Graph (Cho et al., arXiv 2310.18235); DPG-Bench (Hu et al., arXiv 2403.05135).
"""

import graphlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from hf_regional.errors import BadRowError, ConfigError, NoRowsError, UnknownNameError
from hf_regional.nearest import did_you_mean

Answer = bool | None  # None: the answer could not be read


@dataclass(frozen=True, slots=True)
class Question:
    """One question of a prompt's graph."""

    key: str  # unique in its prompt
    parents: tuple[str, ...] = ()  # keys that must be answered yes for this one to count
    category: str = ""  # "entity", "attribute", ...: what DPG-Bench calls L1


@dataclass(frozen=True, slots=True)
class PromptGraphScores:
    """What a model's pictures kept of their prompts; shares in [0, 1]."""

    score: float  # mean over prompts
    by_prompt: dict[str, float]  # mean over the prompt's pictures of the mean over its questions
    by_category: dict[str, float]  # mean over all questions of the category, parents heeded
    by_category_alone: dict[str, float]  # the same of the bare answers, parents not heeded: what DPG-Bench prints by category
    pictures: int
    unparsed: int  # answers that could not be read: they count as no


def prompt_graph_scores(graphs: Mapping[str, Sequence[Question]], answers: Sequence[tuple[str, Mapping[str, Answer]]]) -> PromptGraphScores:
    """Score pictures by the questions of their prompts: s(q) = 1 if q and all it rests on, at whatever distance, are answered yes, else 0.

    A picture scores the mean of s over its prompt's questions, a prompt the mean over its pictures, a model the mean over prompts.
    DPG-Bench's own program prints categories without heeding parents and from the last picture of each prompt; here both kinds of
    category score are over all pictures.

    Args:
        graphs: prompt -> its questions.
        answers: one entry a picture: its prompt, and question -> True (yes), False (no) or None (unreadable); all questions answered.

    Raises:
        UnknownNameError: a parent, an answered question or a picture's prompt that the graphs do not hold.
        ConfigError: questions rest on each other in a circle, or two have one key. `.key` is the prompt.
        BadRowError: a question is left unanswered, or its answer is neither yes, no nor None.
        NoRowsError: no picture, or a prompt without questions.

    >>> graph = {"a red motorbike": [Question("bike"), Question("red", parents=("bike",))]}
    >>> prompt_graph_scores(graph, [("a red motorbike", {"bike": False, "red": True})]).score
    0.0
    """
    if not answers:
        raise NoRowsError("no answers to score: give at least one picture's.")
    orders = {prompt: _order(prompt, questions) for prompt, questions in graphs.items()}
    by_prompt: dict[str, list[float]] = {}
    counted: dict[str, list[bool]] = {}
    alone: dict[str, list[bool]] = {}
    unparsed = 0
    for picture, (prompt, given) in enumerate(answers):
        if prompt not in graphs:
            raise UnknownNameError(f"picture {picture}: no graph for the prompt {prompt!r}.{did_you_mean(prompt, graphs)}")
        _check_answers(picture, prompt, orders[prompt], given)
        holds = _holding(orders[prompt], given)
        by_prompt.setdefault(prompt, []).append(fmean(holds.values()))
        for question in graphs[prompt]:
            unparsed += given[question.key] is None
            if question.category:
                counted.setdefault(question.category, []).append(holds[question.key])
                alone.setdefault(question.category, []).append(given[question.key] is True)
    prompts = {prompt: fmean(scores) for prompt, scores in by_prompt.items()}
    return PromptGraphScores(
        score=fmean(prompts.values()),
        by_prompt=prompts,
        by_category={category: fmean(values) for category, values in sorted(counted.items())},
        by_category_alone={category: fmean(values) for category, values in sorted(alone.items())},
        pictures=len(answers),
        unparsed=unparsed,
    )


def _order(prompt: str, questions: Sequence[Question]) -> list[Question]:
    """Questions, each behind its parents."""
    if not questions:
        raise NoRowsError(f"prompt {prompt!r} has no questions: it cannot be scored. Leave it out.")
    by_key = {question.key: question for question in questions}
    if len(by_key) < len(questions):
        twice = next(one.key for place, one in enumerate(questions) if one.key in {other.key for other in questions[:place]})
        raise ConfigError(f"prompt {prompt!r}: two questions have the key {twice!r}. Keys must be unique in a prompt.", prompt)
    for question in questions:
        if unknown := [parent for parent in question.parents if parent not in by_key]:
            raise UnknownNameError(
                f"prompt {prompt!r}: question {question.key!r} rests on {unknown[0]!r}, which is no question of it."
                f"{did_you_mean(unknown[0], by_key)} Questions: {', '.join(by_key)}."
            )
    try:
        sorted_keys = list(graphlib.TopologicalSorter({one.key: one.parents for one in questions}).static_order())
    except graphlib.CycleError as error:
        circle = " -> ".join(reversed(error.args[1]))
        raise ConfigError(f"prompt {prompt!r}: questions rest on each other in a circle, {circle}. Cut it.", prompt) from error
    return [by_key[key] for key in sorted_keys]


def _check_answers(picture: int, prompt: str, questions: Sequence[Question], given: Mapping[str, Answer]) -> None:
    keys = [question.key for question in questions]
    if missing := [key for key in keys if key not in given]:
        raise BadRowError(f"picture {picture} of {prompt!r}: question {missing[0]!r} has no answer. Ask it, or give None where unreadable.")
    if extra := [key for key in given if key not in keys]:
        raise UnknownNameError(
            f"picture {picture} of {prompt!r}: {extra[0]!r} is no question of this prompt.{did_you_mean(extra[0], keys)}"
        )
    for key, answer in given.items():
        if answer is not None and answer is not True and answer is not False:
            raise BadRowError(f"picture {picture} of {prompt!r}: the answer to {key!r} is {answer!r}; give True, False or None.")


def _holding(ordered: Sequence[Question], given: Mapping[str, Answer]) -> dict[str, bool]:
    holds: dict[str, bool] = {}
    for question in ordered:
        holds[question.key] = given[question.key] is True and all(holds[parent] for parent in question.parents)
    return holds
