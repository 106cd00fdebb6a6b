"""Rows a second of the scorers that need no model, and of the road to a server that answers at once.

    python benchmarks/quality.py [--rows 200000] [--pictures 2000] [--rounds 5]

One thread, the median of interleaved rounds. The server stands on this machine and shares its cores, so that line is what the client,
the pictures and the journal cost together: a reward model of seven billion parameters judges a few dozen pictures a second.
"""

import argparse
import io
import json
import random
import tempfile
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pyarrow as pa
from PIL import Image
from rounds import show, take_turns

from hf_regional.filtering.quality import make_scorer

SAID = {
    "id": "Nasi goreng dengan telur mata sapi di warung pinggir jalan",
    "th": "ข้าวผัดไข่ดาวที่ร้านริมถนนในกรุงเทพ",
    "en": "Fried rice with an egg on top at a street stall",
    "zh": "街边摊上的鸡蛋炒饭配一杯冰茶",
}


class Judge(BaseHTTPRequestHandler):
    """Gives everything a 4, at once."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        """Answer one prompt."""
        self.rfile.read(int(self.headers["Content-Length"]))
        choice = {"message": {"role": "assistant", "content": "Final Score: 4"}, "finish_reason": "stop"}
        body = json.dumps({"choices": [choice], "usage": {"prompt_tokens": 1, "completion_tokens": 1}}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Say nothing."""


def texts(rows: int) -> pa.Table:
    languages = [list(SAID)[row % len(SAID)] for row in range(rows)]
    columns = {"text": [f"{SAID[language]} {row}" for row, language in enumerate(languages)], "language": languages}
    return pa.table({**columns, "stars": [row % 5 + 0.5 for row in range(rows)]})


def pictures(rows: int, width: int = 1024, height: int = 768) -> pa.Table:
    noise = random.Random(0)
    kinds = []
    for _ in range(8):
        out = io.BytesIO()
        small = Image.frombytes("RGB", (64, 48), noise.randbytes(64 * 48 * 3))
        small.resize((width, height)).save(out, "JPEG", quality=90)
        kinds.append({"bytes": out.getvalue(), "path": None})
    cells = pa.array([kinds[row % len(kinds)] for row in range(rows)], pa.struct([("bytes", pa.binary()), ("path", pa.string())]))
    return pa.table({"image": cells, "text": [f"caption {row}" for row in range(rows)]})


def judged(table: pa.Table, url: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        model = {"url": f"{url}/v1", "model": "m", "workers": 8}
        scores = make_scorer({"scorer": "unifiedreward", "model": model, "answers": folder}).score(table)
    if scores.counts()["scored"] != len(table):
        raise SystemExit(f"not every row was judged: {scores.counts()}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--pictures", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    words, shown = texts(arguments.rows), pictures(arguments.pictures)
    few = shown.slice(0, max(1, arguments.pictures // 10))
    server = ThreadingHTTPServer(("127.0.0.1", 0), Judge)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    jobs: dict[str, tuple[int, Callable[[], object]]] = {
        name: (len(table), lambda name=name, table=table: make_scorer(name).score(table))
        for name, table in (("column:stars", words), ("length", words), ("language", words), ("resolution", shown))
    }
    jobs["unifiedreward, server at once"] = (len(few), lambda: judged(few, url))
    show(take_turns(jobs, arguments.rounds))
    server.shutdown()


if __name__ == "__main__":
    main()
