"""Amounts of money as people read them. Amounts come in a currency's smallest unit: 1234 is $12.34, but ¥1,234."""

from decimal import Decimal

from django.utils.formats import number_format


# The digits after the point where they are not two, as payment companies count them: they take ISK and UGX with two.
_DIGITS = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA"), 0),
    **dict.fromkeys(("PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "JOD", "KWD", "OMR", "TND"), 3),
}
_SIGNS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}


def money(amount: int, currency: str) -> str:
    """ "$1,234.50", "¥1,234", "CHF 12.30": in the reader's own figures, the currency never left out."""
    return _written(Decimal(amount).scaleb(-digits(currency)), currency, digits(currency))


def per_hundred(amount: int, currency: str, *, credits: int) -> str:
    """What 100 credits cost when `credits` cost `amount`; with two digits more where the price is not whole."""
    unit = digits(currency)
    exact = Decimal(amount).scaleb(-unit) * 100 / credits
    rounded = round(exact, unit)
    return _written(rounded if rounded == exact else round(exact, unit + 2), currency, unit + 2 * (rounded != exact))


def digits(currency: str) -> int:
    return _DIGITS.get(currency.upper(), 2)


def _written(value: Decimal, currency: str, places: int) -> str:
    figures = number_format(value, decimal_pos=places, force_grouping=True)
    sign = _SIGNS.get(currency.upper())
    return f"{sign}{figures}" if sign else f"{currency.upper()}\N{NO-BREAK SPACE}{figures}"
