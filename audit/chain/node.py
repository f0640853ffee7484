"""Ask a node over JSON-RPC, in batches."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, Final

import requests

from audit.errors import NodeError

BATCH: Final = 100
REQUEST_SECS: Final = 60.0
TRIES: Final = 3
WAIT_SECS: Final = 0.5


class Node:
    """Serve the methods of one node; nothing that it answers is believed here or checked here."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._session = requests.Session()
        self._next = 0

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def call(self, method: str, *params: object) -> Any:  # noqa: ANN401
        """Return the result of one request.

        Raises
        ------
        NodeError : no answer, or an error for an answer.
        """
        return self.call_many(method, [params])[0]

    def call_many(self, method: str, params: Sequence[Sequence[object]]) -> list[Any]:
        """Return the results of many requests of one method, in order.

        Raises
        ------
        NodeError : no answer, or an error for one of the answers.
        """
        results: list[Any] = []
        for start in range(0, len(params), BATCH):
            results.extend(self._batch(method, params[start : start + BATCH]))
        return results

    def _batch(self, method: str, params: Sequence[Sequence[object]]) -> list[Any]:
        first = self._next
        self._next += len(params)
        asked = [
            {"jsonrpc": "2.0", "id": first + i, "method": method, "params": list(param)}
            for i, param in enumerate(params)
        ]
        answer = self._post(method, asked[0] if len(asked) == 1 else asked)
        answers = answer if isinstance(answer, list) else [answer]
        found = {item.get("id"): item for item in answers if isinstance(item, dict)}
        results = []
        for request in asked:
            item = found.get(request["id"])
            if item is None:
                raise NodeError(method, "a request has no answer")
            if "error" in item:
                problem = item["error"]
                raise NodeError(
                    method, str(problem.get("message", problem) if isinstance(problem, dict) else problem)
                )
            results.append(item.get("result"))
        return results

    def _post(self, method: str, body: Any) -> object:  # noqa: ANN401
        for attempt in range(1, TRIES + 1):
            try:
                response = self._session.post(self.url, json=body, timeout=REQUEST_SECS)
                response.raise_for_status()
                return response.json()
            except (requests.RequestException, ValueError) as error:
                if attempt == TRIES:
                    detail = f"{without_secrets(self.url)} gives no answer ({type(error).__name__})"
                    raise NodeError(method, detail) from error
            time.sleep(WAIT_SECS * attempt)
        raise NodeError(method, "no attempt was made")


def without_secrets(url: str) -> str:
    """Return scheme, host and port of a URL: keys of node providers stand in user, path or query."""
    scheme, _, rest = url.partition("://")
    host = rest.split("/", 1)[0].split("?", 1)[0].rpartition("@")[2]
    return f"{scheme}://{host}" if host else "the node"


def read_bytes(value: object, method: str, length: int | None = None) -> bytes:
    """Return the bytes of 0x-prefixed hexadecimal digits.

    Raises
    ------
    NodeError : anything else, or another length.
    """
    if isinstance(value, str) and value.startswith("0x"):
        try:
            content = bytes.fromhex(value[2:])
        except ValueError:
            content = None
        if content is not None and (length is None or len(content) == length):
            return content
    wanted = "bytes" if length is None else f"{length} bytes"
    raise NodeError(method, f"{str(value)[:80]!r} stands where {wanted} belong")


def read_number(value: object, method: str) -> int:
    """Return a quantity in 0x-prefixed hexadecimal digits.

    Raises
    ------
    NodeError : anything else.
    """
    if isinstance(value, str) and value.startswith("0x"):
        try:
            return int(value, 16)
        except ValueError:
            pass
    raise NodeError(method, f"{str(value)[:80]!r} stands where a quantity belongs")
