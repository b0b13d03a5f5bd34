"""From a planned batch to a delivery report, and what people text back.

Promises that a campaign hands at most one message per number to the provider and that every recipient ends in one
visible state, through any crash. Never sends again what may have been sent, except under a key by which the provider
knows it again, and never makes a request inside a transaction.
"""
