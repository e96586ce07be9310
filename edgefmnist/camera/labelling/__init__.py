"""Labels for frames that ``--save-uncertain`` kept: the files and their rules, no web in it.

`kept` lists the frames, the most informative first, `classes` says which folder of the user's
pictures a class is, `moving` moves a frame there so that a power cut loses nothing, and `labels`
does that for many at once, and undoes it.
"""
