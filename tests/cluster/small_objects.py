"""What tests need that create single objects on a real API server."""

import time

import pytest

from simulators.api_server.client import ApiError, Client


def wait_until_served(api: Client, api_version: str, kind: str) -> None:
    """Wait until the API server knows a kind whose definition was just created."""
    for _ in range(100):
        try:
            api.list(api_version, kind)
        except ApiError:
            time.sleep(0.3)
        else:
            return
    pytest.fail(f"{kind} is not served")
