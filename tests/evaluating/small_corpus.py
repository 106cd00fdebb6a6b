"""Four pictures, two languages of the world (en es) and two of the region (id ms); every number below can be counted on fingers."""

from datasets import Dataset, Features, Image, Value

from small_clip import png

COLOURS = ("black", "red", "green", "white")  # pictures 0, 1, 2, 3
# picture, text, language, kind, verdict
TEST_ROWS = [
    (0, "Cat", "en", "name", "other"),
    (0, "gato", "es", "name", "other"),
    (0, "kucing", "id", "name", "kept"),
    (0, "kucing", "ms", "name", "kept"),
    (1, "dog", "en", "name", "other"),
    (1, "anjing", "id", "name", "kept"),
    (2, "Anjing", "id", "name", "kept"),  # again, of another picture: one query with two right answers
    (2, "radio", "en", "name", "other"),
    (2, "RADIO", "id", "name", "kept"),  # as in English, of the same picture: no regional knowledge
    (1, "radio", "ms", "name", "kept"),  # as in English, but of another picture
    (0, "pişik", "az", "name", "none"),
    (3, "bank", "en", "name", "ambiguous"),
    (1, "pet", "en", "keyword", "other"),
]
TRAIN_ROWS = [(3, "zebra", "en", "name", "other"), (0, "dog", "en", "keyword", "other")]
COLUMNS = ("image", "text", "language", "kind", "region_verdict")
NAMES = {"kind": ["name"]}


def dataset(rows) -> Dataset:
    features = Features(dict.fromkeys(COLUMNS, Value("string")) | {"image": Image()})
    cells = [(({"bytes": png(COLOURS[picture]), "path": None}), *rest) for picture, *rest in rows]
    return Dataset.from_dict({name: [row[place] for row in cells] for place, name in enumerate(COLUMNS)}, features=features)
