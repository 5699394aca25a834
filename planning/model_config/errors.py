"""Why a model's configuration can't be computed."""


class UnreadableError(ValueError):
    """A configuration that the ledger can't compute; `fix` says what to do instead."""

    def __init__(self, message: str, fix: str) -> None:
        super().__init__(message)
        self.fix = fix
