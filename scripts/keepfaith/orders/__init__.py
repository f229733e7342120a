"""Orders: criteria that say which attention layers are dropped first. One file per criterion."""

from keepfaith.orders import cosine
from keepfaith.orders.rank import rank_layers
from keepfaith.orders.registry import CRITERIA

__all__ = ["CRITERIA", "cosine", "rank_layers"]
