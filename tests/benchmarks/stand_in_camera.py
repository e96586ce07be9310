"""Stands in for ``edgefmnist camera`` in tests of the soak: prints frames, and leaks as told.

usage: stand_in_camera.py MODE ...

MODE: sound, memory, files, processes, orphan (one that outlives it), early (ends by itself, exit
code 6). The frames' ages are 10 ms, and 90 ms in mode old.
"""

import json
import os
import signal
import subprocess
import sys
import time

mode = sys.argv[1]
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
leaked: list[object] = []
SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]
if mode == "orphan":
    # Given up by its parent, like a driver's helper: no longer below us once we have ended.
    leaked.append(subprocess.Popen(SLEEP, start_new_session=True))
for frame in range(1_000_000):
    if mode == "memory":
        leaked.append(bytearray(os.urandom(40_000)))
    elif mode == "files":
        leaked.append(os.open("/dev/null", os.O_RDONLY))
    elif mode == "processes" and frame % 40 == 0:
        leaked.append(subprocess.Popen(SLEEP))
    elif mode == "early" and frame == 50:
        print("edgefmnist: no camera", file=sys.stderr)
        sys.exit(6)
    part = 30_000 if mode == "old" else 3_333
    ages = dict.fromkeys(("capture_us", "preprocess_us", "infer_us"), part)
    print(json.dumps({"event": "frame", "dropped": 0, **ages}), flush=True)
    time.sleep(0.002)
