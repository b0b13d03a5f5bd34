"""A site's progressive web app: its settings, and the builds made from them.

Promises that a build never changes once made and that a site serves at most one build at a time.
Never talks to a provider, never touches subscribers; features arrive from outside as plain data.
"""
