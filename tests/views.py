"""How tests read a page: as a person or a screen reader does, by headings, names of controls, and what stands by a field."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

from django.test import Client

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
SEPARATE = {"div", "p", "li", "td", "th", "tr", "ul", "dd", "dt", "dl", "table", "section", "h1", "h2", "h3", "option"}


# What several pages say of a form and its one-use key (B5).
ALREADY_USED = "This form was already used. Nothing more was changed. Open the page again to do more."
OUT_OF_DATE = "This page was out of date. Nothing was changed. Check it and press again."
OPENED_BY_SOMEONE_ELSE = "This page was opened by someone else. Nothing was changed. Check it and press again."

# What is no answer to any field; no input gives a 500 (rules.md §4).
RUBBISH = {"NUL": "\0", "NUL within": "a\0b", "very long": "x" * 100_000, "a Unicode line end": "a\u2028b", "an escape": "\x1b[31m"}


@dataclass
class Element:
    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list["Element | str"] = field(default_factory=list)
    parent: "Element | None" = None

    def __getitem__(self, name):
        return self.attributes.get(name, "")

    @property
    def text(self):
        """The words in it, with single spaces, blocks apart."""
        parts = [child if isinstance(child, str) else f" {child.text} " if child.tag in SEPARATE else child.text for child in self.children]
        return " ".join("".join(parts).split())

    @property
    def classes(self):
        return self["class"].split()

    def all(self, *tags):
        """Every element within, in the order of the page; of these tags, if any are named."""
        for child in self.children:
            if isinstance(child, Element):
                if not tags or child.tag in tags:
                    yield child
                yield from child.all(*tags)

    def first(self, tag):
        return next(self.all(tag))

    def is_within(self, other):
        return self is other or (self.parent is not None and self.parent.is_within(other))


class Reader(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.root = self.open = Element("page")
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        element = Element(
            tag, {name: value or "" for name, value in attrs} | {name: name for name, value in attrs if value is None}, parent=self.open
        )
        self.open.children.append(element)
        if tag not in VOID:
            self.open = element

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag):
        while self.open.parent and self.open.tag != tag:
            self.open = self.open.parent
        self.open = self.open.parent or self.open

    def handle_data(self, data):
        self.open.children.append(data)


def page_of(response):
    return Reader(response.content.decode()).root


def text_of(response):
    """All words of the page's main part, as one line."""
    return page_of(response).first("main").text


def form_of(client: Client, url: str, *, to: str = "") -> dict[str, str]:
    """GET a page and return what its form (the one that is sent `to` somewhere else) would send if nothing were typed: the one-use key and values."""
    response = client.get(url)
    assert response.status_code == 200, f"{url} answered {response.status_code}"
    return values_of(response, to=to)


def values_of(response, *, to: str = "") -> dict[str, str]:
    """The current values of the page's main form: the last one in <main> that is sent by POST; of those that are sent `to` an address, if it is named."""
    forms = [form for form in page_of(response).first("main").all("form") if form["method"] == "post" and to in ("", form["action"])]
    assert forms, "there is no form on this page"
    return _values(forms[-1])


def _values(form):
    values = {}
    for control in form.all("input", "textarea", "select"):
        if control["name"] and not control["form"] and _is_sent(control):
            values[control["name"]] = _value(control)
    return values


def _is_sent(control):
    """Whether a browser sends it: no buttons, no boxes that are not ticked, no list of which nothing is chosen."""
    if control["type"] == "checkbox":
        return "checked" in control.attributes
    return control["type"] not in {"submit", "button", "file"} and "multiple" not in control.attributes


def _value(control):
    if control.tag == "textarea":
        return "".join(control.children).removeprefix("\n")
    if control.tag == "select":
        options = list(control.all("option"))
        chosen = [option for option in options if "selected" in option.attributes] or options
        return chosen[0]["value"] if chosen else ""
    return control["value"] or ("on" if control["type"] == "checkbox" else "")


def press(client: Client, url: str, typed: dict[str, str] | None = None, **more: str):
    """Open the form at `url`, type, and press its button."""
    return client.post(url, form_of(client, url) | (typed or {}) | more)


def kept_in(response, typed: dict[str, str]) -> dict[str, str]:
    """What of the typed values the refused form still shows."""
    values = values_of(response)
    return {name: values[name] for name in typed if name in values}


def errors_of(response) -> dict[str, list[str]]:
    """What a refused form says, by field; "" holds what is said of the form as a whole.

    Everything stands in the summary "There is a problem"; what belongs to a field stands by it as well.
    """
    page = page_of(response)
    summary = next((element for element in page.all("div") if "error-summary" in element.classes), None)
    if summary is None:
        return {}
    assert (response.status_code, summary.first("h2").text) in {(200, "There is a problem"), (429, "There is a problem")}
    errors = {}
    for note in page.all():
        if note.tag == "div" and "invalid-feedback" in note.classes:
            name = note["id"].removeprefix("id_").removesuffix("_error").replace("linked-account-error", "linked_account")
            errors.setdefault(name, []).extend([line.text for line in note.all() if line["id"].startswith("error_")] or [note.text])
        elif note.tag == "ul" and "errorlist" in note.classes:  # as the admin draws them
            errors.setdefault(note["id"].removeprefix("id_").removesuffix("_error"), []).extend(line.text for line in note.all("li"))
    by_fields = [message for messages in errors.values() for message in messages]
    for item in summary.all("li"):
        message = item.text
        if not any(message == said or message.endswith(f": {said}") for said in by_fields):
            errors.setdefault("", []).append(message)
    return errors


def controls_of(response) -> list[tuple[str, str]]:
    """Everything that one can use on the page, as a screen reader tells it: (link, button or field, its accessible name)."""
    page = page_of(response)
    labels = {label["for"]: label.text for label in page.all("label")}
    controls = page.all("a", "button", "input", "select", "textarea")
    return [(_role(control), _name(control, labels)) for control in controls if control["type"] != "hidden"]


def _role(control):
    if control.tag == "a":
        return "link"
    return "button" if control.tag == "button" or control["type"] in {"submit", "button"} else "field"


def _name(control, labels):
    if control["aria-label"]:
        return control["aria-label"]
    if control.tag in {"a", "button"}:
        return control.text
    return labels.get(control["id"], "") or control["value"]


def submit_buttons_of(response) -> list[list[str]]:
    """For each form in the page's markup the names of its submit buttons; one may stand outside and name its form."""
    page = page_of(response)
    return [[button.text or button["value"] for button in page.all("button", "input") if _submits(button, form)] for form in page.all("form")]


def _submits(button, form):
    belongs = button["form"] == form["id"] if button["form"] else button.is_within(form)
    return belongs and button["type"] in ({"submit", ""} if button.tag == "button" else {"submit"})


def links_of(response) -> dict[str, str]:
    """Where the links of the page's main part lead, by their words."""
    return {link.text: link["href"] for link in page_of(response).first("main").all("a")}


def rows_of(response, caption: str = "") -> list[list[str]]:
    """The body of the table with this caption (or of the only one), cell by cell; no rows where there is no such table."""
    tables = [table for table in page_of(response).first("main").all("table") if caption in " ".join(part.text for part in table.all("caption"))]
    assert len(tables) < 2, "several tables: name one by its caption"
    return [[cell.text for cell in row.all("th", "td")] for table in tables for row in table.first("tbody").all("tr")]


def heading_of(response) -> str:
    return page_of(response).first("h1").text


def headings_of(response) -> list[str]:
    """All headings of the page's main part, in order."""
    return [heading.text for heading in page_of(response).first("main").all("h1", "h2", "h3")]


def notes_of(response) -> list[str]:
    """What the page says once, after a press or a change (role=status)."""
    return [note.text for note in page_of(response).all("div") if note["role"] == "status"]


def messages_of(response) -> list[str]:
    """What a page of the admin says once, after a press."""
    return [item.text for part in page_of(response).all("ul") if "messagelist" in part.classes for item in part.all("li")]
