"""A Redis server of the tests' own, that keeps nothing."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MISSING = "redis-server is not installed: apt-get install redis-server"


def installed() -> bool:
    return shutil.which("redis-server") is not None


@contextmanager
def redis_server() -> Iterator[str]:
    """Its URL. It listens at a socket in a directory of its own, whose path is short enough for one."""
    with tempfile.TemporaryDirectory(prefix="redis") as folder:
        socket = Path(folder, "socket")
        options = ["--port", "0", "--unixsocket", str(socket), "--save", "", "--appendonly", "no", "--dir", folder]
        with subprocess.Popen(["redis-server", *options], stdout=subprocess.DEVNULL) as process:
            try:
                give_up = time.monotonic() + 10
                while not socket.exists():
                    assert process.poll() is None, "redis-server ended"
                    assert time.monotonic() < give_up, "redis-server did not start"
                    time.sleep(0.01)
                yield f"unix://{socket}"
            finally:
                process.terminate()
