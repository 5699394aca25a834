"""Ctrl-C: imported before everything else, so that it is quiet from the first moment on."""

import signal


def end_quietly() -> None:
    """Let Ctrl-C end this process as it ends any other, without a traceback; a shell then ends its script too.

    What the caller of the process decided, such as to ignore it, stays.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
