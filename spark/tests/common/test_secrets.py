"""Where the cloud's token may be sent."""

import base64
import sys
from types import ModuleType

import pytest

from sevenfold_jobs.common import secrets
from sevenfold_jobs.common.failures import InvalidInput

NAME = "projects/p/secrets/s/versions/latest"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict]]:
    """Addresses that the token was sent to, with what else was said; without Google's library."""
    seen: list[tuple[str, dict]] = []

    class Session:
        def __init__(self, _credentials: object) -> None: ...

        def get(self, address: str, **settings: object) -> "Session":
            seen.append((address, settings))
            return self

        status_code = 200

        def json(self) -> dict:
            return {"payload": {"data": base64.b64encode(b"postgresql://x\n").decode()}}

    auth = ModuleType("google.auth")
    auth.default = lambda scopes: (None, None)
    requests = ModuleType("google.auth.transport.requests")
    requests.AuthorizedSession = Session
    google = ModuleType("google")
    google.auth = auth
    transport = ModuleType("google.auth.transport")
    for name, module in {
        "google": google,
        "google.auth": auth,
        "google.auth.transport": transport,
        "google.auth.transport.requests": requests,
    }.items():
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv(secrets.SECRET_VARIABLE, NAME)
    return seen


@pytest.mark.parametrize(
    "address",
    [
        "",
        "https://secretmanager.googleapis.com",
        "https://secretmanager.us-central1.rep.googleapis.com/",
        "http://127.0.0.1:4500",
        "http://localhost:4500/",
        "http://[::1]:4500",
    ],
)
def test_google_and_this_machine_are_asked(asked, monkeypatch, address):
    monkeypatch.setenv("SECRET_MANAGER_ENDPOINT", address)
    assert secrets.database_url() == "postgresql://x"
    service = address.rstrip("/") or "https://secretmanager.googleapis.com"
    assert [(where, how["allow_redirects"]) for where, how in asked] == [
        (f"{service}/v1/{NAME}:access", False)
    ]


@pytest.mark.parametrize(
    "address",
    [
        "http://secretmanager.googleapis.com",
        "https://evil.example",
        "https://googleapis.com.evil.example",
        "https://evilgoogleapis.com",
        "https://secretmanager.googleapis.com@evil.example",
        "https://evil.example\\.googleapis.com",
        "https://evil.example#.googleapis.com",
        "https://evil.example/.googleapis.com",
        "http://127.0.0.1.evil.example",
        "http://10.0.0.1",
        "http://127.0.0.1@evil.example",
        "//evil.example",
        "file:///etc/passwd",
        "https://[::1",
    ],
)
def test_the_token_goes_nowhere_else(asked, monkeypatch, address):
    monkeypatch.setenv("SECRET_MANAGER_ENDPOINT", address)
    with pytest.raises(InvalidInput, match=r"SECRET_MANAGER_ENDPOINT is .*googleapis\.com"):
        secrets.database_url()
    assert asked == []
