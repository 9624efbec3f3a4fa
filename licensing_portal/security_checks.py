"""What `check --deploy` of Django's does not ask: hosts, the policy for content, cookies, the sign-in, and the proxy before us."""

from typing import Any

from csp.constants import NONE, UNSAFE_EVAL, UNSAFE_INLINE
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004 - Django's name

HOST = "__Host-"


@register(Tags.security, deploy=True)
def hosts_are_named(**options: Any) -> list[CheckMessage]:
    """Links and the check against forgery believe the Host header as far as it is allowed."""
    open_to = [host for host in settings.ALLOWED_HOSTS if "*" in host or host.startswith(".")]
    return [Error(f"ALLOWED_HOSTS is open to any name: {', '.join(open_to)}", id="portal.E101")] if open_to else []


@register(Tags.security, deploy=True)
def content_is_our_own(**options: Any) -> list[CheckMessage]:
    """No script and no style of others, none within a page, and no frame around one."""
    directives = (getattr(settings, "CONTENT_SECURITY_POLICY", None) or {}).get("DIRECTIVES", {})
    if "csp.middleware.CSPMiddleware" not in settings.MIDDLEWARE or not directives:
        return [Error("There is no policy for content", id="portal.E102")]
    unsafe = [name for name, sources in directives.items() if {UNSAFE_INLINE, UNSAFE_EVAL, "*"} & set(sources)]
    lax = unsafe + [name for name in ("default-src", "frame-ancestors", "object-src", "base-uri") if list(directives.get(name, [])) != [NONE]]
    return [Error(f"The policy for content lets others in: {', '.join(lax)}", id="portal.E103")] if lax else []


@register(Tags.security, deploy=True)
def cookies_are_the_hosts_alone(**options: Any) -> list[CheckMessage]:
    """Over https a cookie that another host of the domain could set is none of ours."""
    if not settings.IS_HTTPS:
        return [Error("PORTAL_URL is not https: cookies and passwords go over the wire", id="portal.E104")]
    return [
        Error(f"{kind}_COOKIE is not bound to the host: it needs the prefix {HOST}, the path / and no domain", id="portal.E105")
        for kind in ("SESSION", "CSRF")
        if not getattr(settings, f"{kind}_COOKIE_NAME").startswith(HOST)
        or getattr(settings, f"{kind}_COOKIE_PATH") != "/"
        or getattr(settings, f"{kind}_COOKIE_DOMAIN")
    ]


@register(Tags.security, deploy=True)
def every_page_asks_who_one_is(**options: Any) -> list[CheckMessage]:
    """A view that forgets to ask is behind the sign-in all the same."""
    is_asked = "django.contrib.auth.middleware.LoginRequiredMiddleware" in settings.MIDDLEWARE
    return [] if is_asked else [Error("LoginRequiredMiddleware is not installed", id="portal.E106")]


@register(Tags.security, deploy=True)
def the_proxy_is_known(**options: Any) -> list[CheckMessage]:
    """Something before the portal speaks TLS; unless it is known, all failed sign-ins seem to come from it (A8)."""
    if settings.TRUSTED_PROXIES or not settings.SECURE_PROXY_SSL_HEADER:
        return []
    return [
        Warning(
            "TRUSTED_PROXIES is 0, yet a proxy speaks TLS for the portal",
            hint="Set it to how many proxies of your own write X-Forwarded-For, or twenty wrong passwords lock everybody out.",
            id="portal.W107",
        )
    ]
