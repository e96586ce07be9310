"""The same trained network in several engines, float32 and int8, timed in turns.

usage: python -m benchmarks.engines [RUN]

RUN (benchmarks/models/quick) is a run folder, whose network is converted to float32 and int8.
Writes `engines/recorded.json`, then the page and its plot from it. `make engines` has made the
environments that this needs.
"""
