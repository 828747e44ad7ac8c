"""What a good client does when a busy server says 503: comes back."""

import time
from collections.abc import Callable

import httpx


def patiently(send: Callable[[], httpx.Response]) -> httpx.Response:
    """The answer, after as many tries as an overloaded server asks for; any other refusal is given back as it is."""
    for _ in range(30):
        response = send()
        if response.status_code != 503 or "overloaded" not in response.json()["detail"]:
            break
        time.sleep(0.2)
    return response
