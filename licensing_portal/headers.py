"""What browsers may ask of the portal, and what they may keep of its pages."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase, HttpResponseNotAllowed
from django.utils.cache import patch_cache_control

# Going back to one of these shows the form as it was sent, with its one-use key, so that pressing again acts once (B5). Kept
# nowhere, it would come anew with a new key, and what was one sale would be two.
KEPT_FOR_GOING_BACK = {
    "licenses:sell_licenses",
    "licenses:recall_sale",
    "deployments:add_deployment",
    "deployments:add_licenses",
    "deployments:upload_server_file",
    "deployments:replace_server",
    "deployments:retire_deployment",
    "transfers:transfer_licenses",
    "accounts:create_enduser",
}


class NothingIsKeptMiddleware:
    """Have no browser and no proxy keep an answer: the next who sits there presses Back. Static files are answered before."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if request.resolver_match and request.resolver_match.view_name in KEPT_FOR_GOING_BACK:
            patch_cache_control(response, private=True, no_cache=True)
        else:
            patch_cache_control(response, private=True, no_store=True)
        return response


class NoTraceMiddleware:
    """Refuse TRACE everywhere: what answers it with what was sent tells a script the cookie that it may not read."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return HttpResponseNotAllowed(["GET", "HEAD", "OPTIONS", "POST"]) if request.method == "TRACE" else self.get_response(request)
