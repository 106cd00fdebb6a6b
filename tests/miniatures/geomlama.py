"""The TSVs of GeoMLAMA: a blank row between concepts, five countries each in one order, quotes that are part of a cell."""

from pathlib import Path

_HEAD = "Prompt\tCorresponding Questions\tAns\tCandidate Ans\tContext\tGPT-3 Pred\tGPT-3 Pred (T/F/I)\tcomments"
_PLACES = ("United States", "China", "India", "Iran", "Kenya")
_BLANK = "\t" * 7
_CONCEPTS = (
    ("staple food", ("bread", "rice, noodles", "rice, bread", "rice, bread", "maize"), "bread, rice, noodles, maize", '"ugali" (maize)'),
    ("driver's seat", ("left", "left", "right", "left", "right"), "left, right", "left"),
    ("drink", ("tea, coffee", "tea", "tea", "tea", "tea"), "tea, coffee", "tea"),  # of the first all candidates are right
)


def write(folder: Path) -> None:
    for language, comma in (("en", ", "), ("fa", "، "), ("hi", ", "), ("sw", ", "), ("zh", "，")):
        lines = [_HEAD]
        for concept, answers, candidates, said in _CONCEPTS:
            lines += [_BLANK] * (len(lines) > 1)
            lines += [
                f"The {concept} in {place} is <mask>.\tWhat is the {concept} in {place}?\t{answer.replace(', ', comma)}\t"
                f"{candidates.replace(', ', comma)}\t{concept}\t{said}\tF\t"
                for place, answer in zip(_PLACES, answers, strict=True)
            ]
        (folder / f"gd_prompt_{language}.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
