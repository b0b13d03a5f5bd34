"""Text from outside, as any database and encoding takes it."""


def storable(text: str) -> str:
    """Without NUL and lone surrogates, which PostgreSQL and UTF-8 refuse: a STOP must not fail for them."""
    return text.replace("\0", "").encode("utf-8", "ignore").decode()
