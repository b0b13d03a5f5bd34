"""Sender numbers: the number a site texts from.

Promises each site one number of its own (or the shared one while it is in trial), obtained once.
Never lets an editor choose a number, and never buys one inside a transaction.
"""
