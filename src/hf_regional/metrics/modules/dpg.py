"""DPG as an `evaluate` metric: predictions are answers about pictures, references the questions and what they rest on."""

from typing import Any

import datasets
import evaluate

from hf_regional.errors import BadRowError, ConfigError
from hf_regional.metrics import describing
from hf_regional.metrics.prompt_graphs import Answer, Question, prompt_graph_scores

_DESCRIPTION = """\
Dependency-aware prompt graph: how much of a prompt a generated picture keeps. s(q) = 1 if question q and all questions it rests on are
answered yes, else 0; a picture scores the mean of s over its prompt's questions, a prompt the mean over its pictures, a model the mean
over prompts. The name DPG-Bench belongs to scores with its prompts and its answering model (mPLUG) alone.
"""
_INPUTS = """\
Args:
    predictions: one answer a row: True for yes, False for no, None where it could not be read (counts as no and is counted).
    references: one dict a row: "prompt", "picture" (tells several pictures of a prompt apart), "question" (its key), "parents" (list of
        keys of the same prompt) and "category" ("" for none).
Returns:
    dpg: float in [0, 1], the mean over prompts.
    by_category: category -> mean over its questions, parents heeded. by_category_alone: of the bare answers, as DPG-Bench prints it.
    pictures, unparsed: ints.
Example:
    >>> bike = {"prompt": "a red motorbike", "picture": "1", "question": "bike", "parents": [], "category": "entity"}
    >>> red = {**bike, "question": "red", "parents": ["bike"], "category": "attribute"}
    >>> load_metric("dpg").compute(predictions=[True, False], references=[bike, red])["dpg"]
    0.5
"""
_CITATION = """\
@misc{hu2024ella,
  title = {ELLA: Equip Diffusion Models with LLM for Enhanced Semantic Alignment},
  author = {Hu, Xiwei and Wang, Rui and Fang, Yixiao and Fu, Bin and Cheng, Pei and Yu, Gang},
  year = {2024},
  url = {https://arxiv.org/abs/2403.05135},
}
@inproceedings{cho2024davidsonian,
  title = {Davidsonian Scene Graph: Improving Reliability in Fine-grained Evaluation for Text-to-Image Generation},
  author = {Cho, Jaemin and Hu, Yushi and Garg, Roopal and Anderson, Peter and Krishna, Ranjay and Baldridge, Jason and others},
  booktitle = {International Conference on Learning Representations},
  year = {2024},
  url = {https://arxiv.org/abs/2310.18235},
}"""


class Dpg(describing.Described, evaluate.Metric):
    """`hf_regional.metrics.prompt_graph_scores` behind `compute(predictions=, references=)`; a row is one answer about one picture."""

    about = describing.About(
        description=_DESCRIPTION,
        inputs=_INPUTS,
        citation=_CITATION,
        urls=("https://arxiv.org/abs/2403.05135", "https://arxiv.org/abs/2310.18235"),
        features=datasets.Features(
            {
                "predictions": datasets.Value("bool"),
                "references": {
                    "prompt": describing.TEXT,
                    "picture": describing.TEXT,
                    "question": describing.TEXT,
                    "parents": datasets.List(describing.TEXT),
                    "category": describing.TEXT,
                },
            }
        ),
    )

    def _compute(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, *, predictions: Any = None, references: Any = None
    ) -> dict[str, Any]:
        graphs: dict[str, dict[str, Question]] = {}
        pictures: dict[tuple[str, str], dict[str, Answer]] = {}
        for row, (answer, asked) in enumerate(zip(predictions, references, strict=True)):
            question = Question(asked["question"], tuple(asked["parents"]), asked["category"] or "")
            known = graphs.setdefault(asked["prompt"], {}).setdefault(question.key, question)
            if known != question:
                raise ConfigError(f"row {row}: question {question.key!r} of {asked['prompt']!r} has other parents or category than before.")
            given = pictures.setdefault((asked["prompt"], asked["picture"]), {})
            if question.key in given:
                raise BadRowError(f"row {row}: question {question.key!r} is answered twice for picture {asked['picture']!r}.")
            given[question.key] = answer
        answers = [(prompt, given) for (prompt, _), given in pictures.items()]
        found = prompt_graph_scores({prompt: tuple(graph.values()) for prompt, graph in graphs.items()}, answers)
        return {
            "dpg": found.score,
            "by_category": found.by_category,
            "by_category_alone": found.by_category_alone,
            "pictures": found.pictures,
            "unparsed": found.unparsed,
        }
