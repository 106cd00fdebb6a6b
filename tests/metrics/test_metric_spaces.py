import ast
import doctest
import json
import runpy
import subprocess
import sys

import pytest
import yaml

from hf_regional.metrics import load_metric, metric_names


@pytest.fixture(scope="module")
def spaces(root, tmp_path_factory):
    """A Space for every metric, written by the script."""
    folder = tmp_path_factory.mktemp("spaces")
    script = runpy.run_path(str(root / "scripts" / "build_metric_spaces.py"))
    script["build"](folder, owner="me", names=metric_names())
    return folder


@pytest.mark.parametrize("name", metric_names())
def test_every_space_has_a_header_a_page_and_the_package(spaces, name):
    files = {file.name: file.read_text(encoding="utf-8") for file in (spaces / name).iterdir()}
    assert files.keys() == {"README.md", "app.py", "requirements.txt", f"{name}.py"}
    _, header, text = files["README.md"].split("---\n", 2)
    settings = yaml.safe_load(header)
    assert (settings["sdk"], settings["app_file"], settings["title"]) == ("gradio", "app.py", name)
    assert settings["tags"] == ["evaluate", load_metric(name).module_type]
    assert f'evaluate.load("me/{name}")' in text
    assert load_metric(name).description in text
    assert files["requirements.txt"].startswith("hf-regional==")
    ast.parse(files["app.py"])


@pytest.mark.parametrize("name", metric_names())
def test_the_page_opens_with_an_example_that_computes(spaces, name):
    (line,) = [line for line in (spaces / name / "app.py").read_text(encoding="utf-8").splitlines() if line.startswith("EXAMPLE = ")]
    example = json.loads(eval(line.removeprefix("EXAMPLE = json.loads(").removesuffix(")")))
    assert load_metric(name).compute(**example)


@pytest.mark.slow
def test_evaluate_loads_every_space_from_its_folder_in_a_fresh_process(spaces, tmp_path):
    code = "import evaluate, json, sys; print('\\n' + json.dumps({n: evaluate.load(f'{sys.argv[1]}/{n}').name for n in sys.argv[2:]}))"
    ran = subprocess.run(
        [sys.executable, "-c", code, str(spaces), *metric_names()], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert json.loads(ran.stdout.splitlines()[-1]) == {name: name for name in metric_names()}


@pytest.mark.slow
@pytest.mark.parametrize("name", metric_names())
def test_a_metric_that_evaluate_loaded_computes_its_example(spaces, name):
    import evaluate

    loaded = evaluate.load(str(spaces / name))
    scope = {"load_metric": lambda called: evaluate.load(str(spaces / called))}
    example = doctest.DocTestParser().get_doctest(loaded.inputs_description, scope, name, None, None)
    assert example.examples
    assert doctest.DocTestRunner(verbose=False).run(example).failed == 0


ASKED = """
import json, runpy, sys
import gradio
page = runpy.run_path(sys.argv[1], run_name="page")
said = []
for text in (json.dumps(page["EXAMPLE"]), '{"predictions": ["maybe"], "references": ["yes"]}', "[1]", "{"):
    try:
        said.append(page["compute"](text)["accuracy"])
    except gradio.Error as error:
        said.append(str(error.message))
print(json.dumps([isinstance(page["page"], gradio.Blocks), *said]))
"""


@pytest.mark.slow
def test_the_page_answers_and_says_what_is_wrong(spaces):
    pytest.importorskip("gradio")
    app = spaces / "social_norms" / "app.py"
    ran = subprocess.run([sys.executable, "-c", ASKED, str(app)], capture_output=True, text=True, check=True)
    is_page, accuracy, no_class, no_object, no_json = json.loads(ran.stdout.splitlines()[-1])
    assert (is_page, accuracy) == (True, 0.5)
    assert "row 0 is 'maybe'" in no_class
    assert "one JSON object" in no_object
    assert "Expecting property name" in no_json
