import errno

import psycopg
import pytest

from sevenfold_jobs.common.failures import InvalidInput, describe
from sevenfold_jobs.common.printable import storable


def raised(exception, cause=None):
    try:
        raise exception from cause
    except BaseException as caught:
        return caught


@pytest.mark.parametrize(
    ("exception", "expected"),
    [
        (InvalidInput("pools.csv has\n no column tvl"), ("InvalidInput", "pools.csv has no column tvl")),
        (psycopg.errors.DiskFull("could not extend file"), ("NoSpace", "could not extend file")),
        (OSError(errno.ENOSPC, "No space left on device"), ("NoSpace", "[Errno 28] No space left on device")),
        (
            psycopg.OperationalError("server closed the connection\n\tunexpectedly"),
            ("Infrastructure", "server closed the connection"),
        ),
        (ConnectionRefusedError("py4j"), ("Infrastructure", "py4j")),
        (MemoryError(), ("OutOfMemory", "MemoryError")),
        (KeyError("tvl"), ("JobFailed", "KeyError: 'tvl'")),
        (ValueError("negative"), ("JobFailed", "ValueError: negative")),
    ],
)
def test_an_exception_gets_its_type_and_one_line(exception, expected):
    assert describe(raised(exception)) == expected


def test_the_cause_decides_where_the_exception_itself_is_unknown():
    lost = psycopg.OperationalError("the connection is lost")
    assert describe(raised(RuntimeError("could not load"), lost)) == (
        "Infrastructure",
        "the connection is lost",
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            'File "task.py", line 3, in run\nsevenfold_jobs.common.failures.InvalidInput: no column tvl\n',
            ("InvalidInput", "no column tvl"),
        ),
        (
            'File "task.py", line 3, in run\npsycopg.errors.AdminShutdown: terminating connection\n',
            ("Infrastructure", "psycopg.errors.AdminShutdown: terminating connection"),
        ),
        (
            "java.lang.OutOfMemoryError: Java heap space\n",
            ("OutOfMemory", "java.lang.OutOfMemoryError: Java heap space"),
        ),
        (
            "Lost task 1.3 in stage 5.0 (TID 7) (10.0.0.7 exec 3): java.net.ConnectException: refused\n",
            (
                "Infrastructure",
                "Lost task 1.3 in stage 5.0 (TID 7) (10.0.0.7 exec 3): java.net.ConnectException: refused",
            ),
        ),
        (
            'Traceback (most recent call last):\n  File "task.py"\nZeroDivisionError: division by zero\n',
            ("JobFailed", "ZeroDivisionError: division by zero"),
        ),
    ],
)
def test_a_failure_inside_a_task_is_read_from_its_text(text, expected):
    assert describe(raised(RuntimeError(f"Job aborted due to stage failure: Task 0\n{text}"))) == expected


def test_a_java_exception_is_reported_in_its_own_words():
    class Py4JJavaError(Exception):
        """As py4j writes it: the call, the Java exception, its stack."""

    text = (
        "An error occurred while calling o80.load.\n"
        ': org.postgresql.util.PSQLException: ERROR: relation "x" does not exist\n'
        "\tat org.postgresql.core.v3.QueryExecutorImpl.receiveErrorResponse(QueryExecutorImpl.java:2725)\n"
    )
    assert describe(raised(Py4JJavaError(text))) == (
        "JobFailed",
        'org.postgresql.util.PSQLException: ERROR: relation "x" does not exist',
    )


def test_a_message_can_be_seen_and_stored_whatever_it_quotes():
    error = InvalidInput("level 'GOLDX\0' \x1b[31m\x85 \ud800 \u202e in gold.csv")
    assert describe(raised(error)) == (
        "InvalidInput",
        "level 'GOLDX\\x00' \\x1b[31m \\ud800 \\u202e in gold.csv",
    )
    assert len(describe(raised(InvalidInput("x" * 10**6)))[1]) == 4000


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"a\0": ["\0", ("\ud800", 1)], "b": None}, {"a\\x00": ["\\x00", ["\\ud800", 1]], "b": None}),
        ("\\u0000 as six characters\nand a line", "\\u0000 as six characters\nand a line"),
    ],
)
def test_what_is_noted_of_a_batch_can_be_stored(value, expected):
    assert storable(value) == expected
