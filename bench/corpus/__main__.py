"""python -m bench.corpus [--persons N] [--seed S] [--second] [--out DIR]: write the corpus as CSV.
python -m bench.corpus score pairs.csv --corpus DIR: how good somebody's pairs are (--help tells the form).

Python's standard library alone; any engine's result can be scored.
"""

import argparse
import sys
from pathlib import Path

from bench.corpus import GENERATOR_VERSION, generate
from bench.corpus import score as scoring


def main() -> int:
    if sys.argv[1:2] == ["score"]:
        return scoring.main(sys.argv[2:])
    parser = argparse.ArgumentParser(
        prog="python -m bench.corpus",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--persons", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--second", action="store_true", help="second.csv too: what second insurers write")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    if options.persons < 50:
        parser.error("a corpus needs at least 50 persons")
    out = options.out or Path("var/bench") / f"corpus-{options.seed}-{options.persons}"
    corpus = generate(options.seed, options.persons, options.second)
    corpus.write(out)
    print(
        f"{out}: {len(corpus.insurer)} insurer records, {len(corpus.applications)} applications, "
        f"{len(corpus.campaigns)} campaigns of {len(set(corpus.truth.values()))} persons "
        f"(generator {GENERATOR_VERSION}, seed {options.seed}, {options.persons} persons)"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
