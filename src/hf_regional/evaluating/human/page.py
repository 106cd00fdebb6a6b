"""The page: a rating sheet's folder in; a Gradio page on which raters rate one item at a time out. It knows no key and serves no file.

build_rating_page(Path("rating")).launch()
serve_rating_page(Path("rating"), port=7860)         # the same while a block runs: hf-regional rate
"""

import base64
import importlib
import json
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from hf_regional.errors import ConfigError, MissingExtraError, RegionalError
from hf_regional.evaluating.human.desk import RatingDesk

_HERE: Final = Path(__file__).parent
TITLE: Final = "Rating"


def build_rating_page(folder: Path) -> Any:
    """Build the page over a sheet. Every choice is on the disk before the page says so; a rater goes on where it stopped.

    Besides the page there is an API: `/welcome`, `/open` and `/rate`.

    Args:
        folder: what `write_rating_sheet` wrote, or its `for-raters` alone: the key is not needed, and better elsewhere.

    Returns:
        A `gradio.Blocks`; `.launch()` serves it.

    Raises:
        MissingFileError, DamagedFileError: the folder holds no sheet, or a broken one.
        MissingExtraError: Gradio is not installed, or is older than 6.7.
    """
    desk, gradio = RatingDesk(folder), _gradio()
    with gradio.Blocks(title=TITLE, analytics_enabled=False, fill_width=True) as page:
        gradio.HTML(
            html_template='<main id="rating" aria-busy="true"></main>',
            # By script: a style of the component's own would end at its edges, and the frame around it be Gradio's.
            js_on_load=f"const STYLE = {json.dumps(_text('page.css'))};\n{_text('page.js')}",
            apply_default_css=False,
            elem_id="rating-frame",
            server_functions=_answers_of(desk),
        )
        for api in _apis_of(desk, gradio.Error):
            gradio.api(api, api_name=api.__name__, queue=False)
    return page


@contextmanager
def serve_rating_page(folder: Path, *, host: str = "127.0.0.1", port: int | None = None) -> Generator[str]:
    """Serve the page while the block runs, and give its address.

    Args:
        folder: as `build_rating_page` takes it; errors too.
        host: the address to listen on; "0.0.0.0" is reached from other machines.
        port: the port; by default the first free one from 7860.

    Raises:
        ConfigError: nobody can listen there, as where something else does already.
    """
    page = build_rating_page(folder)
    try:
        _, address, _ = page.launch(
            server_name=host, server_port=port, footer_links=[], quiet=True, prevent_thread_lock=True, share=False, ssr_mode=False
        )
    except OSError as error:
        raise ConfigError(f"cannot serve on {host}, port {port or '7860 to 7959'}: {error} Choose another port or host.", "port") from error
    try:
        yield address
    finally:
        page.close(verbose=False)


def _gradio() -> Any:
    try:
        gradio: Any = importlib.import_module("gradio")
    except ModuleNotFoundError as error:
        raise MissingExtraError('the rating page needs Gradio. Install it: pip install "hf-regional[space]"') from error
    if tuple(int(part) for part in gradio.__version__.split(".")[:2]) < (6, 7):
        raise MissingExtraError(f'the rating page needs Gradio 6.7; {gradio.__version__} is here. pip install -U "hf-regional[space]"')
    return gradio


def _answers_of(desk: RatingDesk) -> list[Callable[[dict[str, Any]], Any]]:
    """What the page's script calls. A refusal is an answer: the rater must read it."""

    def welcome(_: dict[str, Any]) -> Any:
        return desk.welcome()

    def open_sheet(asked: dict[str, Any]) -> Any:
        return _told(lambda: desk.open(asked["rater"]))

    def rate(asked: dict[str, Any]) -> Any:
        return _told(lambda: desk.rate(asked["rater"], asked["row"], asked["criterion"], asked["mark"]))

    def picture(asked: dict[str, Any]) -> Any:
        # As a data URL: an address of a file would show the folder's path, which may name a model.
        return _told(lambda: f"data:image/jpeg;base64,{base64.b64encode(desk.picture(asked['name'])).decode()}")

    return [welcome, open_sheet, rate, picture]


def _told(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except RegionalError as error:
        return {"error": str(error)}


def _apis_of(desk: RatingDesk, refused: type[Exception]) -> list[Callable[..., dict[str, Any]]]:
    """The same for other programs, with named arguments."""

    def welcome() -> dict[str, Any]:
        """The words by language, and the sheets with how far each is."""
        return desk.welcome()

    def open(rater: str) -> dict[str, Any]:
        """A rater's items in order, and the marks given so far."""
        with _as(refused):
            return desk.open(rater)

    def rate(rater: str, row: str, criterion: str, mark: str) -> dict[str, Any]:
        """Save one rating: 1 to 3, or ? for "cannot judge"."""
        with _as(refused):
            return desk.rate(rater, row, criterion, mark)

    return [welcome, open, rate]


@contextmanager
def _as(refused: type[Exception]) -> Generator[None]:
    try:
        yield
    except RegionalError as error:
        raise refused(str(error)) from error


def _text(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")
