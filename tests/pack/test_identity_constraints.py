# SPDX-License-Identifier: Apache-2.0
"""What the schema itself refuses: keys, references, duplicates, forms."""

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
]


@pytest.mark.parametrize(("code", "before", "after", "named"), CASES)
def test_the_schema_refuses(pack: Pack, code: str, before: str, after: str, named: str) -> None:
    text = (pack.root / "samples" / "valid" / f"{code}.xml").read_text(encoding="utf-8")
    assert before in text
    schema = safexml.load_schema(pack.schema_path, pack.root)
    assert schema.validate(safexml.parse(text.encode()))
    assert not schema.validate(safexml.parse(text.replace(before, after, 1).encode()))
    assert named in str(schema.error_log)
