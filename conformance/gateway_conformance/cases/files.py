# SPDX-License-Identifier: Apache-2.0
"""CON, SEC, SCH-03, INC-10 and IDM-01 for profile F: the folder, its rights, manifests, numbers, whole files."""

import contextlib
import os
import re
import shutil
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase

from gateway.channels.files import manifest
from gateway.documents import safexml
from gateway.documents.faults import RefusedDocument
from gateway.errors import TrustError
from gateway.trust import detached
from gateway.trust.masking import mask_text
from gateway.trust.signing import Verifier
from gateway_conformance.bench import Bench
from gateway_conformance.case import case
from gateway_conformance.cases.push import accepted, added, missing
from gateway_conformance.cases.push_basics import NUMBER, SECRET
from gateway_conformance.standin import reading
from gateway_conformance.standin.drop import Dropped, DropReader, digests
from gateway_conformance.stimulus import Answer
from gateway_conformance.subjects.arrivals import FIRST, REAL_TIME
from gateway_conformance.subjects.file import FileSubject
from gateway_conformance.verdict import Inconclusive

PARTY = "department"
OTHERS_READ, OTHERS_WRITE = 0o005, 0o002
ENCODINGS = frozenset({"utf-8", "us-ascii", "gb18030"})
CUT = 60.0
"""Seconds of the standard for which the folder is away in CON-08."""
TIMES = 3


def folder(bench: Bench) -> FileSubject:
    """Return the subject of profile F."""
    if not isinstance(bench.subject, FileSubject):
        raise TypeError("profile F has a FileSubject")
    return bench.subject


def _came(bench: Bench) -> list[Dropped]:
    """Return the files that have been taken; waits for the first ones; raises Inconclusive where none came."""
    subject = folder(bench)
    subject.wait(lambda: subject.reader.files)
    subject.before_driving()
    if not subject.reader.files:
        raise Inconclusive("没有取到任何带清单的文件", "no file with its manifest came")
    return list(subject.reader.files)


RANDOM = re.compile(r"[0-9A-Za-z+/]{40,}={0,2}")
"""Digests and signatures: one in some hundreds of them holds what looks like a number of a person."""


@case("CON-01", "F")
def folder_is_there(bench: Bench) -> None:
    """The declared folder is there, receipts can be written into it, and what the system drops comes into it."""
    subject = folder(bench)
    bench.examined()
    if not subject.wait(subject.place.is_dir):
        bench.fail("a", "目录不存在", "there is no such folder", place=subject.place.name)
    elif not os.access(subject.place, os.R_OK | os.W_OK | os.X_OK):
        bench.fail("b", "测试台不能读写该目录(回执要写回)", "the bench may not read and write the folder: receipts go there",
                   place=subject.place.name)  # fmt: skip
    elif not subject.wait(lambda: subject.reader.seen, least=FIRST):
        bench.fail("c", "目录中没有出现任何文件", "no file appears in the folder", place=subject.place.name)


@case("CON-02", "F")
def as_declared(bench: Bench) -> None:
    """Who drops, for whom, under which names: as declared; every file holds a package, or is no file for the gateway."""
    subject = folder(bench)
    for operation in bench.description.table("abilities").get("operations") or ():
        bench.examined()
        bench.fail(
            "c",
            f"声明与实际不符:声明有操作 {operation},投递目录没有操作",
            f"{operation} is declared, a folder has no operations",
        )
    for dropped in _came(bench):
        bench.examined()
        if not fnmatchcase(dropped.name, subject.pattern):
            bench.fail("a", f"文件名与声明的 {subject.pattern} 不符", f"a name that is not of the declared {subject.pattern}",
                       examples=[mask_text(dropped.name)])  # fmt: skip
            return
        package = dropped.call.package
        if package is None:
            continue  # what the file is, the cases of its content say
        for name, expected in (("senderCode", subject.sender), ("receiverCode", subject.receiver)):
            told = package.head.get(name, "")
            if told != expected:
                bench.fail("b", f"{name} 与声明不符", f"{name} is not the declared one", place=name, expected=expected,
                           received=told)  # fmt: skip
                return


@contextmanager
def _away(subject: FileSubject) -> Iterator[None]:
    """Take the folder away, as when a network drive is gone; raises Inconclusive where the bench may not."""
    place, hidden = subject.place, subject.place.with_name(f".{subject.place.name}.away")
    with subject.reader.away():
        try:
            place.rename(hidden)
        except OSError as error:
            raise Inconclusive(
                f"测试台不能移走目录:{error.strerror}", f"the bench may not move the folder: {error.strerror}"
            ) from error
        try:
            yield
        finally:
            with contextlib.suppress(FileNotFoundError):  # a system may make the folder that it misses
                for each in place.iterdir():
                    if not (hidden / each.name).exists():
                        each.replace(hidden / each.name)
                shutil.rmtree(place)
            hidden.rename(place)


@case("CON-08", "F")
def goes_on_after_a_cut(bench: Bench) -> None:
    """The folder is gone three times while there is something to drop: afterwards everything comes, whole."""
    subject = folder(bench)
    before = _came(bench)
    with subject.undisturbed() as after:
        keys: list[str] = []
        for _time in range(TIMES):
            with _away(subject):
                keys += added(bench)
                subject.idle(CUT)
        bench.examined(len(keys))
        if not accepted(bench, keys, after):
            lost = missing(bench, keys, after)
            bench.fail("a", f"目录恢复后 {len(lost)} 条没有报送", f"{len(lost)} records never come once the folder is back",
                       examples=lost)  # fmt: skip
        files = list(subject.reader.files)
        torn = [each.name for each in files if after < each.call.number and (each.call.mended or each.call.unreadable)]
        if torn and not any(each.call.mended or each.call.unreadable for each in before):
            bench.fail("b", "目录恢复后留下半个文件", "half a file is left once the folder is back", examples=torn)
        lacking = _lacking(files)
        if lacking and not _lacking(before):
            bench.fail("c", f"目录恢复后缺第 {lacking[0]} 号文件:失败时用掉了序号",
                       f"file number {lacking[0]} is missing: a number was spent on a failure", examples=lacking)  # fmt: skip


@case("SEC-03", "F")
def nothing_for_others(bench: Bench) -> None:
    """Nobody but the accounts of sender and gateway can list the folder or read a file in it."""
    subject = folder(bench)
    subject.wait(lambda: subject.reader.seen)
    mode = _mode(subject)
    bench.examined()
    if mode & OTHERS_READ:
        bench.fail("a", f"目录对其他账号开放({mode:o})", f"other accounts can read the folder ({mode:o})", expected="750",
                   received=f"{mode:o}")  # fmt: skip


def _mode(subject: FileSubject) -> int:
    """Return the permission bits of the folder; raises Inconclusive where there are none."""
    mode = subject.mode()
    if mode is None:
        raise Inconclusive("目录不存在(见 CON-01)", "there is no folder (see CON-01)")
    if os.name == "nt":
        raise Inconclusive(
            "Windows 上读不出目录权限,请在 Linux 前置机上运行测试台",
            "rights can't be read on Windows: run the bench on Linux",
        )
    return mode


@case("SEC-10", "F")
def nothing_secret_in_names(bench: Bench) -> None:
    """No secret and no identity number in names of files or in manifests."""
    for dropped in _came(bench):
        bench.examined()
        text = RANDOM.sub("", dropped.manifest_data.decode("utf-8", "replace"))
        for place, said in (("文件名 / name", dropped.name), ("清单 / manifest", text)):
            if SECRET.search(said) or re.search(r"(?i)(password|passwd|pwd|secret|token)[=_-]", said):
                bench.fail("a", f"{place}中出现口令", f"a secret stands in the {place}", place=place)
                return
            numbers = [each for each in NUMBER.findall(said) if mask_text(each) != each]
            if numbers:
                bench.fail("b", f"{place}中出现证件号码", f"an identity number stands in the {place}", place=place)
                return


@case("SEC-11", "F")
def manifests_and_rights(bench: Bench) -> None:
    """Every file has a manifest that came after it, whose name, size, hash and signature hold; nobody else may write.

    What is signed twice is verified twice: the manifest over the file, the package over its Head.
    """
    subject = folder(bench)
    subject.wait(lambda: subject.reader.seen)
    subject.before_driving()
    _no_manifest(bench, subject.reader)
    certificate = subject.manifests.read_bytes()
    for dropped, digest in digests(subject.reader.files):
        bench.examined()
        if not _holds(bench, dropped, digest, certificate):
            break
    verifier = Verifier({PARTY: [subject.signing.read_bytes()]})
    for dropped in subject.reader.files:
        if not _signed(bench, dropped, verifier):
            break
    mode = _mode(subject)
    open_to_all = sorted({bits for each in subject.reader.files for bits in each.modes if bits & OTHERS_WRITE})
    if mode & OTHERS_WRITE or open_to_all:
        shown = f"{mode if mode & OTHERS_WRITE else open_to_all[0]:o}"
        bench.fail(
            "e", f"其他账号可以写({shown})", f"other accounts may write ({shown})", expected="750", received=shown
        )


def _no_manifest(bench: Bench, reader: DropReader) -> None:
    """Fail for files that never get a manifest, and for those whose manifest came first."""

    def left() -> list[str]:
        names = set(reader.visible())
        return sorted(
            name for name in names if not name.endswith(manifest.SUFFIX) and name + manifest.SUFFIX not in names
        )

    folder(bench).wait(lambda: not left(), REAL_TIME)
    if bare := left():
        bench.examined(len(bare))
        bench.fail("a", f"清单缺失:{len(bare)} 个文件没有 .ok", f"{len(bare)} files have no manifest",
                   examples=[mask_text(name) for name in bare])  # fmt: skip
    order = reader.watch.appeared
    early = sorted(
        each.name
        for each in reader.files
        if each.name in reader.early or 0 < order.get(each.name + manifest.SUFFIX, 0) < order.get(each.name, 0)
    )
    if early:
        bench.fail(
            "f", "先写清单后写数据", "the manifest comes before its file", examples=[mask_text(name) for name in early]
        )


def _holds(bench: Bench, dropped: Dropped, digest: str, certificate: bytes) -> bool:
    """Hold a file to its manifest; returns whether all is right."""
    declared, name = dropped.manifest, mask_text(dropped.name)
    if declared is None:
        bench.fail("b", f"清单读不懂:{dropped.fault}", "the manifest can't be read", examples=[name])
        return False
    for what, said, found in (
        ("name", declared.name, dropped.name),
        ("size", declared.size, len(dropped.data)),
        ("sha256", declared.sha256, digest),
    ):
        if said != found:
            bench.fail("c", f"清单与文件不符:{what}", f"the manifest's {what} is not the file's", place=what,
                       expected=mask_text(str(found)), received=mask_text(str(said)), examples=[name])  # fmt: skip
            return False
    if not declared.signature or not detached.holds(certificate, declared.signed(), declared.signature):
        why = ("签名不成立", "does not hold") if declared.signature else ("没有签名", "is missing")
        bench.fail("d", f"清单{why[0]}", f"the signature of a manifest {why[1]}", place="signature", examples=[name])
        return False
    return True


def _signed(bench: Bench, dropped: Dropped, verifier: Verifier) -> bool:
    """Verify the signature of a package over its Head, and bodyDigest over what its Body lists."""
    package = dropped.call.package
    if package is None or dropped.call.mended:
        return True  # what cannot be read is the matter of other cases
    try:
        found = reading.child(safexml.parse(dropped.data), "Package", deep=True)
    except RefusedDocument:
        return True
    parts = {} if found is None else {reading.local(child): child for child in found}
    if not {"Head", "Body", "Signature"} <= set(parts):
        bench.fail("g", "数据包没有签名", "a package without Head, Body or signature", received=sorted(parts))
        return False
    try:
        verifier.verify(parts["Head"], parts["Signature"], PARTY)
    except TrustError as error:
        bench.fail("g", f"数据包签名不成立:{error}", f"the signature of a package does not hold: {error}")
        return False
    if package.computed_body_digest != package.head.get("bodyDigest"):
        bench.fail("h", "bodyDigest 与正文不符,签名没有覆盖正文",
                   "bodyDigest is not that of the Body: the signature does not cover it")  # fmt: skip
        return False
    return True


@case("SCH-03", "F")
def encoded_as_declared(bench: Bench) -> None:
    """Files are in the encoding that their XML declaration says, and that sut.toml declares: UTF-8 or GB 18030."""
    promised = (bench.description.declares("encoding") or "").lower()
    for dropped in _came(bench):
        bench.examined()
        inside = re.match(rb"\s*(?:\xef\xbb\xbf)?<\?xml[^>]*encoding=[\"']([\w-]+)", dropped.data)
        declared = (inside.group(1).decode() if inside else "utf-8").lower()
        try:
            dropped.data.decode(declared)
        except (UnicodeError, LookupError):
            bench.fail("a", f"声明 {declared},实际不是", "the declared encoding is not the real one", received=declared)
            return
        if declared not in ENCODINGS:
            bench.fail("c", f"只收 UTF-8 或 GB18030,文件声明 {declared}", f"UTF-8 or GB 18030, the file is {declared}")
            return
        if promised and promised != declared and not {promised, declared} <= {"utf-8", "us-ascii"}:
            bench.fail(
                "b", f"声明的编码是 {promised},文件是 {declared}", f"{promised} is declared, the file is {declared}"
            )
            return


@case("INC-10", "F")
def numbers_and_whole_files(bench: Bench) -> None:
    """Manifests are numbered without gaps, each number and name stands for one file; nothing is written under its final name."""
    subject = folder(bench)
    with subject.undisturbed() as after:
        keys = [key for _time in range(TIMES) for key in added(bench, 2)]
        accepted(bench, keys, after)
        files = list(subject.reader.files)
        bench.examined(len(files))
        _numbers(bench, files)
        _names(bench, files)
        _whole(bench, subject.reader, files)


def _numbers(bench: Bench, files: list[Dropped]) -> None:
    told = [each for each in files if each.manifest is not None]
    unnumbered = [each.name for each in told if each.manifest and each.manifest.sequence is None]
    if unnumbered:
        bench.fail("b", f"{len(unnumbered)} 个清单没有 sequence", f"{len(unnumbered)} manifests have no sequence",
                   place="sequence", examples=[mask_text(name) for name in unnumbered])  # fmt: skip
        return
    numbers = _sequences(files)
    lacking = _lacking(files)
    if lacking:
        bench.fail("a", f"缺第 {lacking[0]} 号文件", f"file number {lacking[0]} is missing", examples=lacking)
    twice = sorted(number for number, count in Counter(numbers).items() if count > 1)
    if twice:
        bench.fail("c", f"序号 {twice[0]} 用于两个文件", f"number {twice[0]} stands for two files", examples=twice)


def _sequences(files: list[Dropped]) -> list[int]:
    return [each.manifest.sequence for each in files if each.manifest and each.manifest.sequence is not None]


def _lacking(files: list[Dropped]) -> list[int]:
    """Return the numbers that are missing between the first and the last."""
    numbers = _sequences(files)
    return sorted(set(range(min(numbers), max(numbers) + 1)) - set(numbers)) if numbers else []


def _names(bench: Bench, files: list[Dropped]) -> None:
    by_name = defaultdict[str, int](int)
    for each in files:
        by_name[each.name] += 1
    twice = sorted(name for name, count in by_name.items() if count > 1)
    if twice:
        bench.fail("d", "文件名重复使用", "a file's name is used again", examples=[mask_text(name) for name in twice])
    offsets = Counter(
        int(found[-1]) - each.manifest.sequence
        for each in files
        if each.manifest and each.manifest.sequence is not None and (found := re.findall(r"\d{1,18}", each.name))
    )
    if len(offsets) > 1 and max(offsets.values()) * 2 > sum(offsets.values()):
        bench.fail("e", "文件名中的序号与清单不一致", "the number in a name is not the manifest's")


def _whole(bench: Bench, reader: DropReader, files: list[Dropped]) -> None:
    """Fail for files that data was written to under their final names; a manifest so written is only noted."""
    written = [each.name for each in files if each.name in reader.watch.written]
    grew = [
        each.name
        for each in files
        if not reader.watch.whole and (seen := reader.seen.get(each.name)) is not None and seen.size < len(each.data)
    ]
    torn = sorted({*written, *grew})
    if torn:
        bench.fail("f", f"{len(torn)} 个文件直接写在最终文件名下,会被读到一半",
                   f"{len(torn)} files are written under their final names: a reader can see half of one",
                   examples=[mask_text(name) for name in torn])  # fmt: skip
    bare = [each.name for each in files if each.name + manifest.SUFFIX in reader.watch.written]
    if bare and not torn:
        bench.warn("g", "清单直接写在最终文件名下", "manifests are written under their final names",
                   examples=[mask_text(name) for name in bare])  # fmt: skip


@case("IDM-01", "F")
def the_same_again(bench: Bench) -> None:
    """What waits in the folder stays as it is; what is dropped once more holds the same records under the same recordIds."""
    subject = folder(bench)
    with subject.undisturbed() as after:
        with subject.holding():
            keys = added(bench, 3)
            subject.wait(subject.reader.waiting)
            first = _standing(subject)
            bench.examined(len(first))
            if not first:
                raise Inconclusive("没有等到文件", "no file came to wait")
            subject.idle(REAL_TIME)
            second = _standing(subject)
        changed = sorted(name for name, data in first.items() if second.get(name) != data)
        if changed:
            bench.fail("b", "放好的文件还会变", "a file that was complete changes or goes away while it waits",
                       examples=[mask_text(name) for name in changed])  # fmt: skip
        if not accepted(bench, keys, after):
            raise Inconclusive("没有收到 records.add 写入的记录", "what records.add wrote never came")
        before = _content(bench, keys, after)
        last = len(subject.log.calls)
        if _again(bench, keys[0]) is None:
            return
        subject.wait(lambda: any(call.package and keys[0] in call.package.keys for call in subject.log.calls[last:]))
        again = _content(bench, keys, last)
        bench.examined(len(again))
        differing = [key for key, content in again.items() if content != before.get(key)]
        if not again:
            bench.fail("c", "要求重放的文件没有再来", "a file that was asked for again never comes", examples=keys)
        elif differing:
            bench.fail("a", f"两次不一致:{len(differing)} 条", f"{len(differing)} records differ when dropped once more",
                       examples=differing)  # fmt: skip
        elif [key for key in again if key in before] != [key for key in before if key in again]:
            bench.fail(
                "a", "两次不一致:顺序不同", "the records come in another order when dropped once more", examples=keys
            )


def _standing(subject: FileSubject) -> dict[str, bytes]:
    """Return the complete files that wait in the folder."""
    found = {}
    for name in subject.reader.waiting():
        with contextlib.suppress(OSError):
            found[name] = (subject.place / name).read_bytes()
    return found


def _again(bench: Bench, key: str) -> Answer | None:
    """Ask for the file of a record once more; None where the system has no such thing."""
    with contextlib.suppress(Inconclusive):
        return bench.drive("file.again", key=key)
    return None


def _content(bench: Bench, keys: tuple[str, ...], after: int) -> dict[str, tuple[str, int, str]]:
    """Return recordId, version and digest of records that came after a call, by key, in the order in which they came."""
    return {
        record.key: (record.record_id, record.version, record.computed_digest)
        for call in folder(bench).log.submissions(after=after)
        if call.package
        for record in call.package.records
        if record.key in keys
    }
