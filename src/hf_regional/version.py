"""The version, in a place of its own so that rooms can record it without importing the package's root."""

__version__ = "0.1.0"
