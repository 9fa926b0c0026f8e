"""The object store of tests on loopback, with what stands before it (test/support/object-store-front.mjs)."""

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

CHECKOUT = Path(__file__).resolve().parents[2]


class Store:
    """Answers at `endpoint`; `emulator` is the value of STORAGE_EMULATOR_HOST."""

    def __init__(self, port: int) -> None:
        self.endpoint = f"http://127.0.0.1:{port}"
        self.emulator = f"{self.endpoint}/storage/v1"

    def make_bucket(self, name: str) -> None:
        self._ask("POST", "/storage/v1/b?project=test", json.dumps({"name": name}).encode())

    def lose_answer(self, suffix: str) -> None:
        """The next object whose name ends so is stored, and its writer gets no answer."""
        self._ask("POST", f"/faults/lose-answer?suffix={quote(suffix)}", b"")

    def names(self, bucket: str, prefix: str = "") -> set[str]:
        found = self._ask("GET", f"/storage/v1/b/{bucket}/o?prefix={quote(prefix)}")
        return {each["name"] for each in json.loads(found).get("items", [])}

    def _ask(self, method: str, path: str, body: bytes | None = None) -> bytes:
        asked = urllib.request.Request(
            self.endpoint + path, body, {"content-type": "application/json"}, method=method
        )
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(asked, timeout=10) as answer:
            return answer.read()


@contextmanager
def object_store() -> Iterator[Store]:
    """A store of its own, in memory, with a bucket `things`."""
    state = CHECKOUT / os.environ.get("SEVENFOLD_STATE", ".sevenfold")
    program = json.loads((state / "toolchain.json").read_text())["objectStore"]
    port, own = _free_port(), _free_port()
    address = f"127.0.0.1:{port}"
    started = [
        subprocess.Popen(
            [
                *(program, "-scheme", "http", "-host", "127.0.0.1", "-port", str(own), "-backend", "memory"),
                *("-public-host", address, "-external-url", f"http://{address}", "-log-level", "error"),
            ]
        ),
        subprocess.Popen(
            [shutil.which("node"), "test/support/object-store-front.mjs", str(port), str(own)],
            cwd=CHECKOUT,
            stdout=subprocess.DEVNULL,
        ),
    ]
    try:
        store = Store(port)
        deadline = time.monotonic() + 15
        while True:
            try:
                store.make_bucket("things")
                break
            except OSError:
                assert time.monotonic() < deadline, "the object store does not answer"
                time.sleep(0.05)
        yield store
    finally:
        for process in started:
            process.kill()
            process.wait()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]
