import pytest

from wagtail_sms.pwa.quality import BUDGETS, weigh
from wagtail_sms.pwa.render import SOURCES, source


@pytest.mark.parametrize("name", sorted(BUDGETS))
def test_code_stays_within_its_budget(name):
    assert weigh(source(name)) <= BUDGETS[name]


@pytest.mark.parametrize("path", sorted(SOURCES.glob("*.js")), ids=lambda path: path.name)
def test_scripts_write_no_html(path):
    code = path.read_text()
    assert not [
        word for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(") if word in code
    ]


@pytest.mark.parametrize("path", sorted(SOURCES.glob("*.css")), ids=lambda path: path.name)
def test_styles_use_logical_properties_and_nothing_from_elsewhere(path):
    code = path.read_text()
    physical = ("margin-left", "margin-right", "padding-left", "padding-right", "text-align: left", "text-align: right")
    assert not [word for word in (*physical, "url(", "@import", "!important") if word in code]
