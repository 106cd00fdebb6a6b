import importlib.util
import json
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "build_regions.py"
CLDR = Path("/usr/share/unicode/cldr/common")  # where Debian's unicode-cldr-core puts it
DATA = files("hf_regional.regions") / "data"

TERRITORY = """<territory type="RS" population="1000">
  <languagePopulation type="sr" populationPercent="90" officialStatus="official"/>
  <languagePopulation type="sr_Latn" populationPercent="90" officialStatus="official"/>
  <languagePopulation type="uz" populationPercent="4"/>
  <languagePopulation type="uz_Cyrl" populationPercent="1.5"/>
  <languagePopulation type="hu" populationPercent="3" officialStatus="official_regional"/>
  <languagePopulation type="zh" populationPercent="0.0001"/>
</territory>"""


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("build_regions", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_scripts_of_one_language_are_counted_once(script):
    # Equal figures are the same 900 people with two alphabets, unlike ones are different people: 40 + 15.
    territory = script.ElementTree.fromstring(TERRITORY)
    assert script.spoken_in(territory) == {"sr": ("900", "national"), "uz": ("55", ""), "hu": ("30", "regional")}


def test_the_tables_say_where_they_come_from_and_stay_small():
    assert json.loads((DATA / "source.json").read_text())["version"] == "41"
    assert "Unicode, Inc." in (DATA / "LICENCE-UNICODE.txt").read_text()
    assert sum(len(entry.read_bytes()) for entry in DATA.iterdir()) < 400_000


@pytest.mark.skipif(not CLDR.is_dir(), reason="needs the Debian package unicode-cldr-core")
def test_building_again_gives_the_same_bytes(script, tmp_path):
    if script.cldr_version(CLDR) != "41":
        pytest.skip("another CLDR is installed")
    script.build(CLDR, tmp_path)
    for path in tmp_path.iterdir():
        assert path.read_bytes() == (DATA / path.name).read_bytes(), path.name


def test_importing_the_room_brings_no_torch_and_no_pandas():
    program = "import sys, hf_regional.regions; print(sorted({'torch', 'pandas', 'numpy', 'openpyxl', 'datasets'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_region_needs_no_torch_either():
    program = (
        "import sys; from hf_regional import Region; Region('SEA').languages; Region('SEA').label('th'); print('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip() == "False"
