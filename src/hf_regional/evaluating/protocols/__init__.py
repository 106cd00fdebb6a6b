"""Protocols: how a model is asked, and how its answers become scores by row. One a file; `tasks/` says which corpus is asked by which."""
