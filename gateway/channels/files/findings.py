# SPDX-License-Identifier: Apache-2.0
"""Sentences of what can be wrong with a file before its rows are looked at (``FIL-0xx``), in one table."""

from types import MappingProxyType

from gateway.errors import SourceError
from gateway.model.finding import Finding, Severity, Stage
from gateway.model.words import Words

FILE_FINDINGS = MappingProxyType(
    {
        "FIL-001": (
            Words("不是普通文件(链接、管道、目录或硬链接),不读取", "no plain file (a link, pipe, folder or hard link): not read"),
            Words("请直接写入文件本身", "write the file itself into the folder"),
        ),
        "FIL-002": (
            Words("文件名不可接受", "the file's name can't be accepted"),
            Words("文件名不超过 150 字节,不含控制字符、/ 和 \\,不以点开头", "at most 150 bytes, no control characters, / or \\, no leading dot"),
        ),
        "FIL-003": (
            Words("清单(.ok)无法读懂", "the manifest (.ok) can't be understood"),
            Words("清单写 name、size、sha256、sequence,每行一个 键=值,或一个 JSON 对象", "name, size, sha256, sequence: one key=value a line, or one JSON object"),
        ),
        "FIL-004": (
            Words("文件与清单不符", "the file is not as its manifest says"),
            Words("重新传输文件,最后再写 .ok 清单", "send the file again, and its .ok manifest last"),
        ),
        "FIL-005": (
            Words("清单的签名不成立或缺少签名", "the manifest's signature does not hold or is missing"),
            Words("用备案证书对应的私钥签名", "sign with the key of the registered certificate"),
        ),
        "FIL-006": (
            Words("文件过大", "the file is too large"),
            Words("分成几个文件报送", "send it in several files"),
        ),
        "FIL-007": (
            Words("压缩包不可接受", "the archive can't be accepted"),
            Words("只打包数据文件:不含目录外路径、链接、加密和嵌套压缩包", "pack data files only: no outside paths, links, encryption or nested archives"),
        ),
        "FIL-008": (
            Words("文件序号不大于已处理的序号,未读取", "the file's sequence is not above the last one taken: not read"),
            Words("更正后用新的序号重新报送", "send it again under a new sequence"),
        ),
        "FIL-009": (
            Words("不支持这种文件", "files of this kind are not read"),
            Words("按 sources.d 中声明的格式报送", "send the format that sources.d declares"),
        ),
        "FIL-010": (
            Words("缺少声明的列", "a declared column is missing"),
            Words("核对表头与 sources.d 的 columns、row_id", "compare the header with columns and row_id in sources.d"),
        ),
        "FIL-011": (
            Words("行标识为空", "the row id is empty"),
            Words("补填该单元格", "fill the cell in"),
        ),
        "FIL-012": (
            Words("同一文件中行标识重复", "the row id appears twice in one file"),
            Words("在 row_id 中补充列,或删除重复的行", "add columns to row_id, or delete the repeated row"),
        ),
        "FIL-013": (
            Words("该行不是 JSON 对象", "the line is no JSON object"),
            Words("每行写一个 JSON 对象,键不重复", "write one JSON object a line, without repeated keys"),
        ),
        "FIL-014": (
            Words("DBF 文件不完整或无法读懂", "the DBF file is cut off or can't be understood"),
            Words("重新导出并完整传输;备注型字段请改为字符型", "export and send it again; make memo fields character fields"),
        ),
        "FIL-015": (
            Words("表头重复或为空", "a header is empty or appears twice"),
            Words("给每一列一个不同的表头", "give every column a header of its own"),
        ),
        "FIL-016": (
            Words("文件目录无法访问", "the folder can't be used"),
            Words("检查路径、账号和读写权限", "check path, account and rights to read and write"),
        ),
        "FIL-017": (
            Words("文件在处理中被改动", "the file was changed while it was read"),
            Words("写完后再改名或写清单;不要改动已领取的文件", "rename it or write its manifest when it is complete; leave claimed files alone"),
        ),
        "FIL-018": (
            Words("XML 文件没有按声明的路径给出行", "the XML file holds no rows where they are declared"),
            Words("在 sources.d 的 row_path 中写明行元素的路径,例如 Data/Case", "give row_path in sources.d: the path of the row elements, such as Data/Case"),
        ),
        "FIL-019": (
            Words("该行的 XML 不能按列读取", "the row's XML can't be read as columns"),
            Words("核对该元素的内容", "check the content of the element"),
        ),
        "FIL-020": (
            Words("该块中有一行不是“名称:值”,或名称重复", "a line of the block is no “name: value”, or a name appears twice"),
            Words("每行写一个“名称:值”,块与块之间空一行;续行以空格开头", "one “name: value” a line, an empty line between blocks; a line that goes on begins with a space"),
        ),
        "FIL-021": (
            Words("文件现在读不了,留在原处,下次再读", "the file can't be read now: it stays where it is and is read next time"),
            Words("检查该文件的属主和读写权限、目录的粘滞位以及磁盘或网络盘", "check its owner and rights, the sticky bit of the folder, and the disk or network drive"),
        ),
        "FIL-022": (
            Words("工作副本写不下", "there is no room for the working copy"),
            Words("清理网关临时目录(TMPDIR)所在的磁盘,或把 TMPDIR 指到大一些的盘", "make room where the gateway keeps temporary files (TMPDIR), or point TMPDIR to a larger disk"),
        ),
    }
)  # fmt: skip


def file_finding(
    code: str, path: str, detail: str | Words = "", *, line: int | None = None, column: int | None = None,
    severity: Severity = Severity.ERROR,
) -> Finding:  # fmt: skip
    """Return the finding ``code`` about the file or column ``path``; ``detail`` is added to both sentences."""
    message, hint = FILE_FINDINGS[code]
    if detail:
        zh, en = (detail, detail) if isinstance(detail, str) else detail
        message = Words(f"{message.zh}:{zh}", f"{message.en}: {en}")
    return Finding(code, Stage.COLLECT, path, message, hint, severity, None, line, column)


class FileUnreadable(SourceError):
    """A file that can't be read or moved now, while its neighbours can: it stays, and is tried again by the next run."""

    def __init__(self, place: str, name: str, why: str) -> None:
        self.finding = file_finding("FIL-021", name, why)
        super().__init__(f"{place}: {why}", self.finding.hint)


class FileRefused(Exception):
    """A file that is not read any further; ``finding`` says why."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message.en)
        self.finding = finding
