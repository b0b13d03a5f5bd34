"""Credits: what a site may spend on texts, and how every one of them came and went.

Promises: integers only, no balance below zero, each operation happens once per key, and every cached figure
can be recomputed from the transfers. Never sends a text and never talks to a bank: it books what happened.
"""
