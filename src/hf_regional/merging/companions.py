"""Companions: what stands beside the weights (configuration, tokenizer, processor, indexes) carried over from the base, and fitted."""

import json
from pathlib import Path
from typing import Any

from hf_regional.durable import copy_file
from hf_regional.merging.checkpoint import Checkpoint
from hf_regional.merging.header import Stored
from hf_regional.merging.plan import Plan
from hf_regional.merging.vocabulary.grown import grown_index, resized
from hf_regional.merging.vocabulary.plan import VocabularyPlan
from hf_regional.merging.vocabulary.tokens import json_object


def carry_over(plan: Plan, folder: Path) -> None:
    """Fill the folder of one output: the base's files, and where the vocabulary is another, that one's tokenizer and sizes."""
    base, grown = plan.base, plan.vocabulary or VocabularyPlan({})
    folder.mkdir(parents=True, exist_ok=True)
    for name in base.companions:
        if name.as_posix() not in {*grown.dropped, *grown.companions, *grown.configs}:
            copy_file(base.folder / name, folder / name)
    for name, file in grown.companions.items():
        copy_file(file, folder / name)
    for name, content in grown.configs.items():
        _write(folder / name, content)
    for part in base.components:
        if part.index:
            before, after = _regrown(base, grown, part.name)
            if before:
                _write(folder / base.relative(part.index), grown_index(json_object(part.index), before, after))
            else:
                copy_file(part.index, folder / base.relative(part.index))


def _regrown(base: Checkpoint, grown: VocabularyPlan, component: str) -> tuple[list[Stored], list[Stored]]:
    """The tensors of a component that have another shape in the output, as they were and as they will be."""
    own = [
        (base.tensors[name], one.shape)
        for name, one in grown.tensors.items()
        if (not component or name.startswith(f"{component}.")) and one.shape != base.tensors[name].shape
    ]
    return [stored for stored, _ in own], [resized(stored, shape) for stored, shape in own]


def _write(file: Path, content: dict[str, Any]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
