"""Runs in the guest: does what the tests ask for over a virtio-serial port. Standard library alone.

One JSON object a line each way. Asked: ``id``, ``shell`` (a command for bash), ``timeout_s`` and
``until``. Answered: ``id``, ``code``, ``out``, ``err``, ``uptime_s``, ``took_s``. With ``until``
the command is run again and again until it ends with 0. Seconds are the guest's own. A command
that takes longer is killed, and its ``code`` is -9.
"""

import json
import os
import signal
import subprocess
import time

PORT = "/dev/virtio-ports/agent"
EVERY_S = 0.25


def run(shell, timeout_s):
    """Exit status, stdout and stderr of a command and what it leaves in the background."""
    child = subprocess.Popen(
        ["/bin/bash", "-c", shell],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        cwd="/",
        env={**os.environ, "HOME": "/root", "COLUMNS": "200", "LANG": "C.UTF-8"},
    )
    try:
        out, err = child.communicate(timeout=max(timeout_s, 0.1))
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        out, err = child.communicate()
    return child.returncode, out.decode("utf-8", "replace"), err.decode("utf-8", "replace")


def answer(asked):
    """What came of one request."""
    start = time.monotonic()
    end = start + asked["timeout_s"]
    code, out, err = run(asked["shell"], end - start)
    while asked["until"] and code != 0 and time.monotonic() < end:
        time.sleep(EVERY_S)
        code, out, err = run(asked["shell"], end - time.monotonic())
    now = time.clock_gettime(time.CLOCK_BOOTTIME)
    took = time.monotonic() - start
    return {
        "id": asked["id"],
        "code": code,
        "out": out,
        "err": err,
        "uptime_s": now,
        "took_s": took,
    }


def opened():
    """The port, which udev may not have named yet."""
    while True:
        try:
            return os.open(PORT, os.O_RDWR)
        except FileNotFoundError:
            time.sleep(0.1)


def main():
    """Answer one request after the other, whoever is at the other end."""
    port = opened()
    waiting = b""
    while True:
        data = os.read(port, 1 << 16)
        if not data:  # nobody is there
            waiting = b""
            time.sleep(0.1)
            continue
        waiting += data
        while b"\n" in waiting:
            line, waiting = waiting.split(b"\n", 1)
            if line.strip():
                left = json.dumps(answer(json.loads(line))).encode() + b"\n"
                while left:
                    left = left[os.write(port, left) :]


if __name__ == "__main__":
    main()
