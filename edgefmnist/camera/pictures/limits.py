"""How much of a picture file is read and decoded at most. Of live frames: `decoding.limits`."""

MOST_FILE_BYTES = 150_000_000
"""Size of a picture file that is read."""

MOST_DECODED_BYTES = 450_000_000
"""Memory that decoding one picture file may take, its own working memory included."""

MOST_PIXELS = 400_000_000
"""Pixels of a picture file, which is decoded at a part of its size from 24 million on."""
