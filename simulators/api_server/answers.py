"""What an API server answers beside objects: errors, and how it calls a kind in addresses.

A helper: it simulates nothing.
"""

from dataclasses import dataclass


class ApiError(Exception):
    """The API server refused a request. Status 0 means that no server answered."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.message = message

    @property
    def is_missing(self) -> bool:
        """Whether the object is not there, or nothing of its kind can be."""
        return self.reason in ("NotFound", "NoMatch")


@dataclass(frozen=True)
class ApiResource:
    """How the server calls a kind in addresses."""

    plural: str
    namespaced: bool
