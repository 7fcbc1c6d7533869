"""Whole tables and files: candidates, batches, clusters, Splink."""
