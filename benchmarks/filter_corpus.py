"""What `filter_engines.py` filters: a number of rows in, Parquet files out; a number of terms in, the package with such a lexicon out.

Captions of 4 to 18 words are drawn from a pool, each with a number behind it so that no two are equal; one in eight names a place, in
whatever script that is, one of the five thousand that every lexicon here has. Columns: id, text, url, language (one in two rows),
country (one in ten), width.
"""

import compileall
import lzma
import random
import shutil
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
from pyarrow import compute, parquet

import hf_regional
from hf_regional.filtering.lexicon import load_terms
from hf_regional.filtering.lexicon.loading import FILE
from hf_regional.regions import Region

pc: Any = compute  # its functions are made at import, out of a type checker's sight

IN_FILE: Final = 250_000  # rows: several files for each process, so that they end at about the same time
_POOL: Final = 50_000
_NAMED: Final = 5_000
_WORDS: Final = """
    a the of in on with and by photo picture street food market house river old new red blue green little big two three woman man child
    dog cat boat bike rice soup noodle tea temple church school garden beach mountain night morning sale vintage poster wedding dress
    di dan yang dengan rumah makan pasar anak baru jalan pagi sungai para oleh buku kota desa ikan nasi kopi sekolah kerja warna
    la le de y con une vue maison para una casa calle mit der die und im alten Haus am Markt
""".split()  # noqa: SIM905
_UNSPACED: Final = ("ตลาดเช้าในเมืองเก่า", "ข้าวผัดหมูร้อนๆ", "ງານບຸນປະຈຳປີ", "ផ្សារពេលព្រឹក", "မနက်ခင်းဈေး", "市場の朝ごはん", "早晨的市场")
_DOMAINS: Final = (
    "com",
    "com",
    "com",
    "com",
    "net",
    "org",
    "co.id",
    "id",
    "co.th",
    "vn",
    "my",
    "ph",
    "sg",
    "de",
    "fr",
    "co.uk",
    "io",
    "jp",
)
_LANGUAGES: Final = (None, None, None, "en", "id", "th", "vi", "zh")
_COUNTRIES: Final = (*[None] * 18, "ID", "France")


def make_rows(folder: Path, rows: int, seed: int = 0) -> Path:
    """Write `rows` rows into files of 250 thousand, unless they are there."""
    done = folder.with_suffix(".done")
    if not done.exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        pool = _captions(random.Random(seed))
        for number, start in enumerate(range(0, rows, IN_FILE)):
            table = _table(pool, start, min(IN_FILE, rows - start), np.random.default_rng([seed, number]))
            parquet.write_table(table, folder / f"{number:04}.parquet", row_group_size=IN_FILE // 2, compression="zstd")
        done.touch()
    return folder


def make_package(folder: Path, terms: int, seed: int = 0) -> Path:
    """Copy the package, with a lexicon of `terms` spellings, unless it is there; for PYTHONPATH, which every worker inherits.

    Fewer than are shipped: those of Southeast Asia first, others drawn. More: invented cities.
    """
    done = folder.with_suffix(".done")
    if not done.exists():
        shutil.rmtree(folder, ignore_errors=True)
        package = folder / "hf_regional"
        shutil.copytree(Path(hf_regional.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
        lines = [
            f"{text}\t{country}\t{category}\t{language}\t{weight}" for text, country, category, language, weight in _terms(terms, seed)
        ]
        text = "\n".join(["text\tcountry\tcategory\tlanguage\tweight", *lines]) + "\n"
        (package / "filtering" / "lexicon" / FILE).write_bytes(lzma.compress(text.encode()))
        compileall.compile_dir(package, quiet=1)
        done.touch()
    return folder


def _terms(wanted: int, seed: int) -> list[tuple[str, str, str, str, float]]:
    shipped, inside, order = load_terms(), Region("SEA").countries, random.Random(seed)
    columns = zip(shipped.text, shipped.country, shipped.category, shipped.language, shipped.weight, strict=True)
    rows = {(text, country): (text, country, category, language, weight) for text, country, category, language, weight in columns}
    ranked = sorted(rows.values(), key=lambda row: (row[1] not in inside, order.random()))
    spelled: dict[str, list[tuple[str, str, str, str, float]]] = {}
    for row in ranked:
        spelled.setdefault(row[0], []).append(row)
    kept = [*spelled.values()][:wanted]
    syllables = [first + last for first in "bcdfghjklmnprstvw" for last in ("a", "an", "e", "en", "i", "ok", "o", "u", "ur")]
    invented = {"".join(order.choices(syllables, k=4)).capitalize() for _ in range(2 * max(0, wanted - len(kept)))}
    fresh = sorted(invented - spelled.keys())[: wanted - len(kept)]
    return sorted([row for rows in kept for row in rows] + [(name, order.choice(sorted(inside)), "city", "", 0.9) for name in fresh])


def _captions(order: random.Random) -> pa.Array:
    places = [row[0] for row in _terms(_NAMED, 0)]
    captions: list[str] = []
    for number in range(_POOL):
        words: list[str] = order.choices(_WORDS, k=order.randint(4, 18))
        if number % 8 == 0:
            words.insert(order.randrange(len(words)), order.choice(places))
        if number % 20 == 1:
            words.append(order.choice(_UNSPACED))
        captions.append(" ".join(words))
    return pa.array(captions)


def _table(pool: pa.Array, start: int, rows: int, order: np.random.Generator) -> pa.Table:
    numbers = pa.array(np.arange(start, start + rows))
    text = pc.binary_join_element_wise(pool.take(pa.array(order.integers(0, len(pool), rows))), numbers.cast(pa.string()), " ")
    host = pa.array([f"https://www.site{number}.{domain}/photos/" for number in range(500) for domain in _DOMAINS])
    url = pc.binary_join_element_wise(host.take(pa.array(order.integers(0, len(host), rows))), numbers.cast(pa.string()), "")
    return pa.table(
        {
            "id": numbers,
            "text": text,
            "url": url,
            "language": pa.array(_LANGUAGES).take(pa.array(order.integers(0, len(_LANGUAGES), rows))),
            "country": pa.array(_COUNTRIES).take(pa.array(order.integers(0, len(_COUNTRIES), rows))),
            "width": pa.array(order.integers(100, 2000, rows), pa.int32()),
        }
    )
