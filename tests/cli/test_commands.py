"""Each command as it is typed: exit code, what it prints where, and `--json` as one object. `run` has tests beside the pipeline."""

import argparse
import importlib
import io
import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from safetensors.numpy import load_file

from hf_regional import __version__
from hf_regional.cards import CardFacts
from hf_regional.cli import main
from hf_regional.cli.main import COMMANDS
from hf_regional.merging import merge_checkpoints


@pytest.fixture
def typed(capsys):
    """Type a command: (exit code, standard output, standard error)."""

    def call(*words):
        try:
            code = main([str(word) for word in words])
        except SystemExit as stopped:  # argparse: help and usage
            code = stopped.code
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return call


@pytest.fixture
def found(typed):
    """The JSON object of a command that succeeds."""

    def call(*words):
        code, out, _ = typed(*words, "--json")
        assert code == 0
        assert out.count("\n") == 1
        return json.loads(out)

    return call


def test_help_names_every_command_and_fits_100_columns(typed, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    code, out, err = typed("--help")
    assert (code, err) == (0, "")
    for name, meaning in COMMANDS.items():
        assert f"    {name:9} {meaning}\n" in out
    assert max(map(len, out.splitlines())) <= 100


@pytest.mark.parametrize("name", COMMANDS)
def test_every_word_of_a_command_is_explained(typed, name):
    parser = argparse.ArgumentParser()
    importlib.import_module(f"hf_regional.cli.{name}").add_arguments(parser)
    assert [action.dest for action in parser._actions if not action.help] == []
    code, out, err = typed(name, "--help")
    assert (code, err) == (0, "")
    assert "--json" in out


def test_version(typed):
    assert typed("--version")[:2] == (0, f"hf-regional {__version__}\n")


def test_no_command_is_usage(typed):
    code, out, err = typed()
    assert (code, out) == (2, "")
    assert err.startswith("usage: hf-regional")


def test_an_unknown_command_is_usage_and_the_known_ones_are_named(typed):
    code, out, err = typed("trian")
    assert (code, out) == (2, "")
    assert "invalid choice: 'trian'" in err
    assert "'adapt'" in err


def test_python_m_is_the_same_command():
    called = subprocess.run([sys.executable, "-m", "hf_regional", "region", "Atlantis"], capture_output=True, text=True, check=False)
    assert (called.returncode, called.stdout) == (1, "")
    assert called.stderr.startswith("hf-regional region: no region 'Atlantis'.")


def test_region(typed, found):
    code, out, err = typed("region", "SEA")
    assert (code, err) == (0, "")
    assert out.splitlines()[0] == "Southeast Asia (SEA): 11 countries"
    assert "  MMR  Myanmar (Burma)\n" in out
    assert "  fil   97 %  Filipino\n" in out
    answer = found("region", "SEA", "--locale", "id")
    assert (answer["name"], len(answer["countries"]), answer["countries"]["PHL"]) == ("SEA", 11, "Filipina")
    assert answer["languages"]["id"] > 0.99


def test_a_region_of_countries(typed):
    assert typed("region", "IDN")[1].startswith("Indonesia (IDN): 1 country\n")


def test_corpora(typed, found):
    code, out, _ = typed("corpora")
    assert code == 0
    assert "\n\nemoji-world: Noto Color Emoji with the names and keywords of Unicode CLDR\n  license: OFL-1.1 AND Unicode-DFS-2016\n" in out
    assert "builder" not in out
    assert {"emoji-world", "imagefolder+csv"} <= found("corpora")["corpora"].keys()


@pytest.mark.parametrize(
    ("words", "printed", "answer"),
    [
        # Table 1 of the paper: 0.43·63.5 + 0.57·56.3 = 59.396
        ("grp --global 59.8 67.2 --regional 41.0 60.1 67.8 --alpha 0.43", "59.3960\n", {"grp": 59.396}),
        ("retention --merged 43 --base 45 --chance 25", "0.9000\n", {"retention": 0.9}),
        ("relevance_gain --merged 63.8 --base 56.3", "+7.5000 points, +13.3 %\n", {"points": 7.5, "percent": 7.5 / 0.563}),
    ],
)
def test_metric(typed, found, words, printed, answer):
    assert typed("metric", *words.split()) == (0, printed, "")
    assert found("metric", *words.split()) == pytest.approx(answer)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("grp --global 60", "grp needs --regional and --alpha."),
        ("retention --merged 60", "retention needs --base."),
        ("grp --global 60 --regional 50 --alpha 43", "alpha must be in [0, 1], got 43.0. KOF gives percent: divide by 100."),
    ],
)
def test_a_metric_without_its_scores_is_refused(typed, words, message):
    assert typed("metric", *words.split()) == (1, "", f"hf-regional metric: {message}\n")


def test_a_metric_of_rows_in_a_file(typed, found, tmp_path):
    """Two of four right in Namibia (NA) and one of two in Indonesia; one answer is blank, one row has no country."""
    file = tmp_path / "answers.csv"
    file.write_text("answer,gold,country\nA,A,NA\nA,A,NA\nB,A,NA\n,A,NA\nC,C,IDN\nA,C,IDN\nA,A,\n", encoding="utf-8")
    words = ["grouped_accuracy", file, "--columns", "predictions=answer", "references=gold", "--by", "country"]
    answer = found("metric", *words, "--set", "min_n=3", "chance=0.25", "reference=NA")
    by_country = answer["by"]["country"]["accuracy"]
    assert (answer["accuracy"], answer["unparsed"], by_country["unlabelled"]) == (pytest.approx(4 / 7), 1, 1)
    assert (by_country["by_group"]["NA"]["value"], list(by_country["set_aside"]), by_country["reference"]) == (0.5, ["IDN"], "NA")
    assert answer["by"]["country"]["corrected"]["by_group"]["NA"]["value"] == pytest.approx((0.5 - 0.25) / 0.75)
    code, out, err = typed("metric", *words)
    assert (code, err, json.loads(out)["n"]) == (0, "", 7)


def test_a_metric_of_a_json_object_with_its_settings(found, tmp_path):
    file = tmp_path / "scores.json"
    file.write_text('{"global_scores": {"wc": 59.8, "cvqa": 67.2}, "regional_scores": [41.0, 60.1, 67.8], "alpha": 0.43}')
    assert found("metric", "grp", file) == {"grp": pytest.approx(59.396)}
    assert found("metric", "grp", file, "--set", "alpha=1") == {"grp": pytest.approx(63.5)}


def test_what_a_metric_is_and_takes(typed, found):
    code, out, _ = typed("metric", "social_norms", "--describe")
    assert (code, out.startswith("Social norms: verdicts on what is acceptable")) == (0, True)
    assert "references: right verdicts." in out
    assert found("metric", "likert_summary", "--describe")["columns"] == ["ratings", "items", "raters", "groups", "clusters"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("grouped_accuracy", "grouped_accuracy needs a FILE with its columns"),
        ("grouped_accuracy {file}", "the file has the columns answer, gold; the metric takes predictions"),
        ("grouped_accuracy {file} --columns predictions=anser", "no column 'anser'. Did you mean 'answer'?"),
        (
            "grouped_accuracy {file} --columns predictions=answer references=gold --set min=3",
            "grouped_accuracy: grouped_accuracy() got an unexpected",
        ),
        ("retention {file} --columns predictions=answer references=gold", "retention: "),
        ("grp {folder}/none.json", "there is no such file"),
    ],
)
def test_a_metric_of_a_bad_file_is_refused(typed, tmp_path, words, message):
    (tmp_path / "rows.csv").write_text("answer,gold\nA,B\n", encoding="utf-8")
    code, out, err = typed("metric", *(word.format(file=tmp_path / "rows.csv", folder=tmp_path) for word in words.split()))
    assert (code, out) == (1, "")
    assert message in err


def test_a_metric_that_is_not_there_is_usage(typed):
    code, out, err = typed("metric", "bleu")
    assert (code, out) == (2, "")
    assert "invalid choice: 'bleu'" in err


def test_merge(found, base, regional, tmp_path):
    answer = found("merge", base, regional, tmp_path / "mixed", "--beta", "0.25")
    assert answer["paths"] == [str(tmp_path / "mixed")]
    mine = merge_checkpoints(base, regional, 0.25, tmp_path / "mine").paths[0]
    typed_in, by_hand = (load_file(folder / "model.safetensors") for folder in (tmp_path / "mixed", mine))
    assert typed_in.keys() == by_hand.keys()
    assert all(np.array_equal(typed_in[name], by_hand[name]) for name in by_hand)


def test_merge_at_several_betas_prints_a_folder_each(typed, base, regional, tmp_path):
    code, out, _ = typed("merge", base, regional, tmp_path / "mixes", "--beta", "0.25", "0.5", "--skip", "logit_scale")
    assert (code, out.splitlines()) == (0, [str(tmp_path / "mixes" / f"beta-{beta}") for beta in ("0.25", "0.5")])


def test_merge_with_a_share_for_each_pattern_and_one_that_grows_with_depth(found, base, regional, tmp_path):
    words = ["--beta-of", "text_model.*=0.5", "vision_model.*=0..0.4", "--no-hash"]
    answer = found("merge", base, regional, tmp_path / "mixed", *words)
    assert answer["report"]["beta"] == {"text_model.*": 0.5, "vision_model.*": {"by_depth": {"first": 0.0, "last": 0.4}}}


def test_merge_with_a_method_and_its_options(found, base, regional, tmp_path):
    words = ["--beta", "0.5", "--method", "ties", "--option", "density=0.3", "scope=tensor", "--weights", "2", "1"]
    answer = found("merge", base, regional, regional, tmp_path / "mixed", *words)
    assert answer["report"]["options"] == {"density": 0.3, "scope": "tensor"}
    assert answer["report"]["weights"] == [2, 1]


@pytest.mark.parametrize("words", [["--beta-of", "text*"], ["--beta-of", "text*=much"], ["--option", "=1", "--beta", "0.5"]])
def test_merge_takes_no_pair_that_is_none(words, typed, base, regional, tmp_path):
    code, _, err = typed("merge", base, regional, tmp_path / "mixed", *words)
    assert code == 2
    assert "is no" in err


def test_merge_refuses_a_beta_outside_0_to_1_and_writes_nothing(typed, base, regional, tmp_path):
    code, out, err = typed("merge", base, regional, tmp_path / "mixed", "--beta", "1.5")
    assert (code, out) == (1, "")
    assert err.startswith("hf-regional merge: ")
    assert "1.5" in err
    assert list(tmp_path.iterdir()) == []


def test_filter(typed, found, pictures, tmp_path):
    words = ("filter", "imagefolder+csv", "--data-dir", pictures, "--region", "SEA")
    code, out, _ = typed(*words, "--output", tmp_path / "sea", "--report")
    assert code == 0
    assert out.startswith("SEA: 3 of 6 rows kept\n")
    assert pd.read_parquet(tmp_path / "sea" / "kept")["text"].tolist() == ["merah", "biru", "hijau"]
    assert len(pd.read_parquet(tmp_path / "sea" / "dropped")) == 3
    assert "data:image/jpeg" in (tmp_path / "sea" / "report.html").read_text(encoding="utf-8")
    answer = found(*words)
    assert answer["rows"] == 6
    assert answer["counts"] == {"kept": 3, "other": 2, "ambiguous": 0, "none": 1}


@pytest.fixture
def captions(tmp_path):
    rows = {"caption": ["Temple in Bangkok", "Market in Paris", "Pagoda in Yangon", "Just a cat"], "score": [5, 5, 1, 5]}
    pd.DataFrame(rows).to_parquet(tmp_path / "captions.parquet")
    return tmp_path / "captions.parquet"


def test_filter_of_files(typed, found, captions, tmp_path):
    answer = found("filter", captions, "--region", "SEA", "--without", "detected")
    assert answer["counts"] == {"kept": 2, "other": 1, "ambiguous": 0, "none": 1}
    words = ("filter", captions, "--region", "SEA", "--quality", "column:score", "--min-quality", "3", "-o", tmp_path / "out")
    code, out, _ = typed(*words, "--columns", "text=caption", "--exclude", "caption=Just a cat", "--num-proc", "2")
    assert code == 0
    assert pd.read_parquet(tmp_path / "out" / "kept")["caption"].tolist() == ["Temple in Bangkok"]
    assert "quality:below" in out
    assert "excluded:caption=Just a cat" in out
    assert (tmp_path / "out" / "report.html").exists()


@pytest.fixture
def photos(tmp_path):
    """Four rows in two files: a picture taken in Bali, the same again, one without a place, and one cut short."""
    exif, file = Image.Exif(), io.BytesIO()
    exif.get_ifd(0x8825).update({1: "S", 2: (8.0, 43.0, 6.24), 3: "E", 4: (115.0, 10.0, 6.96)})
    noise = Image.effect_noise((64, 64), 90)
    noise.save(file, "JPEG", exif=exif)
    bali, plain = file.getvalue(), io.BytesIO()
    noise.rotate(90).save(plain, "JPEG")
    folder = tmp_path / "photos"
    folder.mkdir()
    for number, pair in enumerate(([bali, bali], [plain.getvalue(), bali[:-50]])):
        pd.DataFrame({"image": [{"bytes": one, "path": None} for one in pair]}).to_parquet(folder / f"{number}.parquet")
    return folder


def test_filter_of_photos_reads_their_place_takes_it_out_and_drops_copies(typed, found, photos, tmp_path):
    words = ("filter", photos, "--region", "IDN", "-o")
    answer = found(*words, tmp_path / "out", "--copies")
    assert answer["reasons"] == {"duplicate:image": 1, "exif:IDN": 1, "no-evidence": 1, "unreadable:cut-short": 1}
    assert answer["hidden"] == {"image": {"position": 3}}
    (kept,) = pd.read_parquet(tmp_path / "out" / "kept")["image"]
    assert b"Exif" not in kept["bytes"]
    found(*words, tmp_path / "as-they-are", "--keep-positions", "--no-picture-check")
    assert sum(b"Exif" in image["bytes"] for image in pd.read_parquet(tmp_path / "as-they-are" / "kept")["image"]) == 3
    code, _, err = typed("filter", photos, "--region", "IDN", "--copies")
    assert (code, "give these files an output=" in err) == (1, True)
    assert typed("filter", photos, "--region", "IDN", "--without", "exif")[0] == 1


def test_filter_says_what_was_mistyped(typed, captions):
    code, _, err = typed("filter", captions, "--region", "SEA", "--without", "txt")
    assert (code, "Did you mean 'text'?" in err) == (1, True)
    code, _, err = typed("filter", captions, "--region", "SEA", "--min-quality", "3")
    assert (code, "add quality=" in err) == (1, True)
    assert typed("filter", captions, "--region", "SEA", "--columns", "text")[0] == 2


def test_filter_of_an_unknown_corpus_names_the_nearest(typed):
    code, out, err = typed("filter", "emoji-wrld", "--region", "SEA")
    assert (code, out) == (1, "")
    assert err.startswith("hf-regional filter: no corpus 'emoji-wrld'. Did you mean 'emoji-world'?")


def test_adapt(found, base, pictures, tmp_path):
    recipe = tmp_path / "short.yaml"
    stage = {"name": "short", "max_steps": 2, "batch_size": 3, "learning_rate": 0.01}
    recipe.write_text(json.dumps({"name": "short", "family": "contrastive", "stages": [stage]}))  # JSON is YAML
    words = ("adapt", base, "imagefolder+csv", tmp_path / "tuned", "--recipe", recipe, "--data-dir", pictures, "--device", "cpu")
    answer = found(*words, "--region", "IDN")
    assert answer["path"] == str(tmp_path / "tuned")
    assert (answer["training"]["rows"], answer["training"]["steps"], answer["training"]["seed"]) == (3, 2, 0)
    before, after = (load_file(folder / "model.safetensors") for folder in (base, tmp_path / "tuned"))
    assert before.keys() == after.keys()
    assert any(not np.array_equal(before[name], after[name]) for name in before)


def test_adapt_to_a_region_without_rows_is_refused(typed, base, pictures, tmp_path):
    words = ("adapt", base, "imagefolder+csv", tmp_path / "tuned", "--recipe", "siglip2-sea", "--data-dir", pictures)
    code, out, err = typed(*words, "--region", "BRA")
    assert (code, out) == (1, "")
    assert "hf-regional adapt: " in err
    assert not (tmp_path / "tuned").exists()


def test_card(typed, found, tmp_path):
    CardFacts().with_step("model", name="small").save(tmp_path)
    assert typed("card", tmp_path) == (0, f"{tmp_path / 'README.md'}\n", "")
    assert "# small\n" in (tmp_path / "README.md").read_text(encoding="utf-8")
    assert found("card", tmp_path) == {"path": str(tmp_path / "README.md")}


def test_card_of_a_folder_without_facts_is_refused(typed, tmp_path):
    code, out, err = typed("card", tmp_path)
    assert (code, out) == (1, "")
    assert err.startswith("hf-regional card: ")
    assert "regional.json" in err
