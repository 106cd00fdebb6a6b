"""Rows of one colour each, and models that answer as a test says: every score below can be worked out by hand."""

from contextlib import contextmanager

import numpy as np
from datasets import Dataset, Features

from chat_server import MODEL, chat_server
from hf_regional.corpora import views
from hf_regional.evaluating import open_subject
from small_clip import png

COLOURS = ("black", "red", "green", "white", "blue", "yellow")


def rows_of(features, rows, **extras) -> Dataset:
    """Rows of a view; what a row does not say is null. `extras` are further columns."""
    types = Features({**features, **extras})
    full = [{**dict.fromkeys(types), "license": "cc0-1.0", "id": str(number), **row} for number, row in enumerate(rows)]
    for row in full:
        for name in ("image", "left_image", "right_image"):
            if isinstance(row.get(name), str):
                row[name] = {"bytes": png(row[name]), "path": None}
    return Dataset.from_list(full, features=types)


def pairs(rows, **extras) -> Dataset:
    return rows_of(views.PAIRS, rows, **extras)


def vqa(rows, **extras) -> Dataset:
    return rows_of(views.VQA, [{"options": [], "answers": [], **row} for row in rows], **extras)


class KnownEncoder:
    """Features by colour and by text, as a test gives them, brought to unit length."""

    def __init__(self, pictures, texts):
        self.texts = texts
        self.by_bytes = {png(colour): features for colour, features in pictures.items()}

    def encode_texts(self, texts):
        return _unit([self.texts[text] for text in texts])

    def encode_images(self, images):
        return _unit([self.by_bytes[image["bytes"]] for image in images])


def _unit(rows):
    found = np.array(rows, np.float32)
    return found / np.linalg.norm(found, axis=1, keepdims=True)


@contextmanager
def speaker(tmp_path, answer):
    """A subject that says what `answer(text, colours of the pictures)` gives."""

    def verdict(request, pictures):
        parts = request["messages"][-1]["content"]
        text = " ".join(part["text"] for part in parts if part["type"] == "text")
        seen = [picture.convert("RGB").getpixel((0, 0)) for picture in pictures]
        return answer(text, [tuple(255 * (light > 64) for light in colour) for colour in seen])  # JPEG leaves no colour as it was

    with chat_server(verdict=verdict) as server:
        yield open_subject(f"{server.url}#{MODEL}", answers=tmp_path / "answers")
