"""The settings of a stack: the closed shape of a stack file, how it is read, and findings about it."""

from config.findings import Finding, blocking, in_order, path_of
from config.load import Loaded, load
from config.settings import SECTIONS, Settings

__all__ = ["SECTIONS", "Finding", "Loaded", "Settings", "blocking", "in_order", "load", "path_of"]
