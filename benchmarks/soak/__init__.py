"""Soak: the camera with every output on, for hundreds of thousands of frames.

usage: python -m benchmarks.soak [--frames N] [--seconds S]

The real command runs as a child: `demo` at full speed with JSON lines for every frame, a rotating
log, saved frames, a page with a viewer and a scraper, and a real broker with a subscriber. On the
way its resident memory, open files and processes are read from /proc, children included. Then the
same at 30 frames a second, for the age of frames at the moment of their answer.

Exit code 1 where a bound is broken. Writes `soak.md`, its picture and `soak.json.gz`; with
fewer frames or seconds than it asks for by itself it only prints.

`companions` are those at the other ends, `watch` reads /proc, `run` starts the command and follows
it, `judge` holds the bounds, `page` writes.
"""
