"""Generating: prompts and pictures in, texts (or pictures) out, by a model on this machine or behind a server. No prompt is lost unnamed.

    model = make_model("http://localhost:8000/v1#CodeGoat24/UnifiedReward-qwen-7b")     # or a Hub id, or a folder
    answers = answer_all(KeptAnswers(model), [Prompt("What is this?", images=[row["image"]])])

Answers are kept and never asked for again; `read_answers` reads them and says of each that it cannot read why.
"""

from typing import TYPE_CHECKING

from hf_regional.lazy import lookup

if TYPE_CHECKING:
    from hf_regional.generating.choosing import make_model as make_model
    from hf_regional.generating.kept import KeptAnswers as KeptAnswers
    from hf_regional.generating.local import LocalModel as LocalModel
    from hf_regional.generating.painting import Brush as Brush
    from hf_regional.generating.painting import Painter as Painter
    from hf_regional.generating.pricing import Prices as Prices
    from hf_regional.generating.prompts import Answer as Answer
    from hf_regional.generating.prompts import Prompt as Prompt
    from hf_regional.generating.prompts import Sampling as Sampling
    from hf_regional.generating.prompts import TextModel as TextModel
    from hf_regional.generating.prompts import answer_all as answer_all
    from hf_regional.generating.readings import Reading as Reading
    from hf_regional.generating.readings import count_faults as count_faults
    from hf_regional.generating.readings import read_answers as read_answers
    from hf_regional.generating.served import ServedModel as ServedModel
    from hf_regional.generating.weighing import Weigher as Weigher

_HOMES = {
    "Answer": "hf_regional.generating.prompts",
    "Brush": "hf_regional.generating.painting",
    "KeptAnswers": "hf_regional.generating.kept",
    "LocalModel": "hf_regional.generating.local",
    "Painter": "hf_regional.generating.painting",
    "Prices": "hf_regional.generating.pricing",
    "Prompt": "hf_regional.generating.prompts",
    "Reading": "hf_regional.generating.readings",
    "Sampling": "hf_regional.generating.prompts",
    "ServedModel": "hf_regional.generating.served",
    "TextModel": "hf_regional.generating.prompts",
    "Weigher": "hf_regional.generating.weighing",
    "answer_all": "hf_regional.generating.prompts",
    "count_faults": "hf_regional.generating.readings",
    "make_model": "hf_regional.generating.choosing",
    "read_answers": "hf_regional.generating.readings",
}

__all__ = [*_HOMES]  # pyright: ignore[reportUnsupportedDunderAll]

__getattr__ = lookup(__name__, _HOMES)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
