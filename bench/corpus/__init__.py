"""The Jieli corpus: a public benchmark for linking records of Chinese persons.

Made, not collected: invented families (`devstack.synthetic`), three kinds of source with the errors of each,
and the truth. Data sheet: docs/reference/corpus.md. Nothing here reads the linkage engine.
"""

from bench.corpus.generate import COLUMNS, Corpus, generate

__all__ = ["COLUMNS", "Corpus", "generate"]
