"""Builders: one published corpus a file, its class named by `builder` in its file of `catalogue/`."""
