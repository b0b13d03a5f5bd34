"""Territories that follow another country when no provider has a price for them.

The rule: a territory is listed if its mobile networks use the mobile country code (MCC, ITU-T E.212) of the other
country, or are that country's own networks, so that a text goes the same way. The code stands in the comment. It is one
step: nobody listed on the right follows anybody. A territory with a network and a code of its own (American Samoa 544,
the Falklands 750) follows nobody and is not served without a price.
"""

PARENTS = {
    "AC": "SH",  # Ascension: 658, one network with Saint Helena
    "AX": "FI",  # Åland: 244
    "BL": "GP",  # Saint Barthélemy: 340, and the numbers of Guadeloupe
    "BQ": "CW",  # Bonaire, Sint Eustatius, Saba: 362
    "CC": "AU",  # Cocos (Keeling) Islands: 505
    "CX": "AU",  # Christmas Island: 505
    "EH": "MA",  # Western Sahara: 604
    "GG": "GB",  # Guernsey: 234
    "GU": "US",  # Guam: 310, 311
    "IM": "GB",  # Isle of Man: 234
    "JE": "GB",  # Jersey: 234
    "MF": "GP",  # Saint Martin: 340, and the numbers of Guadeloupe
    "MP": "US",  # Northern Mariana Islands: 310
    "NF": "AU",  # Norfolk Island: 505
    "PR": "US",  # Puerto Rico: 310, 311; one of its networks has 330
    "SJ": "NO",  # Svalbard: 242
    "TA": "SH",  # Tristan da Cunha: 658
    "VA": "IT",  # Vatican City: the Italian networks, 222
    "VI": "US",  # U.S. Virgin Islands: 310, 311
    "YT": "RE",  # Mayotte: 647
}
