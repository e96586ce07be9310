"""What quantization costs and what it depends on, measured on one trained network.

Writes ``quantization.md`` and its pictures. Each section of the page has a module of its own.
"""
