"""How a job fails: the names of src/failures.ts, and which name an exception gets."""

import errno
import re
import sys
from collections.abc import Iterator

from sevenfold_jobs.common.printable import printable


class JobError(Exception):
    """An expected failure: its message is a full answer (what, which, what to do), so it needs no trace."""

    type = "JobFailed"


class InvalidInput(JobError):  # noqa: N818 - the names are those of the closed list
    """The request or the data is wrong and stays wrong until a person changes it."""

    type = "InvalidInput"


class Fenced(JobError):  # noqa: N818
    """A newer attempt owns the unit: this one must not commit."""

    type = "Fenced"


class Infrastructure(JobError):  # noqa: N818
    """A process, a connection, a machine went away: the same request may well succeed."""

    type = "Infrastructure"


class ExecutorLost(JobError):  # noqa: N818
    """A machine of the cluster went away under the batch: another one will do."""

    type = "ExecutorLost"


class OutOfMemory(JobError):  # noqa: N818
    """Ended for its memory; retried with more."""

    type = "OutOfMemory"


class NoSpace(JobError):  # noqa: N818
    """The database or a disk is full."""

    type = "NoSpace"


# A failure inside a Spark task reaches the driver as text only. Python tasks end their trace with the
# exception's full name; the JVM's own exceptions are known by their messages.
_TASK_FAILURE = re.compile(
    r"^sevenfold_jobs\.common\.failures\."
    r"(InvalidInput|Fenced|Infrastructure|ExecutorLost|OutOfMemory|NoSpace): (.+)$",
    re.MULTILINE,
)
_PYTHON_EXCEPTION = re.compile(r"^(?:[a-z_]\w*\.)*[A-Z]\w*: .+$", re.MULTILINE)
_IN_TEXT = (
    ("OutOfMemory", re.compile(r"java\.lang\.OutOfMemoryError|^MemoryError", re.MULTILINE)),
    ("NoSpace", re.compile(r"No space left on device|psycopg\.errors\.DiskFull|could not extend file")),
    ("ExecutorLost", re.compile(r"ExecutorLostFailure|Lost executor \d+|worker lost", re.MULTILINE)),
    (
        "Infrastructure",
        re.compile(
            r"^psycopg\.(?:OperationalError|InterfaceError|errors\.AdminShutdown|errors\.CrashShutdown): "
            r"|PSQLException: (?:FATAL|An I/O error|Connection to|This connection has been closed)"
            r"|Python worker exited unexpectedly|SparkContext was shut down|All masters are unresponsive"
            r"|Master removed our application|Cannot call methods on a stopped SparkContext"
            # When one of several tasks that work together has died, the others say this.
            r"|Lost task [^\n]*: (?:java\.net\.\w+Exception|[^\n]*Socket (?:recv|send) error)",
            re.MULTILINE,
        ),
    ),
)


def describe(exception: BaseException) -> tuple[str, str]:
    """The failure's type (a name of src/failures.ts) and its message: one line that can be seen and stored.

    It quotes what files, libraries and databases hold, zero bytes among it: noting a failure must not fail.
    """
    kind, message = _described(exception)
    return kind, printable(message)


def _described(exception: BaseException) -> tuple[str, str]:
    for link in _chain(exception):
        known = _known(link)
        if known is not None:
            return known, _one_line(link)
    text = "\n".join(str(link) for link in _chain(exception))
    raised_in_task = _TASK_FAILURE.search(text)
    if raised_in_task is not None:
        kind = raised_in_task.group(1)
        return kind, raised_in_task.group(2).strip()
    for kind, pattern in _IN_TEXT:
        found = pattern.search(text)
        if found is not None:
            return kind, _line_around(text, found.start())
    return "JobFailed", _last_words(exception)


# What is wrong with a batch and not with the piece of it at which it shows.
_OF_THE_BATCH = {failure.type: failure for failure in (Fenced, Infrastructure, ExecutorLost, OutOfMemory)}


def describe_piece(exception: Exception) -> tuple[str, str]:
    """`describe`, for one piece of a batch whose others go on.

    Raises Fenced, Infrastructure and OutOfMemory instead: those fail the batch, which is tried again or not
    by their type. By their own type, because Spark passes nothing but the text on.
    """
    error_type, message = describe(exception)
    failure = _OF_THE_BATCH.get(error_type)
    if failure is not None:
        raise failure(message) from exception
    return error_type, message


def _chain(exception: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = exception
    while seen is not None:
        yield seen
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)


def _known(exception: BaseException) -> str | None:
    if isinstance(exception, JobError):
        return exception.type
    if isinstance(exception, MemoryError):
        return "OutOfMemory"
    # Whose exceptions there can be only where it was imported, which takes a fifth of a second.
    psycopg = sys.modules.get("psycopg")
    if psycopg is not None and isinstance(exception, psycopg.errors.DiskFull):
        return "NoSpace"
    if psycopg is not None and isinstance(exception, psycopg.OperationalError | psycopg.InterfaceError):
        return "Infrastructure"
    if isinstance(exception, OSError) and exception.errno in (errno.ENOSPC, errno.EDQUOT):
        return "NoSpace"
    # By name, so that a job without Spark need not import py4j. A JVM that went away shows as
    # a Py4JNetworkError or, on a socket already open, as a plain ConnectionError.
    if type(exception).__name__ == "Py4JNetworkError" or isinstance(exception, ConnectionError):
        return "Infrastructure"
    return None


def _one_line(exception: BaseException) -> str:
    text = str(exception).strip() or type(exception).__name__
    if isinstance(exception, JobError):
        return " ".join(text.split())
    return text.splitlines()[0]


def _line_around(text: str, position: int) -> str:
    start = text.rfind("\n", 0, position) + 1
    end = text.find("\n", position)
    return text[start : end if end >= 0 else len(text)].strip()


def _last_words(exception: BaseException) -> str:
    """For a Python task the last line of its own trace; for the rest the exception's name and first line."""
    text = str(exception).strip()
    if "Traceback (most recent call last)" in text:
        lines = _PYTHON_EXCEPTION.findall(text.split("Traceback (most recent call last)", 1)[1])
        if lines:
            return lines[0].strip()
    name = type(exception).__name__
    lines = [line.strip() for line in text.splitlines()] or [""]
    # The first line of a Java exception only names the call; its own words come next, after a colon.
    if name == "Py4JJavaError" and len(lines) > 1 and lines[1].startswith(": "):
        return lines[1].removeprefix(": ")
    return f"{name}: {lines[0]}" if lines[0] else name
