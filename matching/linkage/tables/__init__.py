"""Whole tables: candidates, batches, scores, clusters."""
