"""Journal entries in words."""

from django import template

from licenses import presentation

register = template.Library()

register.simple_tag(presentation.sentence, name="sentence")
