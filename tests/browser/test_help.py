"""The picture of How licenses move here: its words can be read on the smallest phone, in both themes and in the system's own colors."""

import pytest

from tests.browser.elements import contrast

# Of each text in the drawing: its height in pixels, whether it lies inside the drawing, its color and what is drawn right behind it.
TEXTS = """
() => {
  const drawing = document.querySelector("svg.ways");
  const frame = drawing.getBoundingClientRect();
  const scale = frame.width / drawing.viewBox.baseVal.width;
  return [...drawing.querySelectorAll("text")].map((text) => {
    const box = text.getBoundingClientRect();
    const ground = text.parentElement === drawing ? drawing.closest(".card") : text.parentElement.querySelector("rect");
    const { fill, backgroundColor } = getComputedStyle(ground);
    return {
      words: text.textContent,
      size: scale * parseFloat(getComputedStyle(text).fontSize),
      isInside: box.left >= frame.left && box.right <= frame.right && box.top >= frame.top && box.bottom <= frame.bottom,
      color: getComputedStyle(text).fill,
      ground: ground.matches("rect") ? fill : backgroundColor,
    };
  });
}
"""


@pytest.mark.parametrize("colors", [{"color_scheme": "light"}, {"color_scheme": "dark"}, {"forced_colors": "active"}], ids=str)
@pytest.mark.parametrize("width", [320, 768, 1280])
def test_every_word_of_the_picture_can_be_read(northgate, user, visit_as, width, colors):
    """WCAG 1.4.3, 1.4.10."""
    page = visit_as(user(northgate))
    page.emulate_media(**colors)
    page.set_viewport_size({"width": width, "height": 900})
    page.goto("/help/")

    texts = page.evaluate(TEXTS)

    assert len(texts) == 10
    assert [text for text in texts if text["size"] < 11 or not text["isInside"]] == []
    assert [text for text in texts if contrast(text["color"], text["ground"]) < 4.5] == []


def test_a_form_leads_to_its_part_of_the_page(northgate, user, visit_as):
    page = visit_as(user(northgate))
    page.set_viewport_size({"width": 1280, "height": 500})
    page.goto("/linked-accounts/")
    page.get_by_role("link", name="What a link allows", exact=True).click()

    # What is at the heading's place is the heading: it is in the window, and not under the bar at its top.
    seen = "() => { const box = document.getElementById('links').getBoundingClientRect(); return document.elementFromPoint(box.left + 2, box.top + 2)?.id }"
    page.wait_for_function(f"() => ({seen})() === 'links'")
