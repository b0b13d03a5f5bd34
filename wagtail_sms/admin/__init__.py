"""The pages of the Wagtail admin, one module per tab.

Promises that every page, list and form shows one site only, and that only to people who have a right on that site.
Never decides what may be sent, spent or built: each page calls the verbs of the parts below.
"""
