"""python -m bench.corpus [--persons N] [--seed S] [--second] [--out DIR]: write the corpus as CSV."""

import argparse
from pathlib import Path

from bench.corpus import generate


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.corpus", description=__doc__)
    parser.add_argument("--persons", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--second", action="store_true", help="second.csv too: what second insurers write")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    out = options.out or Path("var/bench") / f"corpus-{options.seed}-{options.persons}"
    corpus = generate(options.seed, options.persons, options.second)
    corpus.write(out)
    print(
        f"{out}: {len(corpus.insurer)} insurer records, {len(corpus.applications)} applications, "
        f"{len(corpus.campaigns)} campaigns of {len(set(corpus.truth.values()))} persons"
    )


if __name__ == "__main__":
    main()
