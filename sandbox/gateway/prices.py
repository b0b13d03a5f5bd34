"""The demo network's own made-up prices, in US dollars per segment. They are nobody's real prices.

Some countries are left out on purpose, so that "we can't send there" can be seen.
"""

from typing import Any


# ISO code: (name, calling code, mobile country code, price or None)
COUNTRIES: dict[str, tuple[str, str, str, str | None]] = {
    "US": ("United States", "1", "310", "0.008"),
    "CA": ("Canada", "1", "302", "0.012"),
    "GB": ("United Kingdom", "44", "234", "0.040"),
    "IE": ("Ireland", "353", "272", "0.060"),
    "FR": ("France", "33", "208", "0.072"),
    "BE": ("Belgium", "32", "206", "0.080"),
    "NL": ("Netherlands", "31", "204", "0.088"),
    "LU": ("Luxembourg", "352", "270", "0.072"),
    "DE": ("Germany", "49", "262", "0.084"),
    "AT": ("Austria", "43", "232", "0.078"),
    "CH": ("Switzerland", "41", "228", "0.056"),
    "IT": ("Italy", "39", "222", "0.064"),
    "ES": ("Spain", "34", "214", "0.060"),
    "PT": ("Portugal", "351", "268", "0.038"),
    "DK": ("Denmark", "45", "238", "0.040"),
    "SE": ("Sweden", "46", "240", "0.048"),
    "NO": ("Norway", "47", "242", "0.056"),
    "FI": ("Finland", "358", "244", "0.068"),
    "IS": ("Iceland", "354", "274", "0.064"),
    "PL": ("Poland", "48", "260", "0.030"),
    "CZ": ("Czechia", "420", "230", "0.044"),
    "SK": ("Slovakia", "421", "231", "0.052"),
    "HU": ("Hungary", "36", "216", "0.062"),
    "RO": ("Romania", "40", "226", "0.056"),
    "BG": ("Bulgaria", "359", "284", "0.080"),
    "GR": ("Greece", "30", "202", "0.054"),
    "HR": ("Croatia", "385", "219", "0.058"),
    "SI": ("Slovenia", "386", "293", "0.048"),
    "RS": ("Serbia", "381", "220", "0.040"),
    "EE": ("Estonia", "372", "248", "0.066"),
    "LV": ("Latvia", "371", "247", "0.046"),
    "LT": ("Lithuania", "370", "246", "0.024"),
    "UA": ("Ukraine", "380", "255", "0.088"),
    "TR": ("Türkiye", "90", "286", "0.016"),
    "IL": ("Israel", "972", "425", "0.020"),
    "AE": ("United Arab Emirates", "971", "424", "0.036"),
    "SA": ("Saudi Arabia", "966", "420", "0.045"),
    "EG": ("Egypt", "20", "602", "0.098"),
    "MA": ("Morocco", "212", "604", "0.070"),
    "DZ": ("Algeria", "213", "603", "0.160"),
    "TN": ("Tunisia", "216", "605", "0.208"),
    "SN": ("Senegal", "221", "608", "0.120"),
    "NG": ("Nigeria", "234", "621", "0.128"),
    "KE": ("Kenya", "254", "639", "0.104"),
    "ZA": ("South Africa", "27", "655", "0.020"),
    "IN": ("India", "91", "404", "0.064"),
    "PK": ("Pakistan", "92", "410", "0.136"),
    "LK": ("Sri Lanka", "94", "413", "0.196"),
    "BD": ("Bangladesh", "880", "470", "0.152"),
    "TH": ("Thailand", "66", "520", "0.018"),
    "VN": ("Vietnam", "84", "452", "0.090"),
    "ID": ("Indonesia", "62", "510", "0.260"),
    "MY": ("Malaysia", "60", "502", "0.044"),
    "SG": ("Singapore", "65", "525", "0.042"),
    "PH": ("Philippines", "63", "515", "0.112"),
    "JP": ("Japan", "81", "440", "0.080"),
    "KR": ("South Korea", "82", "450", "0.028"),
    "TW": ("Taiwan", "886", "466", "0.052"),
    "HK": ("Hong Kong", "852", "454", "0.050"),
    "AU": ("Australia", "61", "505", "0.042"),
    "NZ": ("New Zealand", "64", "530", "0.080"),
    "BR": ("Brazil", "55", "724", "0.026"),
    "AR": ("Argentina", "54", "722", "0.058"),
    "CL": ("Chile", "56", "730", "0.046"),
    "CO": ("Colombia", "57", "732", "0.010"),
    "PE": ("Peru", "51", "716", "0.034"),
    "MX": ("Mexico", "52", "334", "0.024"),
    "CU": ("Cuba", "53", "368", None),
    "KP": ("North Korea", "850", "467", None),
    "SY": ("Syria", "963", "417", None),
    "AF": ("Afghanistan", "93", "412", None),
}

# Operators that cost less than their country's row.
OPERATORS = [("NL", "08", "KPN", "0.080"), ("DE", "01", "Telekom", "0.080"), ("GB", "10", "O2", "0.038")]

CANADIAN_AREA_CODES = frozenset(
    "204 226 236 249 250 263 289 306 343 354 365 367 368 382 387 403 416 418 428 431 437 438 450 460 468 474 "
    "506 514 519 548 579 581 584 587 604 613 639 647 672 683 705 709 742 753 778 780 782 807 819 825 867 873 "
    "879 902 905 942".split()
)
BY_CALLING_CODE = {code: country for country, (_, code, _, _) in COUNTRIES.items() if country != "CA"}


def country_of(number: str) -> str:
    """ISO code for digits in E.164 without a plus, "" for a country that this network doesn't know."""
    if number.startswith("1"):
        return "CA" if number[1:4] in CANADIAN_AREA_CODES else "US"
    return next((BY_CALLING_CODE[number[:n]] for n in (3, 2) if number[:n] in BY_CALLING_CODE), "")


def country_name(country: str) -> str:
    return COUNTRIES[country][0] if country in COUNTRIES else "Another country"


def price_of(country: str) -> str:
    known = COUNTRIES.get(country)
    return (known and known[3]) or "0.100"


def price_list() -> dict[str, Any]:
    """The answer to GET /pricing/sms/outbound; the first row is the default rate."""
    rows = [_row("XX", "0", None, "Default Rate", "Default Rate", "0.100")]
    rows += [
        _row(country, mcc, None, name, None, price) for country, (name, _, mcc, price) in COUNTRIES.items() if price
    ]
    for country, mnc, operator, price in OPERATORS:
        rows.append(_row(country, COUNTRIES[country][2], mnc, COUNTRIES[country][0], operator, price))
    return {"gateway": 10, "currencyCode": "USD", "totalCount": len(rows), "prices": rows}


def _row(country: str, mcc: str, mnc: str | None, name: str, operator: str | None, price: str) -> dict[str, Any]:
    return {
        "price": f"{float(price):.6f}",
        "currencyCode": "USD",
        "mccmnc": mcc + (mnc or ""),
        "mcc": mcc,
        "mnc": mnc,
        "countryName": name,
        "countryIsoCode": country,
        "operatorName": operator,
    }
