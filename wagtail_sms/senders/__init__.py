"""Sender numbers: the number a site texts from.

Promises each site one number of its own (or a shared one: in trial, and at a provider that sells none), bought once.
Never lets an editor choose a number, and never buys one inside a transaction.
"""
