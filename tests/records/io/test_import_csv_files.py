"""Reading CSV files: kinds, and everything that can be wrong with a file."""

import tracemalloc

import pytest

from records.io.csv_files import COLUMNS, FileError, open_records
from tests.records.io.import_files import text_of

LOT = {"mvx_code": "MOD", "lot_number": "L1", "cvx_code": "207", "expires_on": "2030-01-31"}
LOT_CELLS = ("MOD", "L1", "207", "2030-01-31", "")
HEADER = ",".join(COLUMNS["lots"])


@pytest.fixture
def write(tmp_path):
    def written(content: str | bytes):
        path = tmp_path / "file.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return written


def read(path):
    return list(open_records(path).rows())


@pytest.mark.parametrize("kind", COLUMNS)
def test_header_tells_the_kind_in_any_order(write, kind):
    path = write(",".join(reversed(COLUMNS[kind])) + "\n")

    assert open_records(path).kind == kind


def test_cells_come_in_one_order_and_stripped(write):
    path = write("lot_number,mvx_code, eu_product_code,cvx_code,expires_on\n L1 ,MOD,,207, \n")

    assert read(path) == [(2, ("MOD", "L1", "207", "", ""))]


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: "\ufeff" + text,
        lambda text: text.rstrip("\n"),
        lambda text: text.replace("L1", '"L1"'),
    ],
    ids=["windows lines", "byte order mark", "no last line end", "quotes"],
)
def test_harmless_differences_are_read_alike(write, change):
    assert read(write(change(text_of("lots", [LOT])))) == [(2, LOT_CELLS)]


def test_rows_are_counted_as_a_spreadsheet_counts(write):
    path = write(f'{HEADER}\nMOD,"L\n1",207,,\n\n,,,,\nMOD,L2,207,,\n')

    assert read(path) == [(2, ("MOD", "L\n1", "207", "", "")), (5, ("MOD", "L2", "207", "", ""))]


def test_row_of_another_width_has_no_cells(write):
    assert read(write(f"{HEADER}\nMOD,L1\nMOD,L1,207,,,\n")) == [(2, None), (3, None)]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "The file is empty."),
        (b"\n\n", "The header row is empty."),
        (b"\xff\xfeh\x00e\x00", "The file is UTF-16; save it as UTF-8."),
        (HEADER.encode() + b"\nMOD,L\xe91,207,,\n", "Line 2 is not UTF-8: byte 0xe9 at place 6."),
        (HEADER.encode() + b"\nMOD,L\x001,207,,\n", "Line 2 holds a NUL character"),
        ("name;age\n", "of no known kind (patients, lots, doses): “name;age”. Columns are"),
        ("first,second\n", "of no known kind (patients, lots, doses): “first”, “second”."),
        (HEADER.replace(",cvx_code", ""), "Taken for a file of lots, the header lacks “cvx_code”."),
        (HEADER + ",colour", "has “colour”, which is unknown"),
        (HEADER + ",cvx_code", "The header names “cvx_code” more than once."),
        (f'{HEADER}\nMOD,"L1,207,,\n', "a quote does not close."),
        (f'{HEADER}\nMOD,"L"1,207,,\n', "Row 2, ending on line 2, cannot be read: text follows"),
    ],
)
def test_fault_of_a_file_is_told(write, content, message):
    with pytest.raises(FileError) as refused:
        open_records(write(content)).count()

    assert message in str(refused.value)


def test_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(FileError, match="cannot be read: No such file"):
        open_records(tmp_path / "none.csv")


@pytest.mark.parametrize(
    ("filling", "message"),
    [
        (b"x" * 1024, "Line 2 is longer than 1,048,576 bytes."),
        (b"x\n" * 512, "Row 2, ending on line .*a field is longer than 100,000 characters"),
    ],
    ids=["one line", "many lines"],
)
def test_field_of_a_hundred_megabytes_is_refused_in_little_memory(tmp_path, filling, message):
    path = tmp_path / "huge.csv"
    with path.open("wb") as file:
        file.write(f'{HEADER}\nMOD,"'.encode())
        for _ in range(100 * 1024):
            file.write(filling)
        file.write(b'",207,,\n')
    tracemalloc.start()
    try:
        with pytest.raises(FileError, match=message):
            open_records(path).count()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 10 * 1024 * 1024
