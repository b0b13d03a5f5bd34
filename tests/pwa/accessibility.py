"""What axe-core finds on a page, under whatever policy the page has, and what can't be reached at a width."""

from importlib.resources import files

from playwright.sync_api import Page


AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
# The rules of WCAG 2.0 to 2.2, A and AA, and axe-core's own good practice.
STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SIZES = {320: 640, 390: 844, 1280: 800}
# A target is reached if a finger on its middle meets it and it is wide enough for one.
MISFITS = """([width, within, targets]) => {
  const found = [];
  const wide = document.scrollingElement.scrollWidth;
  if (wide > innerWidth || innerWidth > width) found.push(`${wide} px of page in a window of ${innerWidth}`);
  for (const node of document.querySelectorAll(`${within} :is(${targets})`)) {
    node.scrollIntoView({block: "nearest"});
    const {x, y, width: w, height: h} = node.getBoundingClientRect();
    if (Math.min(w, h) < 44) found.push(`too small: ${node.outerHTML}`);
    if (!node.contains(document.elementFromPoint(x + w / 2, y + h / 2))) found.push(`out of reach: ${node.outerHTML}`);
  }
  return found.map((line) => `${width}: ${line}`);
}"""


def violations(page: Page, within: str) -> list[str]:
    """One line per rule broken inside of ``within``, naming the first element that does."""
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(AXE)
    found = page.evaluate(
        """([within, standards]) => axe.run(within, {resultTypes: ["violations"], runOnly: standards})
          .then(({violations, passes}) => ({violations, passes: passes.length}))""",
        [within, STANDARDS],
    )
    assert found["passes"], "axe-core looked at nothing"
    return [f"{rule['id']}: {rule['nodes'][0]['html'][:120]}" for rule in found["violations"]]


def in_both_schemes(page: Page, within: str) -> list[str]:
    """The rules broken in light and in dark; the page is left in light."""
    found = []
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        # A host's own colours may fade from one scheme to the other.
        page.evaluate("document.getAnimations().forEach((each) => each.finish())")
        found += [f"{scheme}: {line}" for line in violations(page, within)]
    return found


def misfits(page: Page, within: str, *, targets: str = "a, button") -> list[str]:
    """What is wider than the window at 320, 390 and 1280 px, and which targets inside of ``within`` can't be pressed.

    The window is left as it was.
    """
    before, found = page.viewport_size, []
    for width, height in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        found += page.evaluate(MISFITS, [width, within, targets])
    page.set_viewport_size(before)
    return found
