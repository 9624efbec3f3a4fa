"""What stands on many pages, by the names that people know it by."""


def h1(page):
    return page.get_by_role("heading", level=1)


def button(page, name):
    return page.get_by_role("button", name=name, exact=True)


def qty(page, product):
    return page.get_by_role("textbox", name=f"Qty, {product}", exact=True)


def owner_of(page):
    return page.get_by_role("combobox", name="Owner", exact=True)
