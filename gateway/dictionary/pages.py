# SPDX-License-Identifier: Apache-2.0
"""Pages of the dictionary (字典页) in Markdown, Chinese first."""

from collections.abc import Iterable, Iterator, Sequence

from gateway.dictionary.described import Described, describe
from gateway.model.words import Words
from gateway.pack import LEVELS, CodeList, Pack

_COLUMNS = (
    "元素 element", "拼音代码", "名称 label", "类型 type", "次数", *LEVELS, "含义与何时必填 meaning", "示例 example",
    "填写提示 hint", "代码表",
)  # fmt: skip


_HOW = """\
## 由字典生成 · Made from the dictionary

- 查看 look: `gateway standard show CF_JD`,`--json`
- 建表语句 tables of the exchange view or front-end database: `gateway standard export --format ddl-mysql --out DIR`;
  另有 `ddl-postgresql`、`ddl-oracle`、`ddl-sqlserver`,后两种未在真实服务器上验证 the last two never run on a real server
- 填报模板 templates: `--format xlsx`、`--format csv`;只出现一次的组展开为列,可多次出现的内容另成一表,以所属记录的主键和行号对应
  groups that stand once become columns, what repeats becomes a table of its own
- 比较两个标准包 compare packs: `gateway standard diff A B`

## 字典文件 · The file

字典只有一个来源 `schemas/{name}/dictionary.csv`,XSD 注解与它逐项核对。一行对应模式中的一处声明(如 `Party,idNo`)。
The dictionary has one source; the annotations of the schema are checked against it. One line for each declaration.

- 没有名称的行,空格取自同名元素的 `*` 行 a line without label takes its empty cells from the line `*`
- 有名称的行自成一条;没有自己的行的元素用 `*` 行 a line with a label stands for itself; without a line, the line `*` holds
- 长度,以及未写的示例和提示,取自类型行 `type,Money`,再取自 `kind,text`
  length, and example and hint not given, come from the line of the type, then of the kind
"""


def page(pack: Pack, code: str) -> str:
    """Return the page of a record type; raises KeyError for a type the pack lacks."""
    kind = pack.types[code]
    lines = [
        f"# {code} {_both(kind.label)}", "",
        f"元素 element `{kind.element}` · {pack.edition}", "",
        "M 必填 mandatory · C 条件必填 conditional · O 选填 optional;L1 结果级 · L2 过程级 · L3 实时级", "",
        *_table(_COLUMNS, (_row(each) for each in describe(pack, code))),
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def index(pack: Pack) -> str:
    """Return the front page: record types, and how to read and get the rest."""
    lines = [
        "# 数据字典 · Data dictionary", "",
        f"{_both(pack.title)} · {pack.edition}", "",
        *_table(
            ("代码", "名称 label", "元素 element", "字段数"),
            (
                (f"[{code}]({code}.md)", _both(kind.label), f"`{kind.element}`", len(describe(pack, code)))
                for code, kind in pack.types.items()
            ),
        ),
        "", "[代码表 code lists](codes.md)", "",
        _HOW.format(name=pack.name),
    ]  # fmt: skip
    return "\n".join(lines)


def codes_page(pack: Pack) -> str:
    """Return the page of the code lists with validity; lists of more than 120 rows are only named."""
    lines = ["# 代码表 · Code lists", "", pack.edition, ""]
    for codes in pack.code_lists.values():
        lines += [f"## {codes.name} {_both(codes.title)}", "", *_codes(codes), ""]
    return "\n".join(lines).rstrip() + "\n"


def _codes(codes: CodeList) -> Iterator[str]:
    rows = [row for rows in codes.rows.values() for row in rows]
    if len(rows) > 120:
        yield f"{len(rows)} 行 rows: `gateway standard list --codes {codes.name}`"
        return
    yield from _table(
        ("代码", "名称 label", "有效期 valid", "来源 source"),
        ((row.code, _both(row.label), _validity(row.valid_from, row.valid_to), row.source) for row in rows),
    )


def _validity(start: str, end: str) -> str:
    days = ["" if day.startswith(("0000", "9999")) else day for day in (start, end)]
    return " … ".join(days) if any(days) else ""


def _row(each: Described) -> Sequence[object]:
    field = each.field
    meaning = _both(field.meaning) + (f"<br>{_both(field.when)}" if field.when.zh else "")
    codes = f"[{each.codes.name}](codes.md)" if each.codes else " ".join(each.element.values)
    return (
        f"`{each.element.path}`", field.pinyin, _both(field.label), each.kind.zh, each.occurs,
        *(field.needs[level] for level in LEVELS), meaning, _example(field.example), _both(field.hint), codes,
    )  # fmt: skip


def _example(text: str) -> str:
    return f"`{text}`" if text else ""


def _both(words: Words) -> str:
    return f"{words.zh} {words.en}" if words.en and words.en != words.zh else words.zh


def _table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    yield "| " + " | ".join(columns) + " |"
    yield "|" + " --- |" * len(columns)
    for row in rows:
        yield "| " + " | ".join(str(cell).replace("|", "\\|") for cell in row) + " |"
