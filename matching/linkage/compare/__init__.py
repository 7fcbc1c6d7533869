"""Comparisons: columns of a table and the levels at which two values agree."""
