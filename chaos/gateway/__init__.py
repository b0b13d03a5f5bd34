"""A provider that is never killed: it writes down every text it takes before it answers, and answers badly on purpose.

It speaks as much of MessageBird's REST protocol as the package uses while it sends. What it wrote is the truth that
the site's rows and credits are compared with. Knows nothing of the site but the addresses that it is told to call.
"""

SIGNING_KEY = "only-for-the-trial-and-at-least-32-bytes-long"
