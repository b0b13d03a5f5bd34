"""A message to an audience: what it will cost, its launch, its cutting into batches, its end.

Promises that nobody pays more than was confirmed and that one click launches once.
Never talks to a provider; sending is delivery's.
"""
