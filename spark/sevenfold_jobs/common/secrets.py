"""The database's address on a machine that was not given it: by the name of a secret, never by its value."""

import base64
import ipaddress
import os
import re

from sevenfold_jobs.common.failures import InvalidInput

SECRET_VARIABLE = "SEVENFOLD_DATABASE_SECRET"
_SERVICE = "https://secretmanager.googleapis.com"
_SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)


def database_url() -> str:
    """From `DATABASE_URL`, else from the secret `projects/…/secrets/…/versions/…` that the variable names.

    Raises InvalidInput where there is neither, or where this identity may not read it.
    """
    given = os.environ.get("DATABASE_URL")
    if given:
        return given
    name = os.environ.get(SECRET_VARIABLE)
    if not name:
        raise InvalidInput(f"The batch has no database address: set {SECRET_VARIABLE} for the worker.")
    # Loaded only here: nothing else talks to Google by itself.
    import google.auth
    from google.auth.transport.requests import AuthorizedSession

    service = _service()
    credentials, _ = google.auth.default(scopes=_SCOPES)
    # A redirect would take the token to wherever it points.
    answer = AuthorizedSession(credentials).get(
        f"{service}/v1/{name}:access", timeout=20, allow_redirects=False
    )
    if answer.status_code != 200:
        raise InvalidInput(
            f"Secret {name} cannot be read ({answer.status_code}): the batch's service account needs "
            "roles/secretmanager.secretAccessor on it."
        )
    return base64.b64decode(answer.json()["payload"]["data"]).decode().strip()


def _service() -> str:
    """Where secrets are asked for. The cloud's token goes along: to Google over TLS, or to this machine.

    Raises InvalidInput for any other address.
    """
    address = os.environ.get("SECRET_MANAGER_ENDPOINT") or _SERVICE
    if not _may_have_the_token(address):
        raise InvalidInput(
            f"SECRET_MANAGER_ENDPOINT is {address[:80]!r}, but must be an https address of googleapis.com, "
            "or one of this machine (tests): the cloud's token is sent to it. Unset it."
        )
    return address.rstrip("/")


def _may_have_the_token(address: str) -> bool:
    # Letter by letter: libraries differ in what they make of "@", "\\" and the like in an address.
    match = re.fullmatch(r"(https?)://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(?::\d{1,5})?/?", address)
    if match is None:
        return False
    scheme, host = match[1], match[2].strip("[]").lower()
    if host == "googleapis.com" or host.endswith(".googleapis.com"):
        return scheme == "https"
    return _is_loopback(host)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
