"""The Jieli corpus: a public benchmark for linking records of Chinese persons.

Made, not collected: invented families (`devstack.synthetic`), three kinds of source with the errors of each,
and the truth. Data sheet: docs/reference/corpus.md. Nothing here reads the linkage engine. A checkout and Python are
enough: `python -m bench.corpus`.
"""

import sys
from pathlib import Path

_PLATFORM = str(Path(__file__).resolve().parents[2] / "platform")
if _PLATFORM not in sys.path:  # the invented people live there, beside the demo that shows them
    sys.path.append(_PLATFORM)

from bench.corpus.generate import COLUMNS, GENERATOR_VERSION, Corpus, generate  # noqa: E402

__all__ = ["COLUMNS", "GENERATOR_VERSION", "Corpus", "generate"]
