"""Coded pictures: how large one may be, what counts as damaged, and how JPEG becomes pixels."""
