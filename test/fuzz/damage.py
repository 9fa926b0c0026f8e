"""One damaged copy of a small, sound source: damage.py pools|prices|survival SEED FOLDER.

Prints one JSON object: `file` that was damaged, `what` was done to it, and `harmless`, true where a reader may
take it as it is without a word. The same seed gives the same bytes.
"""

import csv
import gzip
import io
import json
import math
import random
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "spark" / "tests"))
from make_panel import main as make_panel

LAST = date(2025, 6, 30)
Cells = list[list[str]]

NUMBERS = [
    "abc", "", "NaN", "inf", "-inf", "1e999", "1e300", "-5", "1,250", "1.250,5", "0x10", "٣", "1e15",
    "7e10", "-50000", "true", "?", "NA", "1\x00", "$12", "12%", "1 000", "9" * 400,
]  # fmt: skip
DAYS = [
    "2025-02-30", "9999-12-31", "0022-01-01", "1970-01-01", "01/02/2025", "2025-1-5", "tomorrow", "", "45000",
    "2025-06-30T23:30:00-05:00", "20250630", "2025-06-30\x00",
    (datetime.now(UTC).date() + timedelta(days=2)).isoformat(),
]  # fmt: skip
NAMES = [
    "", " ", "a" * 5000, "'; drop table runs; --", "../../etc/passwd", "\x1b[31mred", "zero\x00byte", "=1+1",
    "<script>alert(1)</script>", "日本😀", "null", "NaN", "000001", "1e5", 'say "x"', "line\nfeed", "a,b;c|d",
]  # fmt: skip


def main(kind: str, seed: int, folder: Path) -> None:
    """Writes the source below `folder` and damages one file of it."""
    draw = random.Random(f"{kind} {seed}")
    folder.mkdir(parents=True, exist_ok=True)
    {"pools": _pools, "prices": _prices, "survival": _survival}[kind](folder)
    file = draw.choice(sorted(folder.iterdir()))
    if file.suffix == ".parquet":
        what, harmless = _damage_parquet(file, draw)
    else:
        damages: list[Callable[[Path, random.Random], tuple[str, bool]]] = [
            _damage_cell, _damage_cell, _damage_cell, _damage_rows, _damage_header, _damage_text, _damage_bytes,
        ]  # fmt: skip
        what, harmless = draw.choice(damages)(file, draw)
    print(json.dumps({"file": file.name, "what": what, "harmless": harmless}))


def _pools(folder: Path) -> None:
    make_panel(folder, 5, 40, LAST)


def _prices(folder: Path) -> None:
    with (folder / "prices.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["date", "commodity", "close"])
        for at in range(300):
            day = LAST - timedelta(days=300 - at)
            rows.writerow([day, "FUZZ", f"{60 + 5 * math.sin(at / 9):.2f}"])


def _survival(folder: Path) -> None:
    draw = random.Random(7)
    with (folder / "customers.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(
            ["customer_id", "age", "plan", "charge", "duration_days", "event"]
        )
        for number in range(240):
            age, plan = draw.randint(18, 90), draw.choice(["basic", "plus", "pro"])
            time = int(draw.expovariate(1 / (400 - 3 * age + 60 * len(plan)))) + 1
            event = int(draw.random() < 0.6)
            rows.writerow(
                [
                    f"C{number:05d}",
                    age,
                    plan,
                    f"{draw.uniform(10, 90):.2f}",
                    time,
                    event,
                ]
            )


def _read(file: Path) -> Cells:
    return list(csv.reader(io.StringIO(file.read_text())))


def _write(file: Path, cells: Cells, **dialect: str) -> None:
    text = io.StringIO()
    csv.writer(text, **dialect).writerows(cells)
    file.write_text(text.getvalue(), encoding="utf-8", newline="")


def _damage_cell(file: Path, draw: random.Random) -> tuple[str, bool]:
    cells = _read(file)
    row, column = draw.randrange(1, len(cells)), draw.randrange(len(cells[0]))
    name, before = cells[0][column], cells[row][column]
    choices = DAYS if "date" in name else NUMBERS if _is_number(before) else NAMES
    cells[row][column] = draw.choice(choices)
    _write(file, cells)
    return (
        f"line {row + 1}, {name}: {before!r} became {cells[row][column][:40]!r}",
        False,
    )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _damage_rows(file: Path, draw: random.Random) -> tuple[str, bool]:
    cells = _read(file)
    at = draw.randrange(1, len(cells))
    what = draw.choice(
        [
            "repeated",
            "repeated otherwise",
            "short",
            "long",
            "footer",
            "blank",
            "shuffled",
            "gap",
        ]
    )
    harmless = what in ("blank", "shuffled")
    if what == "repeated":
        cells.insert(at, cells[at])
    elif what == "repeated otherwise":
        cells.insert(at, [*cells[at][:-1], "77"])
    elif what == "short":
        cells[at] = cells[at][:-1]
    elif what == "long":
        cells[at] = [*cells[at], "more"]
    elif what == "footer":
        cells.append(["Total", str(len(cells) - 1)])
    elif what == "blank":
        cells.insert(at, [])
    elif what == "shuffled":
        body = cells[1:]
        draw.shuffle(body)
        cells = [cells[0], *body]
    else:
        del cells[at : at + 12]
        harmless = (
            True  # nobody can know that they were there, where days may be missing
        )
    _write(file, cells)
    return f"line {at + 1}: {what}", harmless


def _damage_header(file: Path, draw: random.Random) -> tuple[str, bool]:
    cells = _read(file)
    column = draw.randrange(len(cells[0]))
    name = cells[0][column]
    new = draw.choice(
        [
            name.upper(),
            f" {name} ",
            name[:-1],
            "",
            cells[0][0],
            f"{name}\x00",
            "Unnamed: 0",
        ]
    )
    cells[0][column] = new
    _write(file, cells)
    return f"header {name!r} became {new!r}", new.strip().lower() == name or new == name


def _damage_text(file: Path, draw: random.Random) -> tuple[str, bool]:
    cells = _read(file)
    what = draw.choice(
        [";", "|", "\t", "decimal comma", "comment", "sep=", "cr", "bom", "quotes"]
    )
    if what in (";", "|", "\t"):
        _write(file, cells, delimiter=what)
    elif what == "decimal comma":
        comma = [
            [cell.replace(".", ",") if _is_number(cell) else cell for cell in row]
            for row in cells
        ]
        _write(file, comma, delimiter=";")
    elif what == "comment":
        file.write_text("# exported today\n" + file.read_text())
    elif what == "sep=":
        file.write_text("sep=,\n" + file.read_text())
    elif what == "cr":
        file.write_bytes(file.read_bytes().replace(b"\r\n", b"\r"))
    elif what == "bom":
        file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    else:
        text = file.read_text()
        at = draw.randrange(len(text))
        file.write_text(text[:at] + '"' + text[at:])
        return f"a quote at character {at}", False
    return f"written with {what!r}", True


def _damage_bytes(file: Path, draw: random.Random) -> tuple[str, bool]:
    whole = file.read_bytes()
    what = draw.choice(
        [
            "latin-1",
            "utf-16",
            "utf-16-le",
            "cut",
            "empty",
            "gzip",
            "noise",
            "flipped",
            "zeros",
        ]
    )
    if what in ("latin-1", "utf-16", "utf-16-le"):
        text = (
            whole.decode()
            .replace("USDC", "USDÇ")
            .replace("basic", "bäsic")
            .replace("FUZZ", "FÜZZ")
        )
        file.write_bytes(text.encode(what))
    elif what == "cut":
        file.write_bytes(whole[: draw.randrange(len(whole))])
    elif what == "empty":
        file.write_bytes(b"")
    elif what == "gzip":
        file.write_bytes(gzip.compress(whole))
    elif what == "noise":
        file.write_bytes(draw.randbytes(4096))
    elif what == "flipped":
        damaged = bytearray(whole)
        for _ in range(5):
            damaged[draw.randrange(len(damaged))] ^= 1 << draw.randrange(8)
        file.write_bytes(bytes(damaged))
    else:
        file.write_bytes(whole.replace(b"\n", b"\n\x00", 3))
    # A flipped bit may turn a digit into another: nobody can see that.
    return f"bytes: {what}", what in ("flipped", "utf-16", "gzip", "cut")


def _damage_parquet(file: Path, draw: random.Random) -> tuple[str, bool]:
    table = pq.read_table(file)
    name = draw.choice(table.column_names)
    column = table[name].combine_chunks()
    what = draw.choice(
        [
            "text",
            "null",
            "nan",
            "list",
            "decimal",
            "dictionary",
            "huge",
            "timestamp",
            "repeated",
            "cut",
            "far day",
        ]
    )
    numeric = pa.types.is_floating(column.type)
    if what == "cut":
        file.write_bytes(file.read_bytes()[:-40])
        return "the file is cut", False
    if what == "repeated":
        pq.write_table(pa.concat_tables([table, table.slice(3, 2)]), file)
        return "two rows are repeated", False
    values = column.to_pylist()
    at, harmless = draw.randrange(len(values)), False
    if what == "text":
        new, harmless = pa.array([str(value) for value in values]), True
    elif what == "dictionary":
        new, harmless = (
            pa.array([str(value) for value in values]).dictionary_encode(),
            True,
        )
    elif what == "list":
        new = pa.array([[value] for value in values])
    elif what == "decimal" and numeric:
        new, harmless = pa.array(values).cast(pa.decimal128(38, 6), safe=False), True
    elif what == "timestamp" and pa.types.is_date(column.type):
        new = pa.array(
            [
                datetime(value.year, value.month, value.day, 22, tzinfo=UTC)
                for value in values
            ]
        )
    elif what == "far day" and pa.types.is_date(column.type):
        values[at] = draw.choice([date(9999, 12, 31), date(1970, 1, 1), date(22, 1, 1)])
        new = pa.array(values, column.type)
    elif what in ("nan", "huge") and numeric:
        values[at] = (
            math.nan if what == "nan" else draw.choice([1e15, 1e300, -1e9, math.inf])
        )
        new = pa.array(values, column.type)
    else:
        what, values[at] = "null", None
        new = pa.array(values, column.type)
    pq.write_table(table.set_column(table.column_names.index(name), name, new), file)
    return f"{name}: {what}", harmless


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
