"""`evaluate` classes: one metric a file, the class named as the file in CamelCase. To add one, add a file; `load_metric` finds it."""
