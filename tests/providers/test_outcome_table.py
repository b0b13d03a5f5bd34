"""Every row of the outcome table happens at the gateway, in both protocols, and comes to what the table says.

`pytest -s tests/providers/test_outcome_table.py` prints the table.
"""

from collections import defaultdict
from pathlib import Path

import pytest

from tests.providers.outcome_cases import PROTOCOLS, run


DOCUMENT = Path(__file__).parents[2] / "docs" / "explanation" / "providers.md"


def documented():
    """{what happened: outcome} from the table in the document."""
    lines = DOCUMENT.read_text().split("<!-- outcomes -->")[1].strip().splitlines()[2:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    return {what: became for what, became, *_ in cells}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_row_of_the_outcome_table_is_covered_and_true(gateway, protocol):
    table, seen, wrong = documented(), defaultdict(list), []
    for case in PROTOCOLS[protocol]:
        became, pause, texts = run(case, protocol, gateway)
        seen[case.row].append(case.what)
        pause_is_right = pause == case.retry_after or abs((pause or 0) - (case.retry_after or 0)) < 1000 < (pause or 0)
        if became != table.get(case.row) or texts != case.texts or not pause_is_right:
            wrong.append(f"{case.row}: {case.what}: {became}, {texts} texts, pause {pause}")
    lines = [(row, became, str(len(seen[row])), "; ".join(seen[row])) for row, became in table.items()]
    for what, became, count, cases in [(f"\n{protocol}: what happened", "outcome", "cases", ""), *lines]:
        print(f"{what:<58} {became:<14} {count:>5}  {cases}")  # noqa: T201
    assert not wrong
    assert not [row for row in table if not seen[row]], "a row of the table has no case"
    assert seen.keys() == table.keys(), "a case has a row that is not in the table"
