"""Measures a claim from the press to the answer, against the stock way and against the floor: `python -m bench`."""
