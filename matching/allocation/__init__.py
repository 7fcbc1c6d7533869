"""Who gets how much from which fund. Pure functions."""

from .offer import Bound, Offer, bounded_offer, floor_fen

__all__ = ["Bound", "Offer", "bounded_offer", "floor_fen"]
