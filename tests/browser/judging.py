"""What is wrong with a page as it stands: what axe finds (WCAG 2.2 AA), and what sticks out of the window or of its card."""

from axe_playwright_python.base import AxeResults
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.elements import button

WIDTHS = [320, 390, 768, 992, 1280]  # 992: the least that has the menu beside the page
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# axe leaves the rule for target sizes (2.5.8) out, unless it is asked for by name.
ALL_RULES = {"runOnly": WCAG, "rules": {"target-size": {"enabled": True}}, "resultTypes": ["violations"]}
COLORS = {"runOnly": {"type": "rule", "values": ["color-contrast"]}, "resultTypes": ["violations"]}
# On a desk both themes in full. A theme changes colors and nothing else (tokens.css): on a phone, in the dark, their rule is enough.
RULES = {1280: {"light": ALL_RULES, "dark": ALL_RULES}, 390: {"light": ALL_RULES, "dark": COLORS}}
JUDGED_BY_AXE = list(RULES)

# What a page must not make people scroll for: anything wider than the window, or cut off by the card that it stands in.
# The lists of the admin have more columns than a phone is wide. They scroll, each in a box of its own (WCAG 1.4.10 lets tables), and the box
# is what must not stick out; axe sees to it that the keyboard reaches it. Customers' pages have no such boxes.
WHAT_STICKS_OUT = """
() => {
  const width = document.documentElement.clientWidth;
  const found = document.documentElement.scrollWidth > width ? [`the page is ${document.documentElement.scrollWidth} px wide`] : [];
  const hasWords = (node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim();
  const scrolls = ".results, .scrolls";
  const leftOut = ".visually-hidden, .skip-link, .sidebar:not(.show), .breadcrumb, .sprite, svg *, thead";
  for (const element of document.body.querySelectorAll("*")) {
    if (element.parentElement.closest(scrolls)) continue;
    const isSeen = element.matches("input, select, textarea, button, svg") || [...element.childNodes].some(hasWords);
    if (!isSeen || element.closest(leftOut) || !element.checkVisibility()) continue;
    const box = element.getBoundingClientRect();
    const card = element.closest(".card")?.getBoundingClientRect() ?? { left: 0, right: width };
    const isOut = box.right > Math.min(width, card.right) + 1 || box.left < Math.max(0, card.left) - 1;
    if (box.width && isOut) found.push(`${Math.round(box.left)} to ${Math.round(box.right)}: ${element.outerHTML.slice(0, 120)}`);
  }
  return found;
}
"""

AXE = Axe().axe_script

# For one rule, that of css-orientation-lock, axe reads all style sheets itself. Where one imports another (as Django's forms.css does),
# it looks for that beside the page instead of beside the sheet, and writes it into the page, which the policy for content stops.
RUN_AXE = """
(rules) => {
  const rulesOf = [...document.styleSheets].flatMap((sheet) => [...sheet.cssRules]);
  return axe.run({ ...rules, preload: !rulesOf.some((rule) => rule instanceof CSSImportRule) });
}
"""


def what_sticks_out_of(page):
    """Measure the page as wide as it is now."""
    return [f"{page.url} at {page.viewport_size['width']} px: {words}" for words in page.evaluate(WHAT_STICKS_OUT)]


def what_axe_finds_on(page):
    """Let axe judge the page as wide as it is now, in both themes."""
    found = []
    for theme, rules in RULES[page.viewport_size["width"]].items():
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        expect(page.locator("html")).to_have_css("color-scheme", theme)
        results = AxeResults(page.evaluate(RUN_AXE, rules))
        if results.violations_count:
            found.append(f"{page.url} at {page.viewport_size['width']} px, {theme}: {results.generate_report()}")
    return found


def faults_of(page, widths=WIDTHS, judged_by_axe=JUDGED_BY_AXE):
    """What is wrong with the page as it stands, in words; the window is as large as before when this is done."""
    before = page.viewport_size
    if judged_by_axe:
        page.evaluate(AXE)
    found = []
    for width in widths:
        page.set_viewport_size({"width": width, "height": 900})
        found += what_sticks_out_of(page)
        if width in judged_by_axe:
            found += what_axe_finds_on(page)
    page.set_viewport_size(before)
    return found


def field(page, name):
    return page.get_by_label(name, exact=True)


def refused(page, name):
    """Press the button and wait for the page that says no."""
    button(page, name).click()
    expect(page.get_by_role("heading", name="There is a problem", exact=True)).to_be_visible()
    return faults_of(page)
