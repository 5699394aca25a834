"""What stops an operation before anything was changed, with what to do instead."""


class CannotOperateError(Exception):
    """Nothing was changed: `message` is what is wrong, with the value, `fix` is what to write or to run."""

    def __init__(self, message: str, fix: str) -> None:
        super().__init__(message)
        self.message, self.fix = message, fix


class CliFailedError(Exception):
    """The Pulumi CLI failed for a reason that this program has no advice for; the text is the end of what it wrote."""


class LockedError(CannotOperateError):
    """Another update has the stack's lock, or a process that was lost left it; `holders` are the backend's lines."""

    def __init__(self, stack: str, holders: tuple[str, ...]) -> None:
        held = "; ".join(holders) or "the backend does not say by whom"
        super().__init__(
            f"the stack is locked: {held}",
            f"wait for that update; where its process is gone for certain: llm-platform up {stack} --unlock",
        )
        self.holders = holders
