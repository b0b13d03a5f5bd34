"""The people of a site: their numbers, what they agreed to, and what must never be texted.

Promises that a STOP is undone by the person only and that every change of consent leaves an event behind.
Never sends anything and never spends a credit.
"""
