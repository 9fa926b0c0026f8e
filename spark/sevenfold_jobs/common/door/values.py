"""What a column of text holds, whatever file it came from: numbers, flags, moments, or names.

One rule for CSV and Parquet. A column is numbers where every value is one; marks of a missing value (`?`,
`NA`) count as gaps then, and else are names like others. Where most values are numbers and some are not,
those are named: to take such a column for names would lose it without a word.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

#: Gaps in every column but an id.
GAPS = ("", "NA", "N/A", "#N/A", "#NA", "<NA>", "NaN", "nan", "-nan", "-NaN", "null", "NULL")
#: Gaps where the other values are numbers, in small letters.
MARKS = (
    *(
        "?",
        "??",
        "-",
        "--",
        "---",
        "–",
        "—",
        ".",
        "..",
        "*",
        "_",
        "/",
        "n/a",
        "na",
        "n.a.",
        "n.a",
        "nan",
        "<na>",
    ),
    *("null", "nil", "none", "missing", "unknown", "unk", "unk.", "undefined", "not available", "not known"),
    *(
        "not applicable",
        "nd",
        "n.d.",
        "n/d",
        "no data",
        "not reported",
        "k.a.",
        "k. a.",
        "(missing)",
        "(null)",
    ),
    *("(blank)", "blank", "empty", "#value!", "#div/0!", "#ref!", "#num!", "#name?", "#null!", "\\n"),
)
_FLAGS = ("true", "false")
# Rows whose values tell the file's mark; a column's own values, all of them, go before it.
_LOOKED_AT = 20_000

_BLANKS = "[  \u00a0\u2009\u202f'’_]"
_EXPONENT = r"([eE][+-]?\d+)?"
_PLAIN = rf"^[+-]?(\d+\.?\d*|\.\d+){_EXPONENT}$"
#: What begins with a zero before further digits is a code: a postcode, an account.
_CODE = r"^[+-]?0\d"
# Digits in threes, and a decimal part.
_GROUPED = {
    ".": rf"^[+-]?\d{{1,3}}((,\d{{3}})+|({_BLANKS}\d{{3}})+)(\.\d*)?$",
    ",": rf"^[+-]?\d{{1,3}}((\.\d{{3}})+|({_BLANKS}\d{{3}})+)(,\d*)?$",
}
_WITH_COMMA = rf"^[+-]?(\d+,?\d*|,\d+){_EXPONENT}$"
# By a blank or an apostrophe: nothing else that can mean.
_BLANK_GROUPS = {
    ".": rf"^[+-]?\d{{1,3}}({_BLANKS}\d{{3}})+(\.\d*)?$",
    ",": rf"^[+-]?\d{{1,3}}({_BLANKS}\d{{3}})+(,\d*)?$",
}
# Only one reading is possible: a part that has not three digits, a zero before it, or both marks.
_CERTAIN = {
    mark: rf"^[+-]?(\d+{one}(\d{{1,2}}|\d{{4,}})|0*{one}\d+|\d{{4,}}{one}\d+"
    rf"|\d{{1,3}}({other}\d{{3}})+{one}\d*|\d{{1,3}}({other}\d{{3}}){{2,}})$"
    for mark, one, other in ((".", r"\.", ","), (",", ",", r"\."))
}
# Looks like a number to a person: a currency, a share, or a mark whose meaning is open.
_LIKE = r"^[(]?[+-]?[$€£¥]? ?[+-]?(\d{1,3}([.,' ]\d{3})*|\d+)([.,]\d+)? ?[%$€£¥]?[)]?$"
_MOMENT = r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?( ?(Z|[+-]\d{2}:?\d{2}))?)?$"
_ZONED = r"(Z|[+-]\d{2}:?\d{2})$"


@dataclass(frozen=True)
class Decimals:
    """Which mark parts the decimals of a file's numbers; `certain` where a value shows it, else usual."""

    mark: str = "."
    certain: bool = False


#: What a file without a sign of its own is read by.
USUAL = Decimals()


@dataclass(frozen=True)
class Odd:
    """Values that are no numbers in a column where most are: how many, of how many, and the first."""

    count: int
    of: int
    value: str
    row: int


@dataclass(frozen=True)
class Reading:
    """`kind` is number (float64), flag (bool), moment (date32, timestamp[us]) or text (trimmed); gaps null.

    `marks` counts gaps that are not among `GAPS`; `how` says what is unusual about the numbers.
    """

    kind: str
    values: pa.ChunkedArray
    marks: dict[str, int] = field(default_factory=dict)
    odd: Odd | None = None
    how: str | None = None


def decimals_of(texts: Iterable[pa.ChunkedArray], separator: str | None) -> Decimals:
    """From the values of a file's columns; where they show nothing, a semicolon suggests the comma."""
    shown = dict.fromkeys(_CERTAIN, False)
    for column in (each.slice(0, _LOOKED_AT) for each in texts):
        for mark in shown:
            shown[mark] = shown[mark] or _any(column, _CERTAIN[mark])
        if all(shown.values()):
            break
    if shown["."] != shown[","]:
        return Decimals("." if shown["."] else ",", True)
    return Decimals("," if separator == ";" and not shown["."] else ".")


def read_values(column: pa.ChunkedArray, decimals: Decimals = USUAL) -> Reading:
    """What the texts are. Columns of other types than text are what their type says."""
    if not pa.types.is_string(column.type):
        return _typed(column)
    if not (decimals.certain and decimals.mark == ","):
        quick = _quick(column)
        if quick is not None:
            return quick
    text = trimmed(column)
    if text.null_count == len(text):
        return Reading("text", text)
    if _any(text, _CODE):
        return _flags(text) or _moments(text) or Reading("text", text)
    numbers, how = parse_numbers(text, decimals)
    is_number = pc.is_valid(numbers)
    count = pc.sum(is_number).as_py() or 0
    if count + text.null_count == len(text):
        return Reading("number", numbers, how=how)
    if count == 0:
        return _flags(text) or _moments(text) or Reading("text", text, odd=_odd(text, is_number))
    is_mark = pc.and_(pc.invert(is_number), pc.is_in(pc.utf8_lower(text), value_set=pa.array(MARKS)))
    left = pc.and_(pc.is_valid(text), pc.invert(pc.or_(is_number, is_mark)))
    if not pc.any(left).as_py():
        marks = text.filter(is_mark).value_counts().to_pylist()
        return Reading("number", numbers, {each["values"]: each["counts"] for each in marks}, how=how)
    return Reading("text", text, odd=_odd(text, pc.or_(is_number, is_mark)))


def parse_numbers(text: pa.ChunkedArray, decimals: Decimals = USUAL) -> tuple[pa.ChunkedArray, str | None]:
    """(float64, null for what is no number, what is unusual); of trimmed texts.

    A mark that the column itself shows goes before the file's. Thousands may be parted where that is certain.
    """
    if _any(text, "−"):
        text = pc.replace_substring(text, "−", "-")
    own = {mark: _any(text, pattern) for mark, pattern in _CERTAIN.items()}
    mark, certain = decimals.mark, decimals.certain
    if own["."] != own[","]:
        mark, certain = ("." if own["."] else ","), True
    plain = pc.match_substring_regex(text, _PLAIN if mark == "." or not certain else _WITH_COMMA)
    words = pc.is_in(
        pc.utf8_lower(text), value_set=pa.array(["inf", "+inf", "-inf", "infinity", "-infinity"])
    )
    how = None
    other = {".": ",", ",": "."}[mark]
    given = text
    if mark == ",":
        comma = pc.match_substring_regex(text, _WITH_COMMA)
        if pc.any(pc.and_(comma, pc.match_substring(text, ","))).as_py():
            how = "decimal commas"
        plain = pc.or_(plain, comma)
    grouped = pc.match_substring_regex(text, (_GROUPED if certain else _BLANK_GROUPS)[mark])
    if mark == "," and not certain:
        grouped = pc.and_(grouped, pc.invert(plain))
    if pc.any(grouped).as_py():
        how = "thousands parted" if how is None else f"{how} and thousands parted"
        bare = pc.replace_substring_regex(text, _BLANKS, "")
        bare = pc.replace_substring(bare, other, "") if certain else bare
        given = pc.if_else(pc.fill_null(grouped, False), bare, given)
    if mark == ",":
        given = pc.replace_substring(given, ",", ".")
    usable = pc.fill_null(pc.or_(pc.or_(plain, grouped), words), False)
    return pc.cast(pc.if_else(usable, given, None), pa.float64()), how


def trimmed(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Without blanks round the values, gaps as null."""
    text = pc.utf8_trim_whitespace(column)
    return pc.if_else(pc.is_in(text, value_set=pa.array(GAPS)), pa.scalar(None, pa.string()), text)


def _typed(column: pa.ChunkedArray) -> Reading:
    kind = column.type
    if pa.types.is_boolean(kind):
        return Reading("flag", column)
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return Reading("number", pc.cast(column, pa.float64(), safe=False))
    if pa.types.is_temporal(kind):
        return Reading("moment", column)
    return Reading("text", pc.cast(column, pa.string()) if pa.types.is_null(kind) else column)


def _quick(column: pa.ChunkedArray) -> Reading | None:
    """Plain numbers and empty fields, without a look at each: nearly every column of numbers is that."""
    try:
        numbers = pc.cast(
            pc.if_else(pc.equal(column, ""), pa.scalar(None, pa.string()), column), pa.float64()
        )
    except pa.ArrowInvalid:
        return None
    if numbers.null_count == len(numbers) or _any(column, _CODE):
        return None
    is_nan = pc.is_nan(numbers)
    if pc.any(is_nan).as_py():
        numbers = pc.if_else(is_nan, pa.scalar(None, pa.float64()), numbers)
        if numbers.null_count == len(numbers):
            return None
    return Reading("number", numbers)


def _flags(text: pa.ChunkedArray) -> Reading | None:
    lower = pc.utf8_lower(text)
    if not pc.all(pc.is_in(lower.drop_null(), value_set=pa.array(_FLAGS))).as_py():
        return None
    return Reading(
        "flag", pc.if_else(pc.is_null(lower), pa.scalar(None, pa.bool_()), pc.equal(lower, "true"))
    )


def _moments(text: pa.ChunkedArray) -> Reading | None:
    """Days and moments as ISO 8601 writes them; moments with an offset become UTC."""
    if not _all(text, _MOMENT):
        return None
    zoned = _any(text, _ZONED)
    try:
        if not zoned and not _any(text, ":"):
            return Reading("moment", pc.cast(text, pa.date32()))
        return Reading("moment", pc.cast(text, pa.timestamp("us", "UTC" if zoned else None)))
    except pa.ArrowInvalid:
        return None  # a day that no calendar has, or offsets for some alone


def _odd(text: pa.ChunkedArray, is_fine: pa.ChunkedArray) -> Odd | None:
    """Where most values are numbers, or look like them."""
    like = pc.or_(pc.match_substring_regex(text, _LIKE), is_fine)
    filled = len(text) - text.null_count
    if 2 * (pc.sum(pc.fill_null(like, False)).as_py() or 0) <= filled:
        return None
    wrong = pc.and_(pc.is_valid(text), pc.invert(pc.fill_null(is_fine, False)))
    rows = np.flatnonzero(pc.fill_null(wrong, False).to_numpy())
    row = int(rows[0])
    return Odd(len(rows), filled, text[row].as_py(), row)


def _any(text: pa.ChunkedArray, pattern: str) -> bool:
    return pc.any(pc.match_substring_regex(text, pattern)).as_py() is True


def _all(text: pa.ChunkedArray, pattern: str) -> bool:
    return pc.all(pc.match_substring_regex(text, pattern)).as_py() is True
