"""`evaluate` classes: one metric a file, the class named as the file in CamelCase. To add one, add a file; `load_metric` finds it.

A metric of answers, ratings or other rows is a `by_row.ByRow` around a function; any other a `describing.Described`. Both say what they are
in one `about`.
"""
