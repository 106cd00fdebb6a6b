import csv
import hashlib

import openpyxl
import pytest

from hf_regional.errors import BadRowError, DamagedFileError, MissingColumnError, MissingFileError, NoRowsError, OutOfRangeError
from hf_regional.regions import Region, alpha

HEADER = ["code", "country", "year", "KOFGI", "KOFIpGIdf"]
# 2023, edition 2025 (Gygli et al. 2019): Timor-Leste has no rows, aggregates such as EAS have.
KOF = {
    **{"SGP": (82.71, 85.88), "IDN": (59.80, 15.35), "MYS": (79.60, 65.15), "BRN": (63.13, 87.90), "THA": (71.84, 37.40)},
    **{"PHL": (65.22, 25.69), "VNM": (64.98, 29.01), "MMR": (43.84, 17.85), "KHM": (56.50, 34.87), "LAO": (49.11, 34.92)},
    "EAS": (60.0, 99.0),
}
ROWS = [[code, code.title(), 2023, *values] for code, values in KOF.items()] + [
    ["IDN", "Indonesia", 2018, 59.0, 24.77],
    ["LAO", "Laos", 2018, 49.0, None],
]


def write_csv(path, rows, header=HEADER, delimiter=","):
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows([header, *rows])
    return path


def write_xlsx(path, rows, header=HEADER):
    book = openpyxl.Workbook()
    book.active.title = "Read me"
    book.active.append(["KOF Globalisation Index"])
    sheet = book.create_sheet("Data")
    for row in [header, *rows]:
        sheet.append(row)
    book.save(path)
    return path


@pytest.fixture(params=["kof.csv", "kof.xlsx"])
def kof(request, tmp_path):
    path = tmp_path / request.param
    return write_csv(path, ROWS) if path.suffix == ".csv" else write_xlsx(path, ROWS)


def test_southeast_asia_in_2023_is_the_papers_0_434(kof):
    found = alpha(kof, Region("SEA"), year=2023)
    assert round(float(found), 4) == round(found.value, 4) == 0.4340  # 434.02 / 10 / 100
    assert (found.n, found.missing, found.year, found.component) == (10, ("TLS",), 2023, "KOFIpGIdf")
    assert found.edition_sha256 == hashlib.sha256(kof.read_bytes()).hexdigest()


def test_the_component_and_the_year_matter(kof):
    assert alpha(kof, "SEA", year=2023, component="KOFGI").value == pytest.approx(0.637, abs=5e-4)
    old = alpha(kof, Region("IDN", "LAO"), year=2018)
    assert (old.value, old.n, old.missing) == (pytest.approx(0.2477), 1, ("LAO",))


def test_semicolons_decimal_commas_and_a_byte_order_mark_are_read(tmp_path):
    path = tmp_path / "kof.csv"
    path.write_text("\ufeffcode;country;year;KOFIpGIdf\nIDN;Indonesia;2023;15,35\nTMP;East Timor;2023;..\n", encoding="utf-8")
    found = alpha(path, Region("IDN", "TLS"), year=2023)
    assert (found.value, found.missing) == (pytest.approx(0.1535), ("TLS",))


def test_a_year_that_is_not_there_names_those_that_are(kof):
    with pytest.raises(OutOfRangeError, match="2018 to 2023"):
        alpha(kof, Region("SEA"), year=2030)


def test_a_component_that_is_not_there_names_the_nearest(kof):
    with pytest.raises(MissingColumnError, match="'KOFIpGIdf'") as caught:
        alpha(kof, Region("SEA"), year=2023, component="KOFIpGIfd")
    assert caught.value.missing == {"KOFIpGIfd"}


def test_a_region_without_any_data_has_no_alpha(kof):
    with pytest.raises(NoRowsError, match="TLS"):
        alpha(kof, Region("TLS"), year=2023)


def test_a_table_of_another_shape_is_refused(tmp_path):
    with pytest.raises(MissingColumnError, match="code"):
        alpha(write_csv(tmp_path / "wide.csv", [["Indonesia", 1]], header=["country", "2023"]), Region("IDN"), year=2023)
    with pytest.raises(MissingColumnError, match="code, year"):
        alpha(write_csv(tmp_path / "empty.csv", [], header=[]), Region("IDN"), year=2023)


def test_a_file_that_is_missing_foreign_or_broken_is_refused(tmp_path):
    with pytest.raises(MissingFileError, match=r"kof\.xlsx"):
        alpha(tmp_path / "kof.xlsx", Region("SEA"), year=2023)
    stata = tmp_path / "kof.dta"
    stata.write_bytes(b"<stata_dta>")
    with pytest.raises(DamagedFileError, match=r"not from \.dta"):
        alpha(stata, Region("SEA"), year=2023)
    for name in ("kof.xlsx", "kof.csv"):
        (tmp_path / name).write_bytes(b"PK\x03\x04\xff\xfe broken")
        with pytest.raises(DamagedFileError, match=name):
            alpha(tmp_path / name, Region("SEA"), year=2023)


def test_a_workbook_cut_in_the_middle_is_refused(tmp_path):
    path = write_xlsx(tmp_path / "kof.xlsx", ROWS)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(DamagedFileError, match="Download it again"):
        alpha(path, Region("SEA"), year=2023)


@pytest.mark.parametrize(
    ("row", "error", "message"),
    [
        (["IDN", "Indonesia", 2023, 1, "many"], BadRowError, "row 2: KOFIpGIdf is 'many'"),
        (["IDN", "Indonesia", "last", 1, 1], BadRowError, "row 2: the year is 'last'"),
        (["IDN", "Indonesia", 2023, 1, 153.5], OutOfRangeError, "row 2: KOFIpGIdf is 153.5"),
        (["IDN", "Indonesia", 2023, 1, "inf"], OutOfRangeError, "row 2"),
    ],
)
def test_a_bad_cell_is_named(tmp_path, row, error, message):
    with pytest.raises(error, match=message):
        alpha(write_csv(tmp_path / "kof.csv", [row]), Region("IDN"), year=2023)


def test_two_rows_for_one_country_and_year_are_refused(tmp_path):
    with pytest.raises(BadRowError, match="row 3: a second row for IDN in 2023"):
        alpha(write_csv(tmp_path / "kof.csv", [["IDN", "", 2023, 1, 1], ["IDN", "", 2023, 2, 2]]), Region("IDN"), year=2023)


def test_notes_below_the_table_and_cells_of_other_regions_are_passed_over(tmp_path):
    rows = [["IDN", "Indonesia", 2023, 1, 15.35], ["EAS", "", 2023, 1, "?"], ["Source: KOF", None, None, None, None], [None] * 5]
    assert alpha(write_csv(tmp_path / "kof.csv", rows), Region("IDN"), year=2023).value == pytest.approx(0.1535)
