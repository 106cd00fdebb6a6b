"""The desk and its page: every rating is on the disk, several raters lose nothing of each other's, and nothing but the sheet is served."""

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PIL import Image
from rated import answers, items, rate_all, served

from hf_regional.errors import BadRowError, CannotWriteError, MissingExtraError, OutOfRangeError, UnknownNameError
from hf_regional.evaluating.human import RatedItem, RatingDesk, build_rating_page, read_ratings, write_rating_sheet
from hf_regional.evaluating.human.key import read_key

# One process that rates every answer of one rater, in the order of the key.
RATER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from rated import rate_all
from hf_regional.evaluating.human.key import read_key
folder = Path(sys.argv[1])
rate_all(folder, read_key(folder), lambda row, criterion: 1 + (len(row.item + criterion) + row.position) % 3, rater=sys.argv[2])
"""


@pytest.fixture
def sheet(tmp_path):
    asked = [*items(3), RatedItem("picture", "th", "THA", "อะไร", Image.new("RGB", (30, 20), "red"))]
    return write_rating_sheet(asked, answers(asked), tmp_path / "out", raters=3, seed=1)


def first_row(desk, rater="th-1"):
    return desk.open(rater)["turns"][0]["outputs"][0]["row"]


class TestDesk:
    def test_a_rating_is_in_the_raters_file_when_it_is_said_to_be_saved(self, sheet):
        desk = RatingDesk(sheet.path, now=lambda: datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC))
        row = first_row(desk)
        assert desk.rate("th-1", row, "quality", 3) == {"saved": True, "done": 0}
        file = sheet.path / "for-raters" / "ratings" / "ratings-th-1.jsonl"
        assert json.loads(file.read_text()) == {"row": row, "criterion": "quality", "mark": 3, "at": "2026-05-04T03:02:01+00:00"}

    def test_a_rater_goes_on_where_it_stopped(self, sheet):
        desk = RatingDesk(sheet.path)
        turn = desk.open("th-1")["turns"][0]
        for shown in turn["outputs"]:
            for criterion in ("relevance", "correctness", "quality"):
                desk.rate("th-1", shown["row"], criterion, "?")
        again = RatingDesk(sheet.path)
        assert again.open("th-1")["marks"].keys() == {shown["row"] for shown in turn["outputs"]}
        assert [(one["rater"], one["done"], one["total"]) for one in again.welcome()["sheets"]] == [
            ("th-1", 1, 4),
            ("th-2", 0, 4),
            ("th-3", 0, 4),
        ]

    def test_it_works_without_the_key_and_shows_no_model(self, sheet, tmp_path):
        alone = shutil.copytree(sheet.path / "for-raters", tmp_path / "alone")
        desk = RatingDesk(alone)
        assert "zebra" not in json.dumps([desk.welcome(), *map(desk.open, desk.raters)]).lower()

    @pytest.mark.parametrize(
        ("change", "error", "told"),
        [
            ({"rater": "th-9"}, UnknownNameError, "no rater 'th-9'. Did you mean 'th-"),
            ({"rater": "../th-1"}, UnknownNameError, "no rater"),
            ({"criterion": "qualty"}, UnknownNameError, "no criterion 'qualty'. Did you mean 'quality'"),
            ({"row": "aaaaaaaaaaaa"}, BadRowError, "row 'aaaaaaaaaaaa' is not on the sheet of 'th-1'"),
            ({"mark": 4}, OutOfRangeError, "4 is no rating: write 1 to 3"),
            ({"mark": None}, OutOfRangeError, "None is no rating"),
        ],
    )
    def test_what_is_no_rating_is_refused_and_not_saved(self, sheet, change, error, told):
        desk = RatingDesk(sheet.path)
        with pytest.raises(error, match=told):
            desk.rate(**{"rater": "th-1", "row": first_row(desk), "criterion": "quality", "mark": 1, **change})
        assert list((sheet.path / "for-raters" / "ratings").iterdir()) == []

    def test_another_raters_row_is_refused(self, sheet):
        desk = RatingDesk(sheet.path)
        with pytest.raises(BadRowError):
            desk.rate("th-1", first_row(desk, "th-2"), "quality", 1)

    @pytest.mark.parametrize("name", ["../../key.json", "../sheet.json", "/etc/passwd", ""])
    def test_only_pictures_of_the_sheet_are_given(self, sheet, name):
        desk = RatingDesk(sheet.path)
        with pytest.raises(UnknownNameError, match="no picture"):
            desk.picture(name)
        (shown,) = {file for turn in desk.open("th-1")["turns"] for file in turn["pictures"]}
        assert desk.picture(shown).startswith(b"\xff\xd8")

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
    def test_a_full_disk_is_told(self, sheet):
        (sheet.path / "for-raters" / "ratings" / "ratings-th-1.jsonl").symlink_to("/dev/full")
        desk = RatingDesk(sheet.path)
        with pytest.raises(CannotWriteError, match="the rating was not saved: No space left"):
            desk.rate("th-1", first_row(desk), "quality", 1)

    @pytest.mark.skipif(os.name != "posix", reason="limits are of POSIX")
    def test_a_rating_that_does_not_fit_leaves_the_others_whole(self, sheet):
        probe = f"""
import resource
from pathlib import Path
from hf_regional.errors import CannotWriteError
from hf_regional.evaluating.human import RatingDesk
desk = RatingDesk(Path({str(sheet.path)!r}))
row = desk.open("th-1")["turns"][0]["outputs"][0]["row"]
resource.setrlimit(resource.RLIMIT_FSIZE, (250, resource.RLIM_INFINITY))
import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
saved = 0
try:
    while True:
        desk.rate("th-1", row, "quality", 1)
        saved += 1
except CannotWriteError:
    print(saved)
"""
        done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
        lines = (sheet.path / "for-raters" / "ratings" / "ratings-th-1.jsonl").read_bytes().splitlines()
        assert len(lines) == int(done.stdout) >= 2
        assert all(json.loads(line) for line in lines)


class TestManyRaters:
    def test_threads_lose_nothing_even_in_one_file(self, sheet):
        key, desks = read_key(sheet.path), [RatingDesk(sheet.path) for _ in range(4)]
        works = [
            threading.Thread(target=rate_all, args=(sheet.path, key, lambda *_: 2), kwargs={"rater": "th-1", "desk": desk})
            for desk in desks
        ]
        for work in works:
            work.start()
        for work in works:
            work.join()
        ratings = read_ratings(sheet.path)
        assert (ratings.counts["rated"], ratings.counts["changed"], ratings.counts["cut_short"]) == (24, 3 * 24, 0)

    def test_processes_lose_nothing(self, sheet):
        call = [sys.executable, "-c", RATER, str(sheet.path)]
        tests = str(Path(__file__).parent)
        works = [subprocess.Popen([*call, rater, tests]) for rater in (*sheet.raters, *sheet.raters)]  # each rater twice at once
        assert [work.wait() for work in works] == [0] * 6
        ratings = read_ratings(sheet.path)
        assert (ratings.counts["rated"], ratings.counts["not_rated"], ratings.counts["cut_short"]) == (72, 0, 0)
        assert ratings.counts["changed"] == 72


class TestPage:
    @pytest.fixture
    def address(self, sheet):
        pytest.importorskip("gradio_client", reason="no gradio: it comes with the extra space")
        with served(sheet.path) as address:
            yield address

    @pytest.mark.filterwarnings("ignore")  # of Gradio's own libraries
    def test_the_api_opens_a_sheet_saves_ratings_and_serves_no_key(self, address, sheet):
        from gradio_client import Client
        from gradio_client.exceptions import AppError

        client = Client(address, verbose=False)
        opened = client.predict("th-1", api_name="/open")
        row = opened["turns"][0]["outputs"][0]["row"]
        assert client.predict("th-1", row, "quality", "2", api_name="/rate") == {"saved": True, "done": 0}
        assert client.predict("th-1", api_name="/open")["marks"] == {row: {"quality": 2}}
        with pytest.raises(AppError, match="no rating: write 1 to 3"):
            client.predict("th-1", row, "quality", "7", api_name="/rate")
        import httpx

        for name in ("key.json", "for-raters/sheet.json", "for-raters/ratings/ratings-th-1.jsonl"):
            assert httpx.get(f"{address}gradio_api/file={sheet.path / name}").status_code in {403, 404}
        page = httpx.get(address).text + httpx.get(f"{address}config").text
        assert "zebra" not in page.lower()
        assert str(sheet.path) not in page
        assert read_ratings(sheet.path).counts["rated"] == 1

    def test_without_gradio_the_extra_is_named(self, sheet, monkeypatch):
        monkeypatch.setitem(sys.modules, "gradio", None)
        with pytest.raises(MissingExtraError, match=r'pip install "hf-regional\[space\]"'):
            build_rating_page(sheet.path)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
class TestBrowser:
    @pytest.fixture
    def browser(self):
        playwright = pytest.importorskip("playwright.sync_api", reason="no playwright")
        pytest.importorskip("gradio", reason="no gradio: it comes with the extra space")
        program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        if program is None:
            pytest.skip("no chromium")
        with playwright.sync_playwright() as running:
            opened = running.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
            yield opened
            opened.close()

    @pytest.fixture
    def page(self, browser):
        context = browser.new_context(viewport={"width": 390, "height": 844}, locale="id-ID", color_scheme="dark")
        page = context.new_page()
        page.faults, page.abroad = [], []

        def local(route):
            if "//127.0.0.1" in route.request.url:
                route.continue_()
            else:
                page.abroad.append(route.request.url)
                route.abort()

        page.route("**/*", local)
        page.on("pageerror", lambda error: page.faults.append(str(error)))
        page.on("dialog", lambda dialog: page.faults.append(dialog.message))
        return page

    def test_a_rater_rates_a_whole_sheet_with_the_keyboard_and_it_is_all_on_the_disk(self, page, sheet):
        with served(sheet.path) as address:
            page.goto(address)
            page.get_by_role("heading", name="Rate the answers").wait_for()  # no Indonesian sheet, so no Indonesian words
            page.get_by_role("button", name="th-2").press("Enter")
            for number in range(4):
                page.locator(".over", has_text=f"ข้อ {number + 1} จาก 4").wait_for()  # the sheet's language from here on
                for scale in page.get_by_role("radiogroup").all():
                    scale.get_by_role("radio").first.focus()
                    page.keyboard.press("Space")
                    page.keyboard.press("ArrowRight")
                page.locator("footer.foot .first").press("Enter")
            page.get_by_text("ขอบคุณ!").wait_for()
            page.locator('[role=status][data-name="saved"]').wait_for()
            assert page.evaluate("document.documentElement.scrollWidth") <= 390
            assert page.url.endswith("rater=th-2")
        ratings = read_ratings(sheet.path)
        assert (set(ratings.table["rater"]), ratings.table["rating"].tolist()) == ({"th-2"}, [2.0] * 24)
        assert (page.faults, page.abroad) == ([], [])

    def test_what_a_model_wrote_is_shown_and_does_nothing(self, page, tmp_path):
        hostile = '<img src=x onerror="alert(1)"><script>alert(2)</script> {{value}} ${1}'
        asked = [RatedItem("a", "ar", None, hostile)]
        sheet = write_rating_sheet(asked, {"one": {"a": hostile}, "two": {"a": "‏جاكرتا"}}, tmp_path / "out", seed=1)
        with served(sheet.path) as address:
            page.goto(f"{address}?rater=ar-1")
            page.get_by_role("heading", name=hostile).wait_for()
            assert page.locator("#rating img").count() == 0
            arabic = page.locator(".text", has_text="جاكرتا")
            assert arabic.evaluate("node => getComputedStyle(node).direction") == "rtl"
        assert (page.faults, page.abroad) == ([], [])

    def test_a_rating_that_could_not_be_sent_is_sent_after_a_reload(self, page, sheet):
        with served(sheet.path) as address:
            page.goto(f"{address}?rater=th-1")
            page.locator(".level").first.wait_for()
            page.route(re.compile("component_server"), lambda route: route.abort())
            page.locator(".level").first.click()
            page.locator('[role=status][data-name="unsaved"]').wait_for()
            assert not list((sheet.path / "for-raters" / "ratings").iterdir())
            page.unroute(re.compile("component_server"))
            page.faults.clear()
            page.close(run_before_unload=False)
            again = page.context.new_page()
            again.goto(f"{address}?rater=th-1")
            again.locator('[role=status][data-name="saved"]').wait_for()
            again.locator(".level input:checked").first.wait_for(state="attached")
        assert read_ratings(sheet.path).table["rating"].tolist() == [1.0]
