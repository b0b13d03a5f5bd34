"""Rate cards: what a text message costs in credits, per country.

Promises that a card never changes once it is made and that a country without a rate is refused, never free.
Never asks a provider for prices while somebody waits for a page.
"""
