"""Record linkage: are these two records the same person, and why? Pure functions over values and arrays."""
