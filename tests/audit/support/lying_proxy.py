"""A node that lies: it forwards requests and alters some answers."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import requests

Alter = Callable[[str, list[Any], Any], Any]  # method, parameters, result -> result


@contextmanager
def lying_proxy(url: str, alter: Alter) -> Iterator[str]:
    """Serve a node's answers on loopback, each passed through `alter`."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            answered = requests.post(url, json=asked, timeout=60).json()
            many = isinstance(asked, list)
            by_id = {item["id"]: item for item in (asked if many else [asked])}
            for item in answered if many else [answered]:
                request = by_id[item["id"]]
                if "result" in item:
                    item["result"] = alter(request["method"], request["params"], item["result"])
            content = json.dumps(answered).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def alter_logs(change: Callable[[dict[str, Any]], Any], methods: tuple[str, ...]) -> Alter:
    """Return an alteration of the logs in receipts: `change` returns a log, or None to leave it out."""

    def alter(method: str, params: list[Any], result: Any) -> Any:
        if method not in methods or result is None:
            return result
        for receipt in result if isinstance(result, list) else [result]:
            logs = [change(log) for log in receipt["logs"]]
            receipt["logs"] = [log for log in logs if log is not None]
        return result

    return alter
