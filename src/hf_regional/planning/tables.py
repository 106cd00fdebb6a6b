"""Tables of the caller's: a CSV file in; its cells as text out, with an error that names the file where it cannot be read."""

from pathlib import Path

import pandas as pd
from pandas.errors import EmptyDataError, ParserError

from hf_regional.errors import DamagedFileError, MissingFileError, NoRowsError


def read_csv(path: Path, what: str) -> pd.DataFrame:
    """Read a CSV file, every cell as text ("NA" is Namibia's code and no gap).

    Raises:
        MissingFileError, DamagedFileError, NoRowsError: there is no such file, it is no CSV, or it has no rows.
    """
    if not path.is_file():
        raise MissingFileError(f"{what}: {path} is no file. Give a CSV file.")
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (ParserError, EmptyDataError, UnicodeDecodeError) as error:
        raise DamagedFileError(f"{what}: {path} is no CSV file: {str(error).strip()}") from error
    if table.empty:
        raise NoRowsError(f"{what}: {path} has no rows.")
    return table.rename(columns=lambda name: str(name).strip())
