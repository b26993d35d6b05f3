# SPDX-License-Identifier: Apache-2.0
"""The compiled mapping equals the plain interpreter, byte for byte: random mappings over random rows."""

import re
from pathlib import Path
from types import MappingProxyType

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from gateway.documents import safexml
from gateway.mapping.compile import compile_mapping
from gateway.mapping.examples import allocate
from gateway.mapping.interpret import Interpreter
from gateway.mapping.load import load_mapping
from gateway.mapping.model import Mapping
from gateway.model.record import Row, Scalar
from gateway.pack import Pack, load_pack
from tests.mapping.conftest import SOURCE

ROOT = Path(__file__).resolve().parents[2]

TOP = """\
mapping: 1
title: {{zh: 随机}}
standard: jiangxi-1.0
null: ["-", 无, "null"]
text: {{half_width: {narrow}}}
formats: {{date: [yyyy-MM-dd, yyyy/M/d], dateTime: ["yyyy-MM-dd HH:mm:ss", "yyyy/M/d H:mm"]}}
unpack: {{U: {{pairs: [";", "、"], between: ["=", ":"], repeated: {repeated}}}, J: {{json: true}}}}
columns: {{U: , U/a: , "U/b": {{null: [乙]}}, J: , J/a: {{half_width: true}}, J/l/0: , J/l: , W: , A: , B: {{null: [甲]}}, C: {{half_width: true}}, D: , E: {{volatile: true}}, N: , I: {{type: integer}}, O: {{optional: true}}, "P{{1..2}}": }}
tables:
  dated:
    rows: [{{source: 甲, code: "<1>", to: 2012-01-01}}, {{source: 甲, code: "2", from: 2012-01-02}}, {{source: 乙, code: null}}]
  plain: {{rows: {{甲: "{code}", 乙: b, "1": "true", 是: "true"}}}}
values:
  day: {{from: D, as: date}}
  moment: {{from: D, as: dateTime, formats: [iso, yyyy/M/d], date_only_at: "12:00:00"}}
  org: {{from: B, codes: {{12345678X: 12345678X, 乙: 91360000000000000X}}, otherwise: 12345678X}}
  name: {{first: [A, C]}}
  most: {{from: N, as: decimal, unit: 万元, thousands: ","}}
numbers:
  case: {{form: "{{org:org9}}-{{day:year}}-CF-{{n:{digits}}}", subject: [name, {{value: name}}]}}
  seq: {{sequence: true}}
version_order: {{by: [{{from: D, as: dateTime, date_only_at: "00:00:00"}}, {{from: I, as: integer}}], row_id: true}}
ignore: 'rec["B"] == "乙"'
records:
"""

TEXTS = (
    "U/a", "{concat: [U/b, J/a, J/l/0], separator: '-'}", "{from: J/a, extract: '.', no_match: absent}",
    "A", "B", "{from: C}", "{value: name}", "{value: moment}", "{const: 定}", "{const: 'a<b'}", "{row_id: true}",
    "{concat: [A, {text: －}, C], separator: '&'}", "{concat: [{text: 字}, {value: day}, {from: E, extract: '(.)'}]}",
    "{first: [O, {from: C, extract: '[^ ]+', no_match: absent}, E]}", "{from: A, extract: '(\\d+)', no_match: keep}",
    "{from: A, extract: '^(.).*$'}", "{from: I, codes: plain, otherwise: absent}", "{from: A, codes: plain, otherwise: '9'}",
    "{from: B, codes: dated, on: day, otherwise: '0'}", "{from: A, codes: dated, on: day, otherwise: absent}",
    "{from: A, null: [甲], default: 缺}", "{from: C, when: 'rec[\"A\"] != null'}", "E", "{from: I}", "O",
    "{from: A, remove: [' ', 甲], replace: {乙: 甲乙, '1': ''}, case: upper}", "{from: C, pad: 6, mask: name}",
    "{from: A, empty: keep}", "{from: C, remove: ['12', x], case: lower, empty: refuse}", "{value: name, mask: text, empty: refuse}",
    "{from: A, when: 'rec[\"I\"] > 2 || val[\"day\"] == \"2012-04-26\"', default: 无号}", "{number: case}",
)  # fmt: skip
DATES = ("D", "{from: W, formats: [chinese, minguo, excel-serial, 'yy-M-d a h:mm'], date_only_at: '01:02:03'}", '{from: D, date_only_at: "00:00:00"}', "{value: moment}", '{value: day, date_only_at: "08:00:00"}',
         '{first: [{value: moment}, {from: E, as: dateTime, formats: [epoch-millis]}]}')  # fmt: skip
DAYS = (
    "{from: W, as: date, formats: [chinese, minguo, excel-serial, 'yy-M-d a h:mm']}",
    "D",
    "{value: day}",
    "{value: moment}",
    "{from: D, formats: [iso, yyyy/M/d]}",
)
AMOUNTS = (
    "{from: W, unit: 万元, written: true, plausible: ['100', '1000000']}",
    "{from: N, unit: 元, thousands: ',', plausible: [null, {value: most}]}",
    "{from: W, unit: 分, written: true, empty: refuse}",
    '{from: N, unit: 万元, thousands: ","}',
    '{from: N, unit: 元, thousands: ","}',
    "{from: I, unit: 元}",
)
TRUTHS = ("{from: A, codes: plain, otherwise: absent}", '{const: "true"}')
LISTS = (
    "{split: A, by: ['、', ';'], fields: {lawName: {item: text}, article: {item: text, extract: '.$'}}}",
    "{split: {value: name}, by: [';'], parts: {by: '|', names: [l, a]}, fields: {lawName: {item: l}, article: {item: a, default: x}}, when: 'rec[\"B\"] != null'}",
    "{columns: {l: 'P{n}', a: 'A'}, n: [1, 2], fields: {lawName: {item: l}, article: {item: a}}}",
    "{find: A, pattern: '(?P<l>[甲乙])(?P<a>\\d*)', fields: {lawName: {item: l}, article: {item: a, default: x}}}",
    '{rows: J/l, names: [n, m], fields: {lawName: {item: n}, article: {item: m, when: \'item["n"] != "甲"\', default: y}}}',
    "[{fields: {lawName: A, article: {const: '1'}}}, {fields: {lawName: C, article: D}, when: 'rec[\"I\"] == 1'}]",
)
EACH = (
    "{split: A, by: ['、', ';'], parts: {by: '|', names: [t, x]}, key: [t]}",
    "{find: A, pattern: '(?P<t>[甲乙1])(?P<x>\\d?)', key: [t, x]}",
    "{rows: J/l, names: [t, n], key: [t]}",
    "{columns: {t: 'P{n}'}, n: [1, 2], key: [t]}",
)
SIMPLE = (
    "{split: A, by: ['、'], codes: plain, otherwise: '0'}", "{columns: {k: 'P{n}'}, n: [1, 2]}",
    "[A, {const: CF02, when: 'rec[\"A\"] == \"甲\"'}, {value: day}]", "C",
)  # fmt: skip
FACTS = tuple(spec for spec in TEXTS if "{const" not in spec and "default" not in spec)
WHOLE = tuple(spec for spec in FACTS if "mask" not in spec)
GROUP = MappingProxyType({"party/name": WHOLE, "party/kind": TEXTS[:8], "party/address": WHOLE})
FIELDS = MappingProxyType(
    {
        "operatorName": FACTS[:5], "remark": TEXTS, **GROUP, "procedure": TEXTS, "result": TEXTS, "documentNo": TEXTS,
        "fact": TEXTS, "basis": LISTS, "kinds": SIMPLE, "fineAmount": AMOUNTS, "hearingHeld": TRUTHS, "decidedAt": DATES,
        "deliveredAt": DATES, "discretion": TEXTS, "legalReview/by": WHOLE, "legalReview/result": TEXTS,
    }
)  # fmt: skip
MANDATORY = frozenset({"documentNo", "basis", "decidedAt", "party/name", "legalReview/by", "legalReview/result"})


@st.composite
def mappings(draw: st.DrawFn) -> str:
    """Draw a mapping: a decision of random fields, then a change and a withdrawal that refer to it."""
    text = TOP.format(
        narrow=draw(st.sampled_from(["true", "false"])),
        code=draw(st.sampled_from(["a", "&"])),
        repeated=draw(st.sampled_from(["first", "last", "refuse", "join, join: '+'"])),
        digits=draw(st.integers(1, 8)),
    ).replace("subject: [name,", "subject: [A,")
    head = {
        "caseNo": draw(st.sampled_from(["{number: case}", "A", "{concat: [{number: case}, {text: x}]}"])),
        "itemCode": "{const: CF-12345678X-0001}", "itemVersion": '{const: "1"}', "orgCode": "{value: org}",
        "regionCode": '{const: "360102"}', "sequence": draw(st.sampled_from(["{number: seq}", '{const: "1"}', "I"])),
        "occurredAt": draw(st.sampled_from(DATES)),
    }  # fmt: skip
    fields = {
        path: draw(st.sampled_from(specs)) for path, specs in FIELDS.items() if path in MANDATORY or draw(st.booleans())
    }
    volatile = draw(st.lists(st.sampled_from(sorted(fields)), unique=True, max_size=3))
    when = draw(st.sampled_from(["", '    when: \'rec["A"] != "没有" && val["name"] != null\'\n']))
    text += f"  - name: act\n    type: CF_JD\n{when}    volatile: [{', '.join(volatile)}]\n    fields:\n"
    text += "".join(f"      {path}: {spec}\n" for path, spec in {**head, **fields}.items())
    if draw(st.booleans()):
        each = draw(st.sampled_from(EACH))
        text += f"  - name: step\n    type: XK_HJ\n    each: {each}\n"
        text += draw(st.sampled_from(["", '    when: \'item["t"] != "乙" && rec["A"] != "1"\'\n'])) + "    fields:\n"
        step = head | {"sequence": draw(st.sampled_from(["{number: seq}", "{item: t}"]))}
        text += "".join(f"      {path}: {spec}\n" for path, spec in step.items())
        text += "      stepCode: {item: t}\n      stepName: {concat: [{item: t}, A], separator: '/'}\n"
        text += "      startedAt: D\n      finishedAt: D\n      outcome: {item: t}\n"
    if draw(st.booleans()):
        text += "  - name: change\n    type: GG_BG\n    when: 'rec[\"B\"] != null'\n    fields:\n"
        text += "".join(f"      {path}: {spec}\n" for path, spec in head.items())
        text += "      actKey: {key_of: act}\n      kind: {const: '2'}\n"
        text += "  - type: GG_CH\n    when: 'rec[\"I\"] == 3'\n    withdraws: act\n    fields: {orgCode: {value: org}, occurredAt: D, reason: A}\n"
    return text


TRICKY = st.one_of(
    st.none(),
    st.sampled_from(
        ["", "　", "－", "NULL", "\x01", "\ud800", "\ufffe", "\u0301x", "2012-02-30", "2012-04-26T01:02:03Z", "1335402660000",
         "-0.001", "1,23", "一\r\n二", "\u00a0x\u2028y", "<![CDATA[x]]>", "＜＆＞"]
    ),
    st.text(max_size=6),
    st.integers(-5, 10**6),
)  # fmt: skip
WORDS = st.sampled_from(
    ["甲", "乙", "是", "甲1", "甲、乙", "甲;丙|丁", "乙|1;丙|2", "ＡＢＣ１２", "12345678X", "1", "x y 2", "e\u0301", "䶮㙍𬭊", "Ａ\u030a",
     "a<b&c>d", "甲 & 乙", "-", "无", None]
)  # fmt: skip


def mostly(usual: st.SearchStrategy[Scalar]) -> st.SearchStrategy[Scalar]:
    """Draw from ``usual``, and now and then something tricky: most rows should get through."""
    return st.integers(0, 11).flatmap(lambda die: TRICKY if die == 11 else usual)


JSONS = (
    '{"a": "Ａ ", "l": [{"t": "甲", "n": "x"}, {"t": 1, "n": null}, {"t": "乙", "m": [1.50, true]}]}', '{"a": 1.50, "l": [{"n": "<甲>"}]}',
    '{"a": {"b": [NaN]}, "l": "x"}', "[1]", "{", None, "无", '{"l": [{"t": "甲"}, {"t": "甲 "}, {}]}', '{"a": false, "l": []}',
)  # fmt: skip
WRITTEN = st.one_of(
    st.sampled_from(["壹万贰仟元整", "1.2万元", "￥1,234.50元", "500", "二〇一一年三月五日", "民国100年3月5日", "40607.25", "11-3-5 下午 3:05", None]),
    st.text("〇零一壹二十拾百佰千仟万亿元角分整年月日民国0129.,/-", max_size=8),
)  # fmt: skip


ROWS = st.fixed_dictionaries(
    {name: mostly(WORDS) for name in ("A", "B", "C", "E", "P1", "P2")}
    | {
        "D": mostly(st.sampled_from([*["2012-04-26 09:11:00"] * 9, "2012/4/26 9:11", "2012/4/26"])),
        "N": mostly(st.sampled_from(["1.5", "1,234", "7", "1"])),
        "I": mostly(st.integers(0, 4)),
        "W": mostly(WRITTEN),
        "U": mostly(st.sampled_from(["a=1;b:2、c=", "a=1;a=2", "无", " b = 甲 & ;", None, "a", "=x"])),
        "J": mostly(st.sampled_from(JSONS)),
    },
    optional={"O": mostly(WORDS)},
)


def agree(mapping: Mapping, pack: Pack, row: Row, *, with_numbers: bool = True) -> None:
    """Assert that both give the same, that documents are well-formed, and canonical already."""
    compiled, interpreter = compile_mapping(mapping, pack, SOURCE), Interpreter(mapping, pack, SOURCE)
    numbers = allocate(compiled.wants(row)) if with_numbers else {}
    mapped, oracle = compiled.map(row, numbers), interpreter.map(row, numbers)
    for mine, other in zip(mapped.drafts + mapped.refused, oracle.drafts + oracle.refused, strict=True):
        assert mine == other
    assert oracle == mapped
    assert interpreter.explain(row, numbers)[0] == mapped
    assert mapped.drafts or mapped.refused or mapped.ignored
    for draft in mapped.drafts:
        document = draft.document()
        assert safexml.canonical(safexml.parse(document)) == document


# shrinking a failure takes minutes, since each step loads a mapping: the failing mapping is printed whole instead
@settings(
    max_examples=40, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip
@given(text=mappings(), rows=st.lists(ROWS, min_size=4, max_size=12), row_id=st.sampled_from(["1", "甲-<2>", "007"]))
def test_compiled_equals_interpreted(tmp_path: Path, text: str, rows: list[dict[str, Scalar]], row_id: str) -> None:
    pack = load_pack()
    path = tmp_path / "m.yaml"
    path.write_text(text, encoding="utf-8")
    mapping = load_mapping(path, pack)
    for values in rows:
        agree(mapping, pack, Row(row_id, values, b"", b""))
    agree(mapping, pack, Row(row_id, rows[0], b"", b""), with_numbers=False)


def test_the_worked_example_of_the_reference_page_maps(tmp_path: Path, pack: Pack) -> None:
    page = (ROOT / "docs/reference/mapping.md").read_text(encoding="utf-8")
    found = re.search(r"```yaml\n(# yaml-language-server.*?)```", page, re.DOTALL)
    assert found
    (tmp_path / "m.yaml").write_text(found[1], encoding="utf-8")
    (tmp_path / "bureaus.csv").write_text("source,code\n东湖局,12345678X\n", encoding="utf-8")
    mapping = load_mapping(tmp_path / "m.yaml", pack)
    row = Row(
        "1",
        {"AJID": "1", "CFWH": "洪环罚〔2012〕1号", "DWMC": "虚构公司", "JGMC": "东湖局", "FDR": "-", "CFJE": "1.5", "CFRQ": "2012/04/26",
         "WFTK": "水污染防治法第7条，大气法第3条", "CFZL": "罚款、没收违法所得", "CXQK": "撤销", "GXSJ": "2015-11-19 09:11:00"},
        b"", b"",
    )  # fmt: skip
    agree(mapping, pack, row)
    numbers = allocate(compile_mapping(mapping, pack, SOURCE).wants(row))
    assert [draft.type for draft in compile_mapping(mapping, pack, SOURCE).map(row, numbers).drafts] == [
        "CF_JD",
        "GG_BG",
    ]
