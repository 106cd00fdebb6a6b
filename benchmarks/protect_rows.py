"""Rows protected a second in one process: contacts masked, licences judged, opt-out lists heeded, beside a plain loop that masks.

    python benchmarks/protect_rows.py --rows 500000 --rounds 5

Captions of about 90 characters in English, Indonesian and Thai; one in a hundred has a contact ("few"), one in three ("many"). The
loop is two patterns of `re`, which find less and mask more (dates, keys); it is there for the speed alone. Bound: 500 thousand
captions a second where few have a contact.
"""

import argparse
import random
import re
import tempfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
from rounds import show, take_turns

from hf_regional.filtering.consent import ConsentPolicy, LicencePolicy, OptOutPolicy, PersonalPolicy, judge_consent, plan_consent, protect

CAPTIONS = (
    "A woman in a red kebaya sells mangoes at the floating market near Banjarmasin, early morning",
    "Penari Bali menari di pura saat upacara Galungan, foto diambil tahun 2019 dari sisi timur",
    "ผู้หญิงสวมชุดผ้าไหมขายมะม่วงที่ตลาดน้ำดำเนินสะดวกในยามเช้าตรู่",
)
CONTACTS = ("WA 0812-3456-7890", "info@example.com", "โทร 081-234-5678", "+65 9123 4567")
LICENCES = ("CC BY 2.0", "https://creativecommons.org/licenses/by-nc/4.0/", "CC BY-SA 4.0", None, "All rights reserved")
PLAIN = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+|\+?\d[\d -]{7,14}\d")


def table_of(rows: int, share: float, seed: int) -> pa.Table:
    rng = random.Random(seed)
    texts = [f"{rng.choice(CAPTIONS)} {rng.choice(CONTACTS) if rng.random() < share else rng.randrange(1000)}" for _ in range(rows)]
    urls = [f"https://www.site{rng.randrange(5000)}.org/photos/{row}.jpg" for row in range(rows)]
    return pa.table({"caption": texts, "license": rng.choices(LICENCES, k=rows), "url": urls})


def contenders(rows: int, seed: int, folder: Path) -> dict[str, Callable[[], object]]:
    few, many = table_of(rows, 0.01, seed), table_of(rows, 0.33, seed)
    listed = folder / "list.txt"
    listed.write_text(
        "\n".join(f"https://www.site{row}.org/photos/{row}.jpg\nsite{row * 10}.net" for row in range(100_000)), encoding="utf-8"
    )
    masking = ConsentPolicy(licences=None, opt_out=None, personal=PersonalPolicy())
    licences = plan_consent(few.schema, ConsentPolicy(LicencePolicy(use="commercial"), None, None))
    lists = plan_consent(few.schema, ConsentPolicy(None, OptOutPolicy(lists=[listed]), None))
    captions = few["caption"]
    return {
        "mask, few contacts": lambda: protect(few, masking),
        "mask, many contacts": lambda: protect(many, masking),
        "licences": lambda: judge_consent(few, licences),
        "list of 200,000 entries": lambda: judge_consent(few, lists),
        "everything, few contacts": lambda: protect(few),
        "plain loop with re, few": lambda: [PLAIN.sub("[contact]", text) for text in captions.to_pylist()],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=500_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        calls = contenders(arguments.rows, arguments.seed, Path(folder))
        show(take_turns({name: (arguments.rows, call) for name, call in calls.items()}, arguments.rounds))


if __name__ == "__main__":
    main()
