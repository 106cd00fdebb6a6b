"""Every error the package raises on purpose. Each message says what was found, where, and what to do next."""


class RegionalError(Exception):
    """Base of all errors of ours; catch it to catch them all. The command line turns it into exit code 1."""


class OutOfRangeError(RegionalError, ValueError):
    """A number lies outside the range in which it has a meaning."""


class UnknownNameError(RegionalError, KeyError):
    """A name that no registry knows; the message lists the known ones and the nearest."""

    def __str__(self) -> str:  # KeyError would print the repr of the message
        return str(self.args[0])


class ConfigError(RegionalError, ValueError):
    """A configuration key is unknown, of the wrong type, or names something that is not there."""

    def __init__(self, message: str, key: str | None = None) -> None:
        super().__init__(message)
        self.key = key


class EmptyRegionError(RegionalError, ValueError):
    """A region without a single country or language."""


class NoRowsError(RegionalError, ValueError):
    """A filter, a split or a task was left without rows."""


class MissingColumnError(RegionalError, KeyError):
    """A dataset lacks a column that the step needs."""

    def __init__(self, message: str, missing: frozenset[str] = frozenset()) -> None:
        super().__init__(message)
        self.missing = missing

    def __str__(self) -> str:
        return str(self.args[0])


class BadRowError(RegionalError, ValueError):
    """One row of a dataset or table cannot be read; the message names it."""


class MissingFileError(RegionalError, FileNotFoundError):
    """A file or folder that was named does not exist."""


class DamagedFileError(RegionalError, ValueError):
    """A file exists and is not what it should be: truncated, of another format, or of another digest."""


class OutputExistsError(RegionalError, FileExistsError):
    """The output is there already and was made by something else; nothing was overwritten."""


class CannotWriteError(RegionalError, OSError):
    """The output cannot be written: no space, no permission, or a limit. Nothing is left under the final name."""


class MismatchedCheckpointsError(RegionalError, ValueError):
    """Two checkpoints differ in their tensors' names, shapes or dtypes and cannot be merged."""

    def __init__(self, message: str, *, missing: frozenset[str] = frozenset(), extra: frozenset[str] = frozenset()) -> None:
        super().__init__(message)
        self.missing, self.extra = missing, extra


class QuantisedError(RegionalError, ValueError):
    """A checkpoint holds codes of a quantisation, which cannot be averaged."""


class MismatchedScoresError(RegionalError, ValueError):
    """Scores that are compared pair by pair, or scores and their groups, do not line up; the message names what lacks a partner."""

    def __init__(self, message: str, *, missing: frozenset[str] = frozenset(), extra: frozenset[str] = frozenset()) -> None:
        super().__init__(message)
        self.missing, self.extra = missing, extra


class NonFiniteError(RegionalError, ValueError):
    """A tensor or a score holds NaN or infinity."""

    def __init__(self, message: str, name: str | None = None) -> None:
        super().__init__(message)
        self.name = name


class ServerError(RegionalError, ConnectionError):
    """A server could not be reached, answered with an error, or with what it should not have answered."""

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status  # of HTTP; None where no answer came


class ServerBusyError(ServerError):
    """A server asks to be left alone for longer than we wait."""


class RefusedAddressError(RegionalError, ConnectionError):
    """An address that a stranger gave leads to this machine or into its own network; nothing was asked there."""


class NoAnswerError(RegionalError, RuntimeError):
    """A model failed on so many prompts in a row that the fault is not the prompts'."""


class SpendLimitError(RegionalError):
    """What comes next would cost more than the limit leaves; nothing of it was asked."""


class MissingExtraError(RegionalError, ImportError):
    """An optional dependency is not installed; the message names the extra that brings it."""


class NotBuiltYetError(RegionalError, NotImplementedError):
    """The design foresees it and this version does not have it; nothing was attempted."""


class NotRecordableError(RegionalError, ValueError):
    """A value that `regional.json` cannot hold: NaN, infinity, or an object that JSON has no word for."""
