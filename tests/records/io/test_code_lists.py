"""Readers of CDC's published files and of the shipped tables."""

from datetime import date
from pathlib import Path
from shutil import copytree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.io import code_lists
from records.io.code_entries import CodeListError, GroupEntry, MvxEntry, ProductEntry
from records.io.code_lists import (
    DATA_DIR,
    parse_cvx,
    parse_groups,
    parse_mvx,
    parse_products,
    read_cvx,
    read_shipped,
    with_groups,
)

HEAD = "<?xml version='1.0' encoding='ISO-8859-1'?>\n"


def cvx_record(code: str = "03   ", day: str = "5/28/2010", **changes: str) -> str:
    """A CVX record in CDC's new format; a field given as "" is left out altogether."""
    fields = {
        "ShortDescription": "MMR",
        "FullVaccinename": "measles, mumps and rubella virus vaccine",
        "CVXCode": code,
        "Notes": "a note",
        "Status": "Active",
        "LastUpdated": day,
    } | changes
    inner = "\n".join(f"<{tag}>{text}</{tag}>" for tag, text in fields.items() if text)
    return f"<CVXInfo>{inner}\n</CVXInfo>"


def cvx_file(*records: str) -> bytes:
    """A CVX file in CDC's new format."""
    return f"{HEAD}<CVXCodes>\n{chr(10).join(records)}</CVXCodes>".encode("latin-1")


def pairs(record: str, **fields: str) -> str:
    """A record in the format of Name and Value; "_" in a name stands for a blank."""
    inner = "".join(
        f"<Name>{name.replace('_', ' ')}</Name>\n<Value>{text}</Value>\n"
        for name, text in fields.items()
    )
    return f"<{record}>{inner}</{record}>"


PRODUCT = {
    "CDC_Product_Name": "M-M-R II",
    "Short_Description": "MMR",
    "CVXCode": "03   ",
    "Manufacturer": "Merck and Co., Inc.",
    "MVX_Code": "MSD  ",
    "MVX_Status": "Active",
    "Product_name_Status": "Active",
    "Last_Updated": "5/28/2010",
}


def product_file(*records: dict[str, str]) -> bytes:
    """A product name file as CDC publishes it."""
    inner = "".join(pairs("prodInfo", **record) for record in records)
    return f"{HEAD}<productnames>{inner}</productnames>".encode("latin-1")


def message(read, data: bytes) -> str:
    """What the error of `read` says about `data`."""
    with pytest.raises(CodeListError) as caught:
        read(data, name="list.xml")
    assert str(caught.value).startswith("list.xml: ")
    return str(caught.value)


class TestCvx:
    def test_new_format(self):
        entry, other = parse_cvx(cvx_file(cvx_record(), cvx_record(code="208 ")), name="cvx.xml")
        assert entry.code == "03"  # a code is text: neither "3" nor padded
        assert entry.short_name == "MMR"
        assert entry.full_name == "measles, mumps and rubella virus vaccine"
        assert entry.status == "Active"
        assert entry.groups == ()
        assert entry.last_updated == date(2010, 5, 28)
        assert other.code == "208"

    def test_name_and_value_format(self):
        record = pairs(
            "CVXInfo",
            CVX_Code="03   ",
            Short_Description="MMR",
            Full_Vaccine_name="measles, mumps and rubella virus vaccine",
            Notes="",
            Status="Active",
            Last_Updated="5/28/2010",
        )
        same = parse_cvx(cvx_file(cvx_record()), name="new.xml")
        assert parse_cvx(cvx_file(record), name="old.xml") == same

    def test_text_format(self):
        data = (
            b"\xef\xbb\xbf03   |MMR|measles, mumps and rubella virus vaccine"
            b"|x|Active|False|2010/05/28"
            b"\r\n\r\n998|none|no vaccine administered||Inactive|True|2023/03/09|\r\n"
        )
        first, second = parse_cvx(data, name="cvx.txt")
        assert (first,) == parse_cvx(cvx_file(cvx_record()), name="cvx.xml")
        assert second.code == "998"

    @pytest.mark.parametrize(
        ("text", "day"),
        [
            ("3/9/2023", date(2023, 3, 9)),
            ("12/31/2024", date(2024, 12, 31)),
            ("03/09/2023", date(2023, 3, 9)),
            ("2023/03/09", date(2023, 3, 9)),
            ("2023-03-09", date(2023, 3, 9)),
            ("", None),
        ],
    )
    def test_dates(self, text, day):
        (entry,) = parse_cvx(cvx_file(cvx_record(day=text)), name="cvx.xml")
        assert entry.last_updated == day

    @pytest.mark.parametrize("text", ["31/12/2024", "2/30/2024", "May 2010", "5/28/10", "2010-0"])
    def test_wrong_date(self, text):
        error = message(parse_cvx, cvx_file(cvx_record(day=text)))
        assert "CVXInfo 1: LastUpdated is" in error
        assert "not a date" in error

    @pytest.mark.parametrize("code", ["3", "0003", "A1", "0 3", "٠٣"])
    def test_wrong_code(self, code):
        text = cvx_file(cvx_record()).decode("latin-1").replace("ISO-8859-1", "UTF-8")
        data = text.replace("03   ", code).encode()
        assert "CVXInfo 1: CVXCode is" in message(parse_cvx, data)

    @pytest.mark.parametrize("tag", ["CVXCode", "ShortDescription", "FullVaccinename", "Status"])
    def test_missing_and_empty_element(self, tag):
        good = cvx_record(code="01")
        missing = cvx_file(good, cvx_record(**{tag: ""}))
        assert f"CVXInfo 2: {tag} is missing" in message(parse_cvx, missing)
        empty = cvx_file(good, cvx_record(**{tag: "  "}))
        assert f"CVXInfo 2: {tag} is empty" in message(parse_cvx, empty)

    def test_status_keeps_the_published_spelling(self):
        (entry,) = parse_cvx(cvx_file(cvx_record(Status="non-us")), name="cvx.xml")
        assert entry.status == "Non-US"
        assert "Status is 'Gone', not one of" in message(
            parse_cvx, cvx_file(cvx_record(Status="Gone"))
        )

    def test_repeated_row_counts_once(self):
        assert len(parse_cvx(cvx_file(cvx_record(), cvx_record(code="03")), name="cvx.xml")) == 1

    def test_contradicting_rows(self):
        error = message(parse_cvx, cvx_file(cvx_record(), cvx_record(Status="Inactive")))
        assert "CVXInfo 2: 03 stands in CVXInfo 1 too, with other content" in error

    def test_repeated_element(self):
        record = cvx_record().replace("<Notes>", "<CVXCode>04</CVXCode><Notes>")
        assert "CVXCode stands there twice" in message(parse_cvx, cvx_file(record))

    def test_read_from_path(self, tmp_path):
        (path := tmp_path / "cvx.xml").write_bytes(cvx_file(cvx_record()))
        assert [entry.code for entry in read_cvx(path)] == ["03"]
        with pytest.raises(CodeListError, match=r"gone\.xml: cannot be read"):
            read_cvx(tmp_path / "gone.xml")


class TestOtherLists:
    def test_mvx(self):
        data = (
            f"{HEAD}<MVXCodes><MVXInfo><MVX_CODE>VET  </MVX_CODE>"
            "<ManufacturerName>Vetter Pharma Fertigung GmbH & Co. KG</ManufacturerName>"
            "<Notes></Notes><Status>Inactive</Status><LastUpdated>5/10/2018</LastUpdated>"
            "</MVXInfo></MVXCodes>"
        ).encode("latin-1")
        name = "Vetter Pharma Fertigung GmbH & Co. KG"  # the bare "&" above is as published
        expected = (MvxEntry("VET", name, "Inactive", date(2018, 5, 10)),)
        assert parse_mvx(data, name="mvx.xml") == expected
        assert parse_mvx(data.replace(b" & ", b" &amp; "), name="mvx.xml") == expected
        text = f"VET  |{name}||Inactive|2018/05/10\n".encode()
        assert parse_mvx(text, name="mvx.txt") == expected

    def test_products(self):
        expected = ProductEntry("M-M-R II", "03", "MSD", "Active", date(2010, 5, 28))
        assert parse_products(product_file(PRODUCT, PRODUCT), name="p.xml") == (expected,)
        text = b"M-M-R II|MMR|03   |Merck and Co., Inc.|MSD  |Active|Active|2010/05/28|\n"
        assert parse_products(text, name="TRADENAME.txt") == (expected,)

    def test_product_of_several_vaccines_and_without_manufacturer(self):
        other = PRODUCT | {"CVXCode": "94", "MVX_Code": "", "MVX_Status": ""}
        first, second = parse_products(product_file(PRODUCT, other), name="p.xml")
        assert (first.cvx_code, second.cvx_code) == ("03", "94")
        assert second.mvx_code is None

    def test_product_record_out_of_step(self):
        data = product_file(PRODUCT).replace(b"<Value>MMR</Value>", b"")
        assert "not a sequence of Name and Value" in message(parse_products, data)

    def test_groups(self):
        fields = {"ShortDescription": "MMRV", "CVXCode": "94  ", "Status": "Active"}
        records = "".join(
            pairs("CVXVGInfo", **fields, Vaccine_Group_Name=name, CVX_for_Vaccine_Group="03")
            for name in ("MMR", "VARICELLA")
        )
        data = f"{HEAD}<VGCodes>{records}</VGCodes>".encode()
        groups = parse_groups(data, name="vg.xml")
        assert groups == (GroupEntry("94", "MMR"), GroupEntry("94", "VARICELLA"))
        assert parse_groups(b"MMRV|94|Active|MMR|03\n", name="VG.txt") == groups[:1]
        cvx = parse_cvx(cvx_file(cvx_record(code="94"), cvx_record()), name="cvx.xml")
        assert [e.groups for e in with_groups(cvx, groups)] == [("MMR", "VARICELLA"), ()]


class TestWrongFiles:
    @pytest.mark.parametrize(
        ("data", "rule"),
        [
            (b"", "is empty"),
            (b" \r\n ", "is empty"),
            (b"<!DOCTYPE html><html><body>moved</body></html>", "is a web page"),
            (b"<html>moved</html>", "is a web page"),
            (b"<CVXCodes></CVXCodes>", "holds no CVXInfo"),
            (b"<MVXCodes><MVXInfo/></MVXCodes>", "has root element MVXCodes, not CVXCodes"),
            (b"<CVXCodes><Other/></CVXCodes>", "element 1: is element Other, not CVXInfo"),
            (b"<CVXCodes><CVXInfo><a><b/></a></CVXInfo></CVXCodes>", "contains further elements"),
            (b"PK\x03\x04\x00\x00", "is neither XML nor text"),
            (b"VET|Vetter||Inactive|2018/05/10\n", "row 1: has 5 columns separated by '|', not 7"),
            (b"03|a|b||Active|maybe|2010/05/28", "row 1: non_vaccine is 'maybe'"),
            (b"03|a|b||Active|False|2010/05/28|more", "row 1: has 8 columns"),
            (b"03|a|b||Active|False|2010/05/28\n04|a|b||Act", "row 2: has 5 columns"),
            (b"<?xml version='1.0' encoding='nonsense'?><CVXCodes/>", "is not readable XML"),
            (b"<CVXCodes><CVXInfo>\xe9</CVXInfo></CVXCodes>", "is not well-formed XML"),
        ],
    )
    def test_one_clear_error(self, data, rule):
        assert rule in message(parse_cvx, data)

    def test_cut_off_anywhere(self):
        whole = cvx_file(cvx_record(), cvx_record(code="04", Notes="a & b"))
        for length in range(len(whole)):
            message(parse_cvx, whole[:length])

    def test_place_of_damage(self):
        data = cvx_file(cvx_record()).replace(b"</Status>", b"</Statu>")
        assert "line 7, column" in message(parse_cvx, data)

    @pytest.mark.parametrize(
        "doctype",
        [
            '<!DOCTYPE CVXCodes [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>',
            '<!DOCTYPE CVXCodes [<!ENTITY x SYSTEM "file:///etc/hostname">]>',
            '<!DOCTYPE CVXCodes SYSTEM "http://example.invalid/x.dtd">',
        ],
    )
    def test_entities_are_refused(self, doctype):
        text = (
            cvx_file(cvx_record()).decode("latin-1").replace("<CVXCodes>", doctype + "<CVXCodes>")
        )
        assert "document type or entity" in message(parse_cvx, text.encode("latin-1"))

    def test_size_is_bounded(self, monkeypatch, tmp_path):
        monkeypatch.setattr(code_lists, "MAX_BYTES", 2 * 1024 * 1024)
        (path := tmp_path / "big.xml").write_bytes(b"<" * (2 * 1024 * 1024 + 10))
        with pytest.raises(CodeListError, match=r"big\.xml: is larger than 2 MB"):
            read_cvx(path)

    @given(st.binary(max_size=200) | st.text(alphabet="<>&/|03 \nCVXInfo", max_size=80))
    def test_never_another_error(self, junk):
        data = junk if isinstance(junk, bytes) else junk.encode()
        for parse in (parse_cvx, parse_mvx, parse_products, parse_groups):
            error = None
            try:
                read = parse(data, name="junk")
            except CodeListError as caught:
                error = caught
            assert error.file == "junk" if error else read


class TestShipped:
    @pytest.fixture
    def tables(self, tmp_path) -> Path:
        return Path(copytree(DATA_DIR, tmp_path / "data"))

    def test_reads(self):
        lists = read_shipped()
        assert len(lists.cvx) == 288
        assert len(lists.mvx) == 89
        comirnaty = lists.eu_products[0]
        assert (comirnaty.code, comirnaty.org_code) == ("EU/1/20/1528", "ORG-100030215")
        assert comirnaty.prophylaxis_code == "1119349007"
        assert comirnaty.active

    def test_deprecated_marks_are_no_part_of_codes(self):
        lists = read_shipped()
        products = {entry.code: entry for entry in lists.eu_products}
        assert not products["NVX-CoV2373"].active
        for entry in (*lists.eu_products, *lists.eu_codes):
            assert "deprecated" not in str(entry)

    @pytest.mark.parametrize(
        ("file", "old", "new", "rule"),
        [
            ("cvx.csv", "cvx_code,short", "code,short", "cvx.csv: row 1: is not cvx_code,"),
            ("cvx.csv", "\n02,", "\n2,", "cvx.csv: row 3: cvx_code is '2', not two or three"),
            ("mvx.csv", ",Active,", ",,", "status is empty"),
            ("mvx.csv", ",Active,", ",Active,x,", "has 5 columns, not 4"),
            ("mvx.csv", '"Acambis', '"Aca"mbis', "mvx.csv: row 3: "),
            ("products.csv", ",305,", ",304999,", "products.csv: row 2: cvx_code is"),
            ("products.csv", ",305,", ",777,", "products.csv: ABRYSVO: 777 is not in cvx.csv"),
            ("products.csv", ",PFR,", ",ZZZ,", "products.csv: ABRYSVO: ZZZ is not in mvx.csv"),
            ("vaccine_targets.csv", "\n01,", "\n777,", "777 is not in cvx.csv"),
            ("diseases.csv", "76902006", "76902007", "76902006 is not in diseases.csv"),
            ("eu_codes.csv", "ORG-100030215", "ORG-1", "manufacturer ORG-100030215 is not in"),
            ("eu_codes.csv", "prophylaxis,1119349007", "prophylaxis,1", "1119349007 is not in"),
        ],
    )
    def test_wrong_table(self, tables, file, old, new, rule):
        path = tables / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        with pytest.raises(CodeListError) as caught:
            read_shipped(tables)
        assert rule in str(caught.value)

    def test_missing_empty_and_binary_table(self, tables):
        (tables / "mvx.csv").unlink()
        with pytest.raises(CodeListError, match=r"mvx\.csv: cannot be read"):
            read_shipped(tables)
        (tables / "mvx.csv").write_bytes(b"")
        with pytest.raises(CodeListError, match=r"mvx\.csv: is empty"):
            read_shipped(tables)
        (tables / "mvx.csv").write_bytes(b"\xff")
        with pytest.raises(CodeListError, match=r"mvx\.csv: is not UTF-8"):
            read_shipped(tables)
