"""Readers of code lists: the tables shipped with VaxPass, and the files that CDC publishes.

Pure: files in, frozen entries out (see `records.io.code_entries`); nothing touches the database.
A reader returns the whole list or raises `CodeListError`; there is no half-read list.

CDC publishes each list in several forms, and every reader here accepts all of them:

===============  ====================  ==========  =================================================
list             XML root              XML record  columns of the text file, separated by "|"
===============  ====================  ==========  =================================================
CVX              CVXCodes              CVXInfo     code, short name, full name, notes, status,
                                                   non-vaccine (True/False), last updated
MVX              MVXCodes              MVXInfo     code, name, notes, status, last updated
product names    productnames          prodInfo    product, short name, CVX, manufacturer, MVX,
                                                   MVX status, product status, last updated
vaccine groups   VGCodes               CVXVGInfo   short name, CVX, status, group, CVX of the group
===============  ====================  ==========  =================================================

In XML a record's fields are either elements of their own (CDC's "new format":
`<CVXCode>03   </CVXCode>`) or pairs (`<Name>CVX Code</Name><Value>03   </Value>`). Spelling varies
between lists (`CVXCode`, `CVX Code`, `MVX_CODE`), so names are compared by letters and digits only.
Files are ISO-8859-1 or UTF-8, codes are padded with blanks, dates are M/D/YYYY in XML and
YYYY/MM/DD in text, and an ampersand in a name is not always escaped.
"""

import csv
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from records.io import code_entries as made
from records.io.code_entries import (
    CodeListError,
    CvxEntry,
    DiseaseEntry,
    EuCodeEntry,
    EuProductEntry,
    GroupEntry,
    MvxEntry,
    ProductEntry,
    Row,
    TargetEntry,
)

DATA_DIR = Path(__file__).resolve().parent.parent / "data"
"""Where the shipped tables are; its README names their sources."""

MAX_BYTES = 20 * 1024 * 1024
"""Largest accepted file; CDC's largest list is well below 1 MB."""

_BARE_AMPERSAND = re.compile(rb"&(?!(?:#[0-9]+|#[xX][0-9a-fA-F]+|[A-Za-z][A-Za-z0-9]*);)")

Entry = TypeVar("Entry")


@dataclass(frozen=True, slots=True)
class CodeLists:
    """All shipped lists, checked against each other."""

    cvx: tuple[CvxEntry, ...]
    mvx: tuple[MvxEntry, ...]
    products: tuple[ProductEntry, ...]
    eu_products: tuple[EuProductEntry, ...]
    eu_codes: tuple[EuCodeEntry, ...]
    diseases: tuple[DiseaseEntry, ...]
    targets: tuple[TargetEntry, ...]


@dataclass(frozen=True, slots=True)
class _Layout:
    """How CDC writes one list: XML names, text columns, and what becomes of a record."""

    root: str
    record: str
    names: dict[str, str]  # name in the file -> field
    columns: tuple[str, ...]  # field per text column; "" = not used
    make: Callable[[Row], Any]
    key: Callable[[Any], Any]


_CVX = _Layout(
    root="CVXCodes",
    record="CVXInfo",
    names={
        "CVXCode": "cvx_code",
        "ShortDescription": "short_name",
        "FullVaccinename": "full_name",
        "Status": "status",
        "LastUpdated": "last_updated",
    },
    columns=("cvx_code", "short_name", "full_name", "", "status", "non_vaccine", "last_updated"),
    make=made.cvx_entry,
    key=lambda entry: entry.code,
)
_MVX = _Layout(
    root="MVXCodes",
    record="MVXInfo",
    names={
        "MVX_CODE": "mvx_code",
        "ManufacturerName": "name",
        "Status": "status",
        "LastUpdated": "last_updated",
    },
    columns=("mvx_code", "name", "", "status", "last_updated"),
    make=made.mvx_entry,
    key=lambda entry: entry.code,
)
_PRODUCTS = _Layout(
    root="productnames",
    record="prodInfo",
    names={
        "CDC Product Name": "trade_name",
        "CVXCode": "cvx_code",
        "MVX Code": "mvx_code",
        "Product name Status": "status",
        "LastUpdated": "last_updated",
    },
    columns=("trade_name", "", "cvx_code", "", "mvx_code", "", "status", "last_updated"),
    make=made.product_entry,
    key=lambda entry: (entry.trade_name, entry.cvx_code, entry.mvx_code),
)
_GROUPS = _Layout(
    root="VGCodes",
    record="CVXVGInfo",
    names={"CVXCode": "cvx_code", "Vaccine Group Name": "group"},
    columns=("", "cvx_code", "", "group", ""),
    make=made.group_entry,
    key=lambda entry: (entry.cvx_code, entry.group),
)


def read_cvx(path: Path) -> tuple[CvxEntry, ...]:
    """CDC's CVX list, XML or text. It carries no groups; see `with_groups`."""
    return parse_cvx(_load(path), name=path.name)


def read_mvx(path: Path) -> tuple[MvxEntry, ...]:
    """CDC's MVX list, XML or text."""
    return parse_mvx(_load(path), name=path.name)


def read_products(path: Path) -> tuple[ProductEntry, ...]:
    """CDC's product name list, XML or text."""
    return parse_products(_load(path), name=path.name)


def read_groups(path: Path) -> tuple[GroupEntry, ...]:
    """CDC's list of CVX codes and their vaccine groups, XML or text."""
    return parse_groups(_load(path), name=path.name)


def parse_cvx(data: bytes, *, name: str) -> tuple[CvxEntry, ...]:
    """As `read_cvx`, from bytes; `name` stands in error messages."""
    return _parse(data, name, _CVX)


def parse_mvx(data: bytes, *, name: str) -> tuple[MvxEntry, ...]:
    """As `read_mvx`, from bytes; `name` stands in error messages."""
    return _parse(data, name, _MVX)


def parse_products(data: bytes, *, name: str) -> tuple[ProductEntry, ...]:
    """As `read_products`, from bytes; `name` stands in error messages."""
    return _parse(data, name, _PRODUCTS)


def parse_groups(data: bytes, *, name: str) -> tuple[GroupEntry, ...]:
    """As `read_groups`, from bytes; `name` stands in error messages."""
    return _parse(data, name, _GROUPS)


def with_groups(cvx: Iterable[CvxEntry], groups: Iterable[GroupEntry]) -> tuple[CvxEntry, ...]:
    """`cvx` with the groups of each code filled in from `groups`, in the order given there.

    A group of a code that `cvx` does not have is left out: CDC updates the two lists separately.
    """
    by_code: dict[str, list[str]] = {}
    for entry in groups:
        by_code.setdefault(entry.cvx_code, []).append(entry.group)
    return tuple(replace(entry, groups=tuple(by_code.get(entry.code, ()))) for entry in cvx)


def read_shipped(directory: Path = DATA_DIR) -> CodeLists:
    """All tables in `directory` (those shipped with VaxPass), checked against each other.

    Raises `CodeListError` for a missing or wrong table, and for a code that a table refers to
    and the table it belongs to lacks.
    """

    def table(file: str, columns: str, make: Callable[[Row], Entry], key: str) -> Any:
        rows = _csv_rows(directory / file, columns.split())
        names = key.split()
        return made.entries(rows, make, lambda entry: tuple(getattr(entry, n) for n in names))

    lists = CodeLists(
        cvx=table(
            "cvx.csv",
            "cvx_code short_name full_name status groups last_updated",
            made.cvx_entry,
            "code",
        ),
        mvx=table("mvx.csv", "mvx_code name status last_updated", made.mvx_entry, "code"),
        products=table(
            "products.csv",
            "trade_name cvx_code mvx_code status last_updated",
            made.product_entry,
            "trade_name cvx_code mvx_code",
        ),
        eu_products=table(
            "eu_products.csv",
            "code name org_code prophylaxis_code active",
            made.eu_product_entry,
            "code",
        ),
        eu_codes=table(
            "eu_codes.csv", "value_set code display active", made.eu_code_entry, "value_set code"
        ),
        diseases=table("diseases.csv", "code display", made.disease_entry, "code"),
        targets=table(
            "vaccine_targets.csv",
            "cvx_code disease_code",
            made.target_entry,
            "cvx_code disease_code",
        ),
    )
    _check_references(lists)
    return lists


def _check_references(lists: CodeLists) -> None:
    """Raise `CodeListError` for the first code that the table it belongs to lacks."""
    cvx = {entry.code for entry in lists.cvx}
    mvx = {entry.code for entry in lists.mvx}
    diseases = {entry.code for entry in lists.diseases}
    eu = {(entry.value_set, entry.code) for entry in lists.eu_codes}

    def check(file: str, entry: str, code: str, known: Collection[Any], home: str) -> None:
        if code not in known:
            raise CodeListError(file, entry, f"{code} is not in {home}")

    for product in lists.products:
        check("products.csv", product.trade_name, product.cvx_code, cvx, "cvx.csv")
        if product.mvx_code is not None:
            check("products.csv", product.trade_name, product.mvx_code, mvx, "mvx.csv")
    for target in lists.targets:
        check("vaccine_targets.csv", target.cvx_code, target.cvx_code, cvx, "cvx.csv")
        check("vaccine_targets.csv", target.cvx_code, target.disease_code, diseases, "diseases.csv")
    for eu_product in lists.eu_products:
        for value_set, code in (
            ("manufacturer", eu_product.org_code),
            ("prophylaxis", eu_product.prophylaxis_code),
        ):
            if (value_set, code) not in eu:
                rule = f"{value_set} {code} is not in eu_codes.csv"
                raise CodeListError("eu_products.csv", eu_product.code, rule)


def _load(path: Path) -> bytes:
    """The bytes of `path`, read up to the limit and no further."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise CodeListError(path.name, "", f"cannot be read: {error.strerror}") from error


def _parse(data: bytes, file: str, layout: _Layout) -> tuple[Any, ...]:
    """The entries in `data`, whichever of CDC's forms it has."""
    if len(data) > MAX_BYTES:
        raise CodeListError(file, "", f"is larger than {MAX_BYTES // 1024 // 1024} MB")
    start = data.removeprefix(b"\xef\xbb\xbf").lstrip()[:20].lower()
    if not start:
        raise CodeListError(file, "", "is empty")
    if start.startswith((b"<!doctype html", b"<html")):
        raise CodeListError(file, "", "is a web page, not a code list")
    # UTF-16 announces itself by its byte order mark, and only its XML form can be told from junk.
    is_xml = start.startswith((b"<", b"\xff\xfe", b"\xfe\xff"))
    rows = (_xml_rows if is_xml else _text_rows)(data, file, layout)
    found = made.entries(rows, layout.make, layout.key)
    if not found:
        raise CodeListError(file, "", f"holds no {layout.record}")
    return found


def _root(data: bytes, file: str) -> Element:
    """The root of the XML document `data`; entities and document types are refused."""
    try:
        root: Element = fromstring(data, forbid_dtd=True)
        return root
    except DefusedXmlException as error:
        rule = "contains a document type or entity definition, which a code list never has"
        raise CodeListError(file, "", rule) from error
    except ParseError as error:
        # CDC's reports let a bare "&" through ("Vetter Pharma Fertigung GmbH & Co. KG").
        mended = data if b"<![CDATA[" in data else _BARE_AMPERSAND.sub(b"&amp;", data)
        if mended != data:
            return _root(mended, file)
        line, column = error.position
        rule = f"is not well-formed XML (damaged or cut off?): {str(error).split(':')[0]}"
        raise CodeListError(file, f"line {line}, column {column + 1}", rule) from error
    except (LookupError, ValueError) as error:
        raise CodeListError(file, "", f"is not readable XML: {error}") from error


def _xml_rows(data: bytes, file: str, layout: _Layout) -> Iterator[Row]:
    """One `Row` per record of an XML file, in either of CDC's two XML formats."""
    root = _root(data, file)
    if root.tag != layout.root:
        raise CodeListError(file, "", f"has root element {root.tag[:40]}, not {layout.root}")
    known = {_plain(name): field for name, field in layout.names.items()}
    labels = {field: name for name, field in layout.names.items()}
    for number, record in enumerate(root, start=1):
        where = f"{layout.record} {number}"
        if record.tag != layout.record:
            rule = f"is element {record.tag[:40]}, not {layout.record}"
            raise CodeListError(file, f"element {number}", rule)
        fields: dict[str, str] = {}
        for label, value in _pairs(record, file, where):
            field = known.get(_plain(label))
            if field is None:
                continue  # Notes, and whatever CDC adds later
            if field in fields:
                raise CodeListError(file, where, f"{label} stands there twice")
            fields[field] = value
        yield Row(file, where, fields, labels)


def _plain(name: str) -> str:
    """`name` reduced to what its spellings have in common."""
    return re.sub(r"[^a-z0-9]", "", name.casefold())


def _pairs(record: Element, file: str, where: str) -> Iterator[tuple[str, str]]:
    """Name and text of each field of `record`."""
    children = list(record)
    for child in children:
        if len(child):
            raise CodeListError(file, where, f"{child.tag[:40]} contains further elements")
    if not any(child.tag in ("Name", "Value") for child in children):
        yield from ((child.tag, child.text or "") for child in children)
        return
    if [child.tag for child in children] != ["Name", "Value"] * (len(children) // 2):
        raise CodeListError(file, where, "is not a sequence of Name and Value")
    for name, value in zip(children[::2], children[1::2], strict=True):
        yield name.text or "", value.text or ""


def _text_rows(data: bytes, file: str, layout: _Layout) -> Iterator[Row]:
    """One `Row` per line of a text file with columns separated by "|"."""
    if b"\x00" in data:
        raise CodeListError(file, "", "is neither XML nor text")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", errors="replace")
    width = len(layout.columns)
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text), start=1):
        if not line.strip():
            continue
        where, cells = f"row {number}", line.split("|")
        # Some of CDC's files end every line with a separator, which makes an empty last cell.
        if len(cells) < width or any(cell.strip() for cell in cells[width:]):
            rule = f"has {len(cells)} columns separated by '|', not {width}"
            raise CodeListError(file, where, rule)
        fields = {f: cell for f, cell in zip(layout.columns, cells, strict=False) if f}
        row = Row(file, where, fields)
        if "non_vaccine" in fields:
            row.choice("non_vaccine", ("True", "False"))  # not kept; tells a shifted row
        yield row


def _csv_rows(path: Path, columns: Sequence[str]) -> Iterator[Row]:
    """One `Row` per line of a shipped table, whose header must be exactly `columns`."""
    try:
        text = _load(path).decode("utf-8")
    except UnicodeDecodeError as error:
        raise CodeListError(path.name, "", "is not UTF-8") from error
    lines = csv.reader(text.splitlines(keepends=True), strict=True)
    try:
        for cells in lines:
            where = f"row {lines.line_num}"
            if lines.line_num == 1:
                if cells != list(columns):
                    raise CodeListError(path.name, where, f"is not {','.join(columns)}")
                continue
            if len(cells) != len(columns):
                rule = f"has {len(cells)} columns, not {len(columns)}"
                raise CodeListError(path.name, where, rule)
            yield Row(path.name, where, dict(zip(columns, cells, strict=True)))
    except csv.Error as error:
        raise CodeListError(path.name, f"row {lines.line_num}", str(error)) from error
    if not lines.line_num:
        raise CodeListError(path.name, "", "is empty")
