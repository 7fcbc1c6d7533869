"""Plausible people and bills that belong to nobody: for the demo, for tests and for the linkage corpus.

Pure standard library, no Django. The same seed gives the same people on every machine. Names are drawn
from published frequency lists, never from a list of persons; phone numbers lie in prefixes that no
operator has been given; an ID number is valid by form only (GB 11643), so never send one anywhere.
"""

from devstack.synthetic.noise import NoiseRates, noisy_application
from devstack.synthetic.people import Population, SyntheticPerson
from devstack.synthetic.settlements import SyntheticSettlement, settlements

__all__ = [
    "NoiseRates",
    "Population",
    "SyntheticPerson",
    "SyntheticSettlement",
    "noisy_application",
    "settlements",
]
