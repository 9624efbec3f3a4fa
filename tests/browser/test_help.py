"""The picture of How licenses move here: its words can be read on the smallest phone, in both themes and in the system's own colors."""

import pytest

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


def brightness(color):
    """Relative luminance, as WCAG has it."""
    parts = [int(float(part)) / 255 for part in color[color.index("(") + 1 : -1].split(",")[:3]]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    darker, lighter = sorted((brightness(one), brightness(other)))
    return (lighter + 0.05) / (darker + 0.05)


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

    heading = page.get_by_role("heading", name="Links and transfers", exact=True)
    heading.wait_for()
    assert heading.evaluate("heading => { const top = heading.getBoundingClientRect().top; return top > 52 && top < innerHeight }")
