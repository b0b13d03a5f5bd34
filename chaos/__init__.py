"""What happens when everything goes on at once, goes wrong, or is cut off in the middle.

`python -m chaos ledger` moves credits at random on a real database, beside a model of the ledger that never saw its
code. `python -m chaos kills` sends campaigns through real workers and a real broker while they and the database are
killed; a gateway that is never killed writes down every text, and at the end its file, the rows and the ledger have to
agree. `clicks`, `stops`, `sweepers`, `sigterm` and `steering` look at one promise each. Every part prints its seed and
one line of JSON, and exits non-zero if a single promise was broken.
"""
