"""What visitors reach: the site's PWA files and the form that asks for text messages.

Promises that one site never answers with another site's build, and that a build's file never changes.
Never sets a cookie, never needs a login, never says whether a number was already known.
"""
