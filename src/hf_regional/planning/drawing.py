"""Drawing: what all figures share, so that they look like one hand's: colours told apart by every eye, type, saving.

Sequences run from light to dark in one hue, so their order survives grey print and every colour blindness; kinds are Okabe and Ito's.
"""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from hf_regional.durable import atomic_file
from hf_regional.errors import ConfigError

INK: Final = "#1b2024"
SOFT: Final = "#5a646c"
LINE: Final = "#d9d6cf"
LAND: Final = "#eceae5"  # a country that nothing is known of
KINDS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
TEAL: Final = ("#eef4f1", "#cbe3dc", "#96cabd", "#56aa9b", "#1f8577", "#0b5f57", "#063b38")
EMBER: Final = ("#fae6c3", "#f4d09a", "#ecb36c", "#e0914a", "#c4632a", "#943f1b", "#5f2413")
FORMATS: Final = (".png", ".svg", ".pdf")
_STYLE: Final[dict[Any, Any]] = {
    "font.family": "DejaVu Sans",  # matplotlib brings it: the same everywhere
    "font.size": 8.5,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 12,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": LINE,
    "axes.labelcolor": SOFT,
    "axes.titlecolor": INK,
    "xtick.color": LINE,
    "ytick.color": LINE,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "text.color": INK,
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "hf_regional",  # the same picture is the same file
    "pdf.fonttype": 42,
}


@contextmanager
def canvas(path: str | Path, width: float, height: float) -> Generator[Any]:
    """A figure, in inches, that is written to a PNG (200 dots an inch), SVG or PDF when the block ends well.

    Raises:
        ConfigError: another ending.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    target = Path(path)
    if target.suffix.lower() not in FORMATS:
        raise ConfigError(f"{target} ends in {target.suffix!r}: pictures are written as {', '.join(FORMATS)}.", "path")
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(width, height), facecolor="white", layout="constrained")
        yield figure
        with atomic_file(target) as file:
            kind = target.suffix[1:].lower()
            figure.savefig(
                file, format=kind, dpi=200, metadata={"png": {"Software": None}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}[kind]
            )


def sequence(colours: tuple[str, ...]) -> Any:
    """A colour map through some colours, that shows what is not known as hatched land."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("ours", list(colours)).with_extremes(bad=(0, 0, 0, 0))


def ink_on(colour: Any) -> str:
    """Black or white, whichever is read on a colour (r, g, b, ...) in [0, 1]."""
    r, g, b = colour[:3]
    return INK if 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.45 else "white"


def bar(figure: Any, image: Any, axes: Any, label: str, *, across: bool = False) -> None:
    """A slim colour bar with its ends written."""
    made = figure.colorbar(
        image, ax=axes, shrink=0.4 if across else 0.6, aspect=30, pad=0.02, orientation="horizontal" if across else "vertical"
    )
    made.outline.set_visible(False)
    made.set_label(label, color=SOFT)
    made.ax.tick_params(length=0)
