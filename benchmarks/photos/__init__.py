"""Scores of the camera's path on photos of real garments, and the page that shows them.

python -m benchmarks.photos PHOTOS            remakes benchmarks/photos.md and its pictures
python -m benchmarks.photos PHOTOS --quick    prints the score table and writes nothing
"""
