"""What stands on many pages, by the names that people know it by; and how well a color is seen on another."""


def h1(page):
    return page.get_by_role("heading", level=1)


def button(page, name):
    return page.get_by_role("button", name=name, exact=True)


def qty(page, product):
    return page.get_by_role("textbox", name=f"Qty, {product}", exact=True)


def owner_of(page):
    return page.get_by_role("combobox", name="Owner", exact=True)


def brightness(color):
    """Relative luminance, as WCAG has it."""
    parts = [int(float(part)) / 255 for part in color[color.index("(") + 1 : -1].split(",")[:3]]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    darker, lighter = sorted((brightness(one), brightness(other)))
    return (lighter + 0.05) / (darker + 0.05)
