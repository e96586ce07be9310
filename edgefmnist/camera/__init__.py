"""Frames from a source, through preprocessing and the classifier, to a label that holds still."""
