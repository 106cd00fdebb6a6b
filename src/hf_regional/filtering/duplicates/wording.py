"""Wording: a column of texts in, one spelling out, by which texts are compared; 64-bit digests of it.

Two texts are the same here when they have the same letters, marks and digits in the same order: not upper case, punctuation, width
of letters, kinds of blanks or the invisible characters that break lines in Khmer and Thai. Diacritics stay: they carry meaning.
"""

from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hf_regional.errors import ConfigError

_INVISIBLE: Final = r"\p{Cf}+"  # zero-width spaces and joiners, marks of direction, soft hyphens
_BETWEEN: Final = r"[^\p{L}\p{M}\p{N}]+"
_SPREAD: Final = np.uint64(0x9E3779B97F4A7C15)  # 2^64 over the golden ratio, odd


def normalise(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Bring texts to one spelling.

    Args:
        column: (n,) strings of any Arrow type; bytes that are no UTF-8 (lone surrogates) count as U+FFFD.

    Returns:
        (n,) large_string; null where the text is null or has no visible character.

    Raises:
        ConfigError: the column holds no text.

    >>> normalise(pa.array(["Rendang, Padang!", " ＲＥＮＤＡＮＧ padang", "🍜!", " "])).to_pylist()
    ['rendang padang', 'rendang padang', '🍜!', None]
    """
    chunks = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    return pa.concat_arrays([pa.array([], pa.large_string()), *(_normalise(chunk) for chunk in chunks)])


def digests(texts: pa.Array) -> np.ndarray:
    """Give each normalised text 64 bits of its own.

    Args:
        texts: (n,) large_string without nulls.

    Returns:
        (n,) uint64. Of a million texts, two share one with probability 3e-8.
    """
    codes, starts = characters(texts)
    places = np.arange(len(codes), dtype=np.uint64) - np.repeat(starts[:-1].astype(np.uint64), np.diff(starts))
    return mixed(np.add.reduceat(mixed(codes + (places << np.uint64(21))), starts[:-1])) if len(codes) else np.zeros(len(texts), np.uint64)


def characters(texts: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """All characters of texts that are not null: (m,) uint64 code points, and (n + 1,) int64 where each text begins."""
    calls: Any = pc  # its functions are made at run time, unknown to the type checker
    lengths = calls.utf8_length(texts).to_numpy(zero_copy_only=False)
    joined = b"".join(texts.cast(pa.large_binary()).to_pylist())
    codes = np.frombuffer(joined.decode().encode("utf-32-le"), np.uint32).astype(np.uint64)
    return codes, np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])


def mixed(numbers: np.ndarray) -> np.ndarray:
    """Spread each number over all 64 bits: the finaliser of SplitMix64 (Steele, Lea and Flood 2014), a bijection."""
    numbers = (numbers + _SPREAD) ^ ((numbers + _SPREAD) >> np.uint64(30))
    numbers = numbers * np.uint64(0xBF58476D1CE4E5B9)
    numbers = (numbers ^ (numbers >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return numbers ^ (numbers >> np.uint64(31))


def _normalise(chunk: pa.Array) -> pa.Array:
    calls: Any = pc  # its functions are made at run time, unknown to the type checker
    texts = _readable(chunk)
    plain = calls.utf8_lower(calls.utf8_normalize(texts, form="NFKC"))
    plain = calls.replace_substring_regex(plain, pattern=_INVISIBLE, replacement="")
    words = calls.utf8_trim_whitespace(calls.replace_substring_regex(plain, pattern=_BETWEEN, replacement=" "))
    # What is all punctuation or emoji would have no letter left, and one would count as a copy of another.
    words = calls.if_else(calls.equal(words, ""), calls.utf8_trim_whitespace(plain), words)
    return calls.if_else(calls.equal(words, ""), None, words)


def _readable(chunk: pa.Array) -> pa.Array:
    kind = chunk.type.value_type if pa.types.is_dictionary(chunk.type) else chunk.type
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind) or pa.types.is_null(kind)):
        raise ConfigError(f"a column of texts holds {chunk.type}; expected strings: name another column or cast it.", "texts")
    texts = chunk.cast(pa.large_string())
    try:
        texts.validate(full=True)
    except pa.ArrowInvalid:
        broken = texts.cast(pa.large_binary()).to_pylist()
        return pa.array([None if text is None else text.decode(errors="replace") for text in broken], pa.large_string())
    return texts
