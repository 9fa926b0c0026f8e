"""The database's address on a machine that was not given it: by the name of a secret, never by its value."""

import base64
import os

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
        raise InvalidInput(f"The batch was not told its database: set {SECRET_VARIABLE} for the worker.")
    # Loaded only here: nothing else talks to Google by itself.
    import google.auth
    from google.auth.transport.requests import AuthorizedSession

    credentials, _ = google.auth.default(scopes=_SCOPES)
    service = os.environ.get("SECRET_MANAGER_ENDPOINT", _SERVICE)
    answer = AuthorizedSession(credentials).get(f"{service}/v1/{name}:access", timeout=20)
    if answer.status_code != 200:
        raise InvalidInput(
            f"Secret {name} cannot be read ({answer.status_code}): the batch's service account needs "
            "roles/secretmanager.secretAccessor on it."
        )
    return base64.b64decode(answer.json()["payload"]["data"]).decode().strip()
