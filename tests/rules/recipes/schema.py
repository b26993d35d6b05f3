# SPDX-License-Identifier: Apache-2.0
"""XML and schema: what is not well-formed, and what the XSD finds."""

from tests.rules.recipes.recipe import bad, good

_FACT = "<fact>未按示例规定经营</fact>"
_NUMBER = "<documentNo>洪示例罚〔2022〕1号</documentNo>"
bad("DOC-001", "tag-not-closed", "CF_JD.xml", "</fact>~>")
bad("DOC-001", "bare-ampersand", "CF_JD.xml", "未按示例规定经营~>与A&B公司串通")
good("DOC-001", "escaped-ampersand", "CF_JD.xml", "未按示例规定经营~>与A&amp;B公司串通")
bad("DOC-006", "control-character", "CF_JD.xml", "未按示例规定经营~>未按\x01示例规定经营")
good("DOC-006", "line-break-as-blank", "CF_JD.xml", "未按示例规定经营~>未按 示例规定经营")
bad("DOC-014", "entity-of-html", "CF_JD.xml", "未按示例规定经营~>未按&nbsp;示例规定经营")
good("DOC-014", "character-reference", "CF_JD.xml", "未按示例规定经营~>未按&#x793A;例规定经营")
bad("DOC-024", "private-use-character", "CF_JD.xml", "未按示例规定经营~>未按\ue000示例规定经营")
good("DOC-024", "rare-character", "CF_JD.xml", "未按示例规定经营~>未按䶮示例规定经营")
bad("XSD-001", "name-misspelt", "CF_JD.xml", f"{_FACT}~><facts>未按示例规定经营</facts>")
bad("XSD-001", "pinyin-code-as-name", "CF_JD.xml", f"{_FACT}~><WFSS>未按示例规定经营</WFSS>")
bad("XSD-001", "element-of-ones-own", "CF_JD.xml", f"{_FACT}~><systemFlag>1</systemFlag>")
good(
    "XSD-001",
    "own-element-in-the-extension",
    "CF_JD.xml",
    '</disclosure>~></disclosure>\n  <extension><own:systemFlag xmlns:own="urn:example:own">1</own:systemFlag></extension>',
)
bad("XSD-002", "no-body", "CF_JD.xml", "CF_JD/orgCode-")
bad("XSD-002", "review-without-result", "CF_JD.xml", "CF_JD/legalReview/result-")
good("XSD-002", "review-whole", "CF_JD.xml", "CF_JD/legalReview/by=法规处")
bad(
    "XSD-004",
    "unknown-record",
    "CF_JD.xml",
    "<penaltyDecision xmlns~><penaltyDecided xmlns",
    "</penaltyDecision>~></penaltyDecided>",
)
good("XSD-004", "known-record", "CF_JD.xml", "CF_JD/fact=未按示例规定经营")
bad("XSD-005", "no-such-day", "CF_JD.xml", "2022-05-09T09:00:00+08:00~>2022-02-31T09:00:00+08:00")
bad("XSD-005", "date-in-chinese", "CF_JD.xml", "2022-05-09T09:00:00+08:00~>2022年5月9日")
bad("XSD-005", "amount-with-commas", "CF_JD.xml", "<fineAmount>1000.00~><fineAmount>1,000.00")
bad("XSD-005", "yes-and-no", "CF_JD.xml", "<hearingHeld>false~><hearingHeld>否")
good("XSD-005", "fraction-of-a-second", "CF_JD.xml", "2022-05-09T09:00:00+08:00~>2022-05-09T09:00:00.000+08:00")
bad("XSD-006", "operation-unknown", "CF_JD.xml", "<operation>C~><operation>D")
good("XSD-006", "operation-of-a-first-version", "CF_JD.xml", "CF_JD/operation=C")
bad("XSD-007", "case-number-of-ones-own", "CF_JD.xml", "MA0000015-2022-CF-00000001~>(2022)洪罚字第1号")
bad("XSD-007", "region-of-five-digits", "CF_JD.xml", "<regionCode>360100~><regionCode>36010")
good("XSD-007", "region-of-a-county", "CF_JD.xml", "CF_JD/regionCode=360102")
bad("XSD-009", "empty-text", "CF_JD.xml", f"{_FACT}~><fact></fact>")
good("XSD-009", "shortest-text", "CF_JD.xml", f"{_FACT}~><fact>无照</fact>")
bad("XSD-010", "name-too-long", "CF_JD.xml", f"CF_JD/party/name={'南昌示例商贸有限公司' * 20}一")
good("XSD-010", "longest-name", "CF_JD.xml", f"CF_JD/party/name={'南昌示例商贸有限公司' * 20}")
bad("XSD-011", "negative-amount", "CF_JD.xml", "<fineAmount>1000.00~><fineAmount>-1000.00")
good("XSD-011", "amount-of-zero", "CF_JD.xml", "CF_JD/confiscatedIncome=0.00")
bad("XSD-015", "too-many-digits", "CF_JD.xml", "<fineAmount>1000.00~><fineAmount>1000000000000000000.00")
good("XSD-015", "as-many-as-may-be", "CF_JD.xml", "CF_JD/confiscatedIncome=99999999999999.99", "CF_JD/kinds=CF02|CF03")
bad("XSD-016", "same-kind-twice", "CF_JD.xml", "<kinds>CF01~><kinds>CF02")
good("XSD-016", "two-kinds", "CF_JD.xml", "CF_JD/kinds=CF01|CF02")
bad("XSD-018", "third-decimal", "CF_JD.xml", "<fineAmount>1000.00~><fineAmount>1000.005")
good("XSD-018", "one-decimal", "CF_JD.xml", "<fineAmount>1000.00~><fineAmount>1000.0")
bad("XSD-021", "text-among-elements", "CF_JD.xml", "<legalReview>~><legalReview>同意")
good("XSD-021", "blanks-among-elements", "CF_JD.xml", "<legalReview>~><legalReview>  ")
bad("XSD-024", "attribute", "CF_JD.xml", "<fact>~><fact lang='zh'>")
good("XSD-024", "no-attribute", "CF_JD.xml", "CF_JD/fact=未按示例规定经营,责令改正")
bad(
    "XSD-027",
    "type-of-ones-own",
    "CF_JD.xml",
    '<fact>~><fact xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="own">',
)
good("XSD-027", "marked-nil", "CF_JD-extension-nil.xml", "CF_JD/fact=未按示例规定经营")
bad(
    "XSD-031",
    "foreign-namespace",
    "CF_JD.xml",
    '<fact>~><own:fact xmlns:own="urn:example:own">',
    "</fact>~></own:fact>",
)
good(
    "XSD-031",
    "prefix-of-the-standard",
    "CF_JD.xml",
    '<fact>~><s:fact xmlns:s="urn:jx:power-exchange:1.0">',
    "</fact>~></s:fact>",
)
bad("XSD-035", "order-reversed", "CF_JD.xml", f"{_NUMBER}\n  {_FACT}~>{_FACT}\n  {_NUMBER}")
good("XSD-035", "order-kept", "CF_JD.xml", f"{_NUMBER}\n  {_FACT}~>{_NUMBER}{_FACT}")
bad("XSD-036", "fact-twice", "CF_JD.xml", f"{_FACT}~>{_FACT}\n  <fact>另一事实</fact>")
good(
    "XSD-036",
    "two-bases",
    "CF_JD.xml",
    "</basis>~></basis>\n  <basis><lawName>江西省示例条例</lawName><article>第二条</article><text>示例条文。</text><level>地方性法规</level></basis>",
)
