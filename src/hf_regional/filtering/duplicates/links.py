"""Links: a row in, the rows that are copies of it and why out. By images and by texts; the rule of each stands in its docstring."""

from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np

from hf_regional.filtering.duplicates.images import ImageHashes
from hf_regional.filtering.duplicates.neighbours import Neighbours, find_neighbours
from hf_regional.filtering.duplicates.places import Places
from hf_regional.filtering.duplicates.texts import SimilarTexts

# Why a row is a copy, by number; 0 is none.
REASONS: Final = ("", "duplicate:image", "duplicate:image+text", "duplicate:image-across", "duplicate:text", "duplicate:similar-text")
_IMAGE, _WITH_TEXT, _ACROSS, _TEXT, _SIMILAR = range(1, len(REASONS))
# Mean difference of the colours of two copies, of 127: twice the most that recompressing (quality 30), brightening by 30 % or cropping
# 5 % a side did to 29 photographs; half of all pairs of different ones are above 6.
_COLOURS: Final = 3.8


class Links(Protocol):
    """Symmetric: where one row is a copy of another, that is one of it."""

    def linked(self) -> np.ndarray:
        """Rows that may have a copy, (n,) bool."""
        ...

    def copies(self, row: int) -> tuple[np.ndarray, np.ndarray]:
        """Copies of a row, which may be among them, and the number of the reason for each."""
        ...


@dataclass(frozen=True, slots=True)
class Members:
    """Which rows belong to each of k classes: `rows[starts[c] : starts[c + 1]]`."""

    rows: np.ndarray
    starts: np.ndarray

    def of(self, classes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The rows of some classes, and for each which of `classes` it belongs to."""
        sizes = self.starts[classes + 1] - self.starts[classes]
        owner = np.repeat(np.arange(len(classes)), sizes)
        within = np.arange(len(owner)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        return self.rows[self.starts[classes][owner] + within], owner


def members(classes: np.ndarray, count: int) -> Members:
    """List the rows of each class; rows of class -1 belong to none."""
    order = np.argsort(classes, kind="stable")[np.count_nonzero(classes < 0) :]
    return Members(order, np.concatenate([[0], np.cumsum(np.bincount(classes[order], minlength=count))]))


@dataclass(frozen=True, slots=True)
class ImageLinks:
    """Copies by image.

    Two rows with a country in common (or none named in either) are copies within the whole distance. Rows of different countries
    are, only if their hashes are much nearer, or if their texts are equal too: two dishes photographed alike in two countries are
    what a regional corpus is for. And their colours must be the same, which the hashes are blind to. `classes`: (n,), a row's place
    in `near.hashes`, or -1. `texts`: (n,), equal texts have equal numbers, or -1. `colours`: (n, 32) uint8.
    """

    near: Neighbours
    classes: np.ndarray
    rows: Members
    neighbours: Members  # of a class: places in `pairs`, which are classes and distances
    pairs: tuple[np.ndarray, np.ndarray]
    places: Places
    texts: np.ndarray
    colours: np.ndarray
    distance: int
    across: int

    def linked(self) -> np.ndarray:
        """Rows whose hash another row has, or with another hash near."""
        return _accompanied(self.rows, self.neighbours, self.near.crowd)[self.classes]

    def copies(self, row: int) -> tuple[np.ndarray, np.ndarray]:
        """Copies of a row by image, itself among them."""
        classes, apart = self._near(int(self.classes[row]))
        rows, owner = self.rows.of(classes)
        same_text = (self.texts[rows] == self.texts[row]) & (self.texts[row] >= 0)
        abroad = np.where(apart[owner] <= self.across, _ACROSS, np.where(same_text, _WITH_TEXT, 0))
        why = np.where(self.places.shared(row, rows), _IMAGE, abroad)
        copies = (why > 0) & self._same_colours(row, rows)
        return rows[copies], why[copies]

    def _same_colours(self, row: int, rows: np.ndarray) -> np.ndarray:
        apart = np.abs(self.colours[rows].astype(np.int16) - self.colours[row]).sum(axis=1)
        return apart <= _COLOURS * self.colours.shape[1]

    def _near(self, own: int) -> tuple[np.ndarray, np.ndarray]:
        """The classes near one, it among them, and how many bits they are apart."""
        chosen = self.neighbours.rows[self.neighbours.starts[own] : self.neighbours.starts[own + 1]]
        classes, apart = np.concatenate([self.pairs[0][chosen], [own]]), np.concatenate([self.pairs[1][chosen], [0]])
        crowd = self.near.crowd
        if len(crowd) and crowd[min(np.searchsorted(crowd, own), len(crowd) - 1)] == own:
            bits = np.bitwise_count(self.near.hashes[crowd] ^ self.near.hashes[own])
            found = bits <= self.distance
            classes, first = np.unique(np.concatenate([classes, crowd[found]]), return_index=True)
            apart = np.concatenate([apart, bits[found]])[first]
        return classes, apart


@dataclass(frozen=True, slots=True)
class TextLinks:
    """Copies by text: equal ones wherever they are from, similar ones if the rows have a country in common (or none is named).

    `classes`: (n,), equal texts have equal numbers; -1 where the text has no say.
    """

    classes: np.ndarray
    rows: Members
    neighbours: Members
    others: np.ndarray
    places: Places

    def linked(self) -> np.ndarray:
        """Rows whose text another row has, or with a similar one."""
        return _accompanied(self.rows, self.neighbours, np.zeros(0, np.int64))[self.classes]

    def copies(self, row: int) -> tuple[np.ndarray, np.ndarray]:
        """Copies of a row by text, itself among them."""
        own = int(self.classes[row])
        chosen = self.neighbours.rows[self.neighbours.starts[own] : self.neighbours.starts[own + 1]]
        rows, owner = self.rows.of(np.append(self.others[chosen], own))
        why = np.where(owner == len(chosen), _TEXT, np.where(self.places.shared(row, rows), _SIMILAR, 0))
        return rows[why > 0], why[why > 0]


def image_links(pictures: ImageHashes, places: Places, texts: np.ndarray, distance: int, across: int, threads: int) -> ImageLinks:
    """Link rows by their images; the arguments are the fields of `ImageLinks`."""
    near = find_neighbours(pictures.hashes[pictures.readable], distance, threads=threads)
    classes = np.full(len(pictures), -1)
    classes[pictures.readable] = near.classes
    count = len(near.hashes)
    both = np.concatenate([near.first, near.second])
    pairs = np.concatenate([near.second, near.first]), np.concatenate([near.apart, near.apart])
    return ImageLinks(
        near, classes, members(classes, count), members(both, count), pairs, places, texts, pictures.colours, distance, across
    )


def text_links(similar: SimilarTexts, classes: np.ndarray, count: int, places: Places) -> TextLinks:
    """Link rows by the numbers of their texts, of which there are `count`."""
    both = np.concatenate([similar.first, similar.second])
    others = np.concatenate([similar.second, similar.first])
    return TextLinks(classes, members(classes, count), members(both, count), others, places)


def _accompanied(rows: Members, neighbours: Members, crowd: np.ndarray) -> np.ndarray:
    """Whether each class has a second row or a neighbour; at the end, where class -1 looks, that none has not."""
    found = (np.diff(rows.starts) > 1) | (np.diff(neighbours.starts) > 0)
    found[crowd] = True
    return np.append(found, False)
