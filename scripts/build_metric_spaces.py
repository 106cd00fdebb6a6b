"""Write a Space for each metric, so that `evaluate.load("OWNER/NAME")` finds it on the Hub and `evaluate.load("FOLDER/NAME")` without it.

    python scripts/build_metric_spaces.py metric-spaces --owner me
    huggingface-cli upload me/grouped_accuracy metric-spaces/grouped_accuracy --repo-type space

Each folder holds README.md with the Space's header, app.py (a Gradio page: columns and settings as JSON in, scores out), requirements.txt
and NAME.py, whose one class `evaluate` picks up. All of it comes from the metric's own description; the page opens with its example.
"""

import argparse
import doctest
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import yaml

from hf_regional.metrics import load_metric, metric_names
from hf_regional.version import __version__

GRADIO = "6.31.0"
APP = '''\
"""The page of the metric {name}: its columns and settings as JSON in, its scores out."""

import json

import gradio as gr

from hf_regional.errors import RegionalError
from hf_regional.metrics import load_metric

METRIC = load_metric("{name}")
EXAMPLE = json.loads(r"""{example}""")


def compute(text):
    """Compute from a JSON object; what is wrong with it is said on the page."""
    try:
        given = json.loads(text)
        if not isinstance(given, dict):
            raise gr.Error("Give one JSON object: columns and settings by name.", print_exception=False)
        scores = load_metric("{name}").compute(**given)  # one of its own: a metric keeps rows between calls
    except (RegionalError, ValueError, TypeError) as error:
        raise gr.Error(str(error), print_exception=False) from error
    return json.loads(json.dumps(scores, default=lambda value: value.tolist()))


with gr.Blocks(title="{name}", analytics_enabled=False) as page:
    gr.Markdown("# {name}\\n\\n" + METRIC.description)
    rows = gr.Code(json.dumps(EXAMPLE, ensure_ascii=False, indent=2), language="json", label="Columns and settings")
    gr.Button("Compute", variant="primary").click(compute, rows, gr.JSON(label="Scores"))
    with gr.Accordion("What it takes and gives", open=False):
        gr.Code(METRIC.inputs_description, language=None, label="inputs")

if __name__ == "__main__":
    page.launch()
'''
MODULE = '''\
"""`evaluate.load` picks up the class of this file; the metric itself is in the package hf-regional."""

from hf_regional.metrics.modules.{name} import {title}

__all__ = ["{title}"]
'''
README = """\
---
{header}---

# {name}

{description}
```python
import evaluate

metric = evaluate.load("{address}")
```

or, with `pip install hf-regional` and without the Hub, `hf_regional.metrics.load_metric("{name}")`.

## Inputs

```
{inputs}```

## Citation

```bibtex
{citation}
```
{urls}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", type=Path, help="the folder that the Spaces are written into")
    parser.add_argument("--owner", default="OWNER", help="whose Spaces they will be, for the README")
    parser.add_argument("--names", nargs="+", choices=metric_names(), metavar="METRIC", help="some metrics only")
    arguments = parser.parse_args()
    for folder in build(arguments.output, owner=arguments.owner, names=arguments.names or metric_names()):
        print(folder)


def build(output: Path, *, owner: str, names: Sequence[str]) -> list[Path]:
    """Write the Spaces of some metrics; files that are there are written anew, others left."""
    folders = [output / name for name in names]
    for folder in folders:
        files = files_of(folder.name, owner)
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
    return folders


def files_of(name: str, owner: str) -> dict[str, str]:
    """The four files of one Space, by their names."""
    metric = load_metric(name)
    example = json.dumps(example_of(name, metric.inputs_description), ensure_ascii=False, default=lambda value: value.tolist())
    if '"""' in example:
        raise SystemExit(f"{name}: the example holds three quotes in a row, which app.py cannot hold.")
    texts = {"name": name, "address": f"{owner}/{name}", "description": metric.description, "inputs": metric.inputs_description}
    urls = "".join(f"\n- <{url}>" for url in metric.reference_urls or ())
    return {
        "README.md": README.format(**texts, header=header_of(name, metric), citation=metric.citation, urls=urls + "\n"),
        "app.py": APP.format(name=name, example=example),
        "requirements.txt": f"hf-regional=={__version__}\n",
        f"{name}.py": MODULE.format(name=name, title=type(metric).__name__),
    }


def header_of(name: str, metric: Any) -> str:
    """The Space's settings, as YAML."""
    sentence = " ".join(metric.description.split()).split(". ")[0].rstrip(".")
    header = {
        "title": name,
        "emoji": "🌏",
        "colorFrom": "blue",
        "colorTo": "green",
        "sdk": "gradio",
        "sdk_version": GRADIO,
        "app_file": "app.py",
        "pinned": False,
        "license": "apache-2.0",
        "tags": ["evaluate", metric.module_type],
        "description": sentence,
    }
    return yaml.safe_dump(header, allow_unicode=True, sort_keys=False, width=1000)


def example_of(name: str, inputs: str) -> dict[str, Any]:
    """The columns and settings of the call in the metric's Example, by running it: what the page opens with."""
    given: list[dict[str, Any]] = []
    scope = {"load_metric": lambda called: _Listening(load_metric(called).compute, given)}
    for line in doctest.DocTestParser().get_examples(inputs):
        exec(line.source, scope)  # our own docstring
    if not given:
        raise SystemExit(f"{name}: its Example calls no compute; write one that does.")
    return given[-1]


class _Listening:
    """A metric that computes, and keeps what it was given."""

    def __init__(self, compute: Callable[..., Any], given: list[dict[str, Any]]) -> None:
        self._compute, self._given = compute, given

    def compute(self, **given: Any) -> Any:
        self._given.append(given)
        return self._compute(**given)


if __name__ == "__main__":
    main()
