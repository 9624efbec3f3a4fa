"""Verifying a license file: a page that anybody may open, and the key that everybody may have (C6).

A stranger learns here what the file says, and beyond it only whether it is out of date.
"""

from typing import Any

from django import forms
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.limits import limited
from deployments import license_files, selectors
from deployments.license_files import LARGEST, LicenseFile
from licensing_portal.foundation import signing_keys
from licensing_portal.foundation.errors import Refusal
from licensing_portal.foundation.uploads import takes_a_file_of


class VerifyLicenseForm(forms.Form):
    """A license file, or its text; of both the file counts. After `is_valid()`, `content` is what the publisher signed."""

    file = forms.FileField(label=_("License file"), required=False, allow_empty_file=True)
    text = forms.CharField(
        label=_("Or its text"), required=False, widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false", "autocomplete": "off"})
    )

    content: LicenseFile

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        file, text = cleaned.get("file"), cleaned.get("text")
        if not file and not text:
            if not self.errors:
                self.add_error("file", gettext("Choose a license file, or paste its text"))
            return cleaned
        try:
            # What is pasted has lost the end of its line, or has got that of another system.
            self.content = license_files.read(file.read(LARGEST + 1) if file else f"{text}\n")
        except Refusal as refusal:
            self.add_error("file" if file else "text", str(refusal))
        return cleaned


@require_http_methods(["GET", "POST"])
@login_not_required
@takes_a_file_of(LARGEST)
@limited("verifications")
def verify_license(request: HttpRequest) -> HttpResponseBase:
    """Say in words what a license file grants, once its signature fits, and whether it was overtaken."""
    form = VerifyLicenseForm(request.POST, request.FILES) if request.method == "POST" else VerifyLicenseForm()
    if not form.is_valid():
        return render(request, "deployments/verify_license.html", {"form": form})
    content = form.content
    is_out_of_date = selectors.is_out_of_date(content.deployment_number, content.serial)
    answer = {"form": VerifyLicenseForm(), "content": content, "is_out_of_date": is_out_of_date, "is_newest": is_out_of_date is False}
    return render(request, "deployments/verify_license.html", answer)


@require_safe
@login_not_required
def license_signing_key(request: HttpRequest) -> HttpResponse:
    """Publish the public key, in PEM; below the current one those before it, which older files are signed with."""
    return HttpResponse(signing_keys.published(), content_type="application/x-pem-file")
