"""Splink's settings, out of our models and into them, and the part of SQL that they are written in."""
