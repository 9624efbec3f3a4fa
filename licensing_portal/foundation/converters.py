"""What a username and an entry's number look like in an address: anything else is no page, before any query is made."""

from django.urls import register_converter


class _Text:
    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


class UsernameConverter(_Text):
    regex = "[a-z0-9-]{2,30}"


class EntryNumberConverter(_Text):
    regex = "[A-Z]-[0-9]{4}-[0-9]{6,12}"


register_converter(UsernameConverter, "username")
register_converter(EntryNumberConverter, "number")
