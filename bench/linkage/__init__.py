"""Benchmark of the linkage engine against Splink in the same run: `python -m bench.linkage [--full]`."""
