# SPDX-License-Identifier: Apache-2.0
"""What the schema itself refuses: keys, references, duplicates, forms."""

import re

import pytest

from gateway.documents import safexml
from gateway.pack import Pack

CASES = [
    ("QL_LC", "<to>S4</to>", "<to>S9</to>", "transitionTo"),
    ("QL_LC", "<from>S1</from>", "<from>S0</from>", "transitionFrom"),
    ("QL_LC", "<stepCode>S2</stepCode>", "<stepCode>S1</stepCode>", "stepCode"),
    ("QL_LC", "<to>S1</to>", "<to>S3</to>", "transition"),
    ("QL_SX", "<name>身份证明</name>", "<name>申请书</name>", "materialName"),
    ("QL_GW", "示例36010002", "示例36010001", "officerCertificate"),
    ("XK_SF", "<name>检测费</name>", "<name>工本费</name>", "chargeLine"),
    ("XK_BZ", "补交场所证明", "补交身份证明", "supplementItem"),
    ("CF_DC", "示例36010002", "示例36010001", "investigatorCertificate"),
    ("CF_JD", "<kinds>CF02</kinds>", "<kinds>CF01</kinds>", "penaltyKind"),
    ("CF_ZX", "<no>2</no>", "<no>1</no>", "instalmentNo"),
    ("CF_JD", "MA0000015-2022-CF-00000001", "MA0000015-22-CF-00000001", "caseNo"),
    ("CF_JD", "CF-MA0000015-0001", "CF-MA0000015-1", "itemCode"),
    ("CF_JD", "2022-05-06T09:00:00+08:00</occurredAt>", "2022-05-06T01:00:00Z</occurredAt>", "occurredAt"),
    ("CF_JD", "<fineAmount>1000.00", "<fineAmount>1,000.00", "fineAmount"),
    ("CF_JD", "<fineAmount>1000.00", "<fineAmount>1000.001", "fractionDigits"),
    ("CF_JD", "<operation>C", "<operation>D", "operation"),
    ("ZS_HD", "<name>示例污染物乙</name>", "<name>示例污染物甲</name>", "assessmentLine"),
    ("ZS_JN", "<lateFee>8.40", "<lateFee>8.401", "fractionDigits"),
    ("QZ_JD", "<no>2</no>", "<no>1</no>", "coercionListLine"),
    ("QZ_JD", "<no>2</no>", "", "no"),
    ("QZ_SS", "示例36010002", "示例36010001", "coercionOfficer"),
    ("ZY_FH", "<lineNo>1</lineNo>", "<lineNo>0</lineNo>", "lineNo"),
    ("GG_FJ", "<attachmentNo>FJ", "<attachmentNo>FJ:", "attachmentNo"),
    ("GG_FJ", "<ownerKey>XK_SQ:", "<ownerKey>", "ownerKey"),
    ("GG_FJ", "text/plain", "plain text", "mediaType"),
    ("GK_XX", "<sourceKey>XK_JD:", "<sourceKey>XKJD:", "sourceKey"),
    ("DZ_RB", "<count>1</count>", "<count>-1</count>", "count"),
    ("HZ_XX", "<code>0000</code>", "<code>OK</code>", "code"),
]


@pytest.mark.parametrize(("code", "lines"), [("QZ_CL", "lines"), ("ZY_FH", "lines")])
def test_a_line_of_the_list_is_named_once(pack: Pack, code: str, lines: str) -> None:
    text = (pack.root / "samples" / "valid" / f"{code}.xml").read_text(encoding="utf-8")
    (line,) = re.findall(rf"<{lines}>.*?</{lines}>\s*", text, re.DOTALL)
    schema = safexml.load_schema(pack.schema_path, pack.root)
    assert not schema.validate(safexml.parse(text.replace(line, line * 2).encode()))
    assert "key identity-constraint" in str(schema.error_log)
    other = line.replace("<lineNo>1</lineNo>", "<lineNo>7</lineNo>")
    assert schema.validate(safexml.parse(text.replace(line, line + other).encode()))


@pytest.mark.parametrize(("code", "before", "after", "named"), CASES)
def test_the_schema_refuses(pack: Pack, code: str, before: str, after: str, named: str) -> None:
    text = (pack.root / "samples" / "valid" / f"{code}.xml").read_text(encoding="utf-8")
    assert before in text
    schema = safexml.load_schema(pack.schema_path, pack.root)
    assert schema.validate(safexml.parse(text.encode()))
    assert not schema.validate(safexml.parse(text.replace(before, after, 1).encode()))
    assert named in str(schema.error_log)
