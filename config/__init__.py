"""What the operator says: the closed shape of a stack file and the one way to read it."""

from config.findings import Finding, blocking, in_order, path_of
from config.load import Loaded, load
from config.settings import SECTIONS, Settings

__all__ = ["SECTIONS", "Finding", "Loaded", "Settings", "blocking", "in_order", "load", "path_of"]
