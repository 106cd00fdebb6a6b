"""A table of names with their aspect and country, as one writes it for the templates of SEA-VL, and prompts written out."""

from pathlib import Path

ROWS = """prompt,name,country,aspect,language,id,license
,batik making,Indonesia,culture,,b1,CC0
,phở,Vietnam,dish,,p1,CC0
,Angkor Wat,Cambodia,landmark,,a1,CC0
"A stall, at night",,Thailand,,en,t1,CC0
,couscous,Morocco,dish,,c1,CC0
"""


def write(folder: Path) -> None:
    (folder / "prompts.csv").write_text(ROWS, encoding="utf-8")
