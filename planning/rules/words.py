"""How findings speak: lists, near misses and amounts."""

from config.wording import listed, nearest

__all__ = ["listed", "nearest"]
