"""Tasks: each a corpus, a protocol and a metric."""
