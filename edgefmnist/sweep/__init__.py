"""Variants of a recipe, trained side by side and ranked by validation accuracy."""
