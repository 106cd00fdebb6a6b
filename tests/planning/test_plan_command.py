"""`hf-regional plan` from a published table, from features and from real photographs; the page and the pictures that it writes."""

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from hf_regional.cli import main
from hf_regional.errors import ConfigError, MissingColumnError, NoRowsError
from hf_regional.planning.allocation import annotation_plan
from hf_regional.planning.check import fill_experiment
from hf_regional.planning.covered import coverage
from hf_regional.planning.figures import draw_check, draw_countries, draw_pairs, draw_topic, draw_world, pairs_table, principal, spread
from hf_regional.planning.maps import apart, projected, shapes, window
from hf_regional.planning.page import topic_view, write_page
from hf_regional.planning.reading import read_source
from hf_regional.planning.similarity import geo_similarity
from hf_regional.regions import Region

SAMPLE = Path(__file__).parents[2].parent / "shared" / "data" / "dollar_street_sample"
LOOKS = {"IDN": [1, 0.2, 0, 0], "MYS": [1, 0.3, 0, 0], "LAO": [0, 1, 0.2, 0], "KEN": [0.2, 0, 1, 0.3]}


def features(n=14):
    rng = np.random.default_rng(0)
    rows = [(topic, country) for topic in ("bed", "hat") for country in LOOKS for _ in range(n)]
    looks = np.array([LOOKS[country] + [topic == "bed"] for topic, country in rows], float)
    return looks + 0.1 * rng.normal(size=looks.shape), [row[0] for row in rows], [row[1] for row in rows]


@pytest.fixture(scope="module")
def known():
    rows = features()
    similarity = geo_similarity(*rows, average="centroid")
    return *rows, similarity, annotation_plan(similarity, money=200, region=Region("SEA"))


def test_a_published_table_is_enough(tmp_path, capsys):
    table = tmp_path / "published.csv"
    table.write_text("topic,country_a,country_b,similarity\nbed,Laos,Cambodia,0.91\nbed,Laos,Kenya,0.6\n", encoding="utf-8")
    assert main(["plan", str(table), "--region", "SEA", "--money", "100", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["cost_usd"] == 100
    assert [(row["topic"], row["country"], row["annotate"]) for row in found["table"]] == [("bed", "Cambodia", 50), ("bed", "Laos", 50)]
    assert any("10 are assumed" in note for note in found["notes"])


def test_features_become_a_folder_with_page_tables_tasks_and_maps(tmp_path, capsys):
    rows, topics, countries = features()
    source = tmp_path / "features.npz"
    np.savez(source, features=rows, topics=np.array(topics), countries=np.array(countries))
    prices = tmp_path / "prices.csv"
    prices.write_text("country,price_usd,start_usd,batch\nLAO,2,10,5\n*,1,0,5\n", encoding="utf-8")
    out = tmp_path / "out"
    assert main(["plan", str(source), "--region", "SEA", "--money", "150", "--prices", str(prices), "-o", str(out)]) == 0
    assert "open plan.html" in capsys.readouterr().out
    plan = json.loads((out / "plan.json").read_text())
    tasks = pd.read_csv(out / "tasks.csv")
    assert len(tasks) == sum(row["annotate"] for row in plan["table"]) > 0
    assert set(tasks["country_iso3"]) <= {"IDN", "MYS", "LAO"}
    spent = sum(row["cost_usd"] for row in plan["countries"])
    assert spent == pytest.approx(plan["cost_usd"])
    assert spent <= 150
    assert {file.name for file in out.iterdir()} >= {
        "plan.html",
        "plan.csv",
        "map.png",
        "map.svg",
        "countries.png",
        "similarity.csv",
        "topic-01.png",
    }
    assert main(["plan", str(source), "--money", "1", "-o", str(out)]) == 1
    assert "out" in capsys.readouterr().err


def test_a_learning_curve_may_be_given_and_groups_of_one_country_make_a_plan(tmp_path, capsys):
    source = tmp_path / "one.parquet"
    pd.DataFrame({"features": [[1.0, 0.0]] * 3, "topic": ["bed"] * 3, "country": ["LAO"] * 3}).to_parquet(source)
    assert main(["plan", str(source), "--money", "17", "--curve", "0.9", "0.5", "0.5", "--none", "0.2", "--json"]) == 0
    row = json.loads(capsys.readouterr().out)["table"][0]
    assert (row["have"], row["annotate"]) == (3, 17)
    assert row["expected_after"] == pytest.approx(0.9 - 0.5 / np.sqrt(20))


def test_real_photographs_are_planned_for(tmp_path, capsys):
    if not SAMPLE.is_dir():
        pytest.skip("the sample of Dollar Street is not beside this checkout")
    sheet = pd.read_csv(SAMPLE / "metadata.csv")
    pictures = [np.asarray(Image.open(SAMPLE / name).convert("RGB").resize((8, 8)), np.float32).ravel() for name in sheet["file_name"]]
    source = tmp_path / "sample.npz"
    np.savez(source, features=np.array(pictures), topics=sheet["topic"].to_numpy(str), countries=sheet["country"].to_numpy(str))
    words = ["plan", str(source), "--money", "60", "--min-n", "1", "--threshold", "0.9", "-o", str(tmp_path / "out"), "--json"]
    assert main(words) == 0
    plan = json.loads(capsys.readouterr().out)
    assert sum(row["have"] for row in plan["table"]) == len(sheet)
    assert sum(row["annotate"] for row in plan["table"]) == 60
    assert plan["baselines"][0]["expected"] >= max(row["expected"] for row in plan["baselines"])


@pytest.mark.parametrize(
    ("name", "write", "error", "says"),
    [
        ("x.npz", lambda p: np.savez(p, features=np.eye(2), topics=np.array(["a", "b"])), MissingColumnError, "no countries"),
        (
            "photos",
            lambda p: (p.mkdir(), (p / "metadata.csv").write_text("file_name,topic\na.jpg,bed\n")),
            MissingColumnError,
            "no countries",
        ),
    ],
)
def test_sources_that_lack_something_are_refused_by_name(tmp_path, name, write, error, says):
    write(tmp_path / name)
    with pytest.raises(error, match=says):
        read_source(tmp_path / name)


def test_photographs_need_a_model(tmp_path):
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png")
    (tmp_path / "metadata.csv").write_text("file_name,topic,country\na.png,bed,LAO\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="--model"):
        read_source(tmp_path)


def test_the_page_asks_nobody_and_what_users_wrote_does_nothing(tmp_path, known):
    rows, topics, countries, similarity, _ = known
    evil = ["<script>alert(1)</script>" if topic == "bed" else topic for topic in topics]
    plan = annotation_plan(geo_similarity(rows, evil, countries), money=50)
    check = fill_experiment(rows, topics, countries, similarity, donors=1, seeds=[0])
    view = topic_view(rows, topics, countries, "bed", [Image.new("RGB", (9, 5), "red")] * len(rows), credits=["Ada, CC BY 4.0"] * len(rows))
    page = write_page(tmp_path / "plan.html", plan, similarity, check=check, topics={"bed": view}).read_text(encoding="utf-8")
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page
    assert re.search(r"default-src 'none'", page)
    assert not re.search(r'(src|href)="(?!data:)', page)
    assert not re.search(r"url\(|@import|fetch\(", page)
    assert "Ada, CC BY 4.0" in page
    assert page.count("<script>") == 1


def test_the_page_shows_the_numbers_of_the_plan(tmp_path, known):
    *_, plan = known
    page = write_page(tmp_path / "plan.html", plan, region=Region("SEA"), title="SEA").read_text(encoding="utf-8")
    for row in plan.table.itertuples():
        assert f'data-topic="{row.topic}" data-country="{row.country}"' in page
        assert f'data-annotate="{row.annotate}"' in page
    assert page.count('class="country"') == 3
    assert not re.search(r"\bnan\b", page)


@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_pictures_are_drawn_in_every_format_and_twice_the_same(tmp_path, known, ending):
    rows, topics, countries, similarity, plan = known
    covered = coverage(rows, topics, countries, rows[:40], topics[:20] + ["hat"] * 20, average="centroid")
    check = fill_experiment(rows, topics, countries, similarity, donors=1, seeds=[0], ratios=[0, 1])
    drawn = [
        lambda file: draw_countries(similarity, file),
        lambda file: draw_pairs(similarity, covered, file),
        lambda file: draw_world({"IDN": 0.1, "SGP": 0.4}, file, label="share missing", plan=plan, region=Region("SEA")),
        lambda file: draw_topic(rows, topics, countries, "bed", file),
        lambda file: draw_check(check, file),
    ]
    for number, draw in enumerate(drawn):
        first, second = (draw(tmp_path / f"{number}-{turn}.{ending}") for turn in (1, 2))
        assert first.stat().st_size > 3000
        assert first.read_bytes() == second.read_bytes()
        if ending == "svg":
            ET.parse(first)


def test_what_cannot_be_drawn_is_refused(tmp_path, known):
    rows, topics, countries, similarity, _ = known
    with pytest.raises(ConfigError, match=r"\.gif"):
        draw_countries(similarity, tmp_path / "a.gif")
    with pytest.raises(NoRowsError, match="no country"):
        draw_world({"Atlantis": 1.0}, tmp_path / "a.png", label="x")
    with pytest.raises(NoRowsError, match="'stove' has 0 images"):
        draw_topic(rows, topics, countries, "stove", tmp_path / "a.png")


def test_the_map_keeps_areas_and_has_singapore():
    found = shapes()
    assert {"SGP", "MDV", "HKG", "BHR"} <= set(found)
    # Square kilometres: Brazil 8.5 million, Greenland 2.2, Indonesia 1.9 (a map of Mercator has Greenland twice as large as Brazil).
    assert found["BRA"].area / found["GRL"].area == pytest.approx(8.5 / 2.17, rel=0.05)
    assert found["IDN"].area / found["FRA"].area == pytest.approx(1.90 / 0.55, rel=0.06)
    assert len(found) > 230


def test_russia_does_not_lead_round_the_world():
    for code in ("RUS", "FJI"):
        for ring in shapes()[code].rings:
            assert np.abs(np.diff(ring[:, 0])).max() < 0.6


def test_a_window_holds_its_region():
    west, east, south, north = window(Region("SEA").countries)
    assert west < 92
    assert east > 141
    assert south < -11
    assert north > 28
    assert window(["USA", "JPN"]) == (-180.0, 180.0, -58.0, 84.0)
    assert projected(0, 0).tolist() == [0, 0]


def test_circles_do_not_lie_on_one_another():
    at = apart([[0, 0], [0, 0], [1, 0], [9, 9]], [1, 1, 1, 1])
    gaps = np.linalg.norm(at[:, None] - at[None], axis=2)[np.triu_indices(4, 1)]
    assert gaps.min() > 1.95
    assert at[3].tolist() == [9, 9]


def test_pairs_and_components_are_what_they_say(known):
    rows, topics, countries, similarity, _ = known
    covered = coverage(rows, topics, countries, rows, topics, average="centroid")
    row = pairs_table(similarity, covered).set_index(["topic", "country"]).loc[("bed", "LAO")]
    own = similarity.table.query("topic == 'bed' and country_a == 'LAO'")["similarity"]
    assert row["low"] == pytest.approx(own.mean())
    points, share = principal(np.array([[1.0, 0], [0, 1], [1, 1]]))
    assert points.shape == (3, 2)
    assert share.sum() == pytest.approx(1)
    assert spread(np.array([[0.0, 0], [0.1, 0], [5, 5]]), 2) == [0, 2]
