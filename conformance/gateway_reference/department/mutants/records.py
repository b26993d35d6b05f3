# SPDX-License-Identifier: Apache-2.0
"""Mutants whose defect stands in the records: wrong codes, missing elements, broken flows."""

import re
from datetime import timedelta

from gateway_reference.department.driving import without
from gateway_reference.department.life import Row, put, value
from gateway_reference.department.mutants import mutant
from gateway_reference.department.system import Department
from gateway_reference.wire import NAMESPACE


def of(row: Row, *types: str) -> bool:
    """Tell whether a row is of one of these types."""
    return row.type in types


class Documents(Department):
    """A department whose documents go out changed: a mutant gives ``change``."""

    def seed_case(self, category: str) -> list[Row]:
        """Return the records of a seed case, each changed."""
        return [row.copy(document=self.change(row)) for row in super().seed_case(category)]

    def change(self, row: Row) -> str:
        """Return the document as the defect leaves it."""
        return row.document


@mutant("M013")
class UnescapedAmpersand(Documents):
    """Company names go out as they stand in the database."""

    def document(self, row: Row) -> str:
        """Return the document with a bare ampersand."""
        return super().document(row).replace("南昌示例商贸有限公司", "南昌示例&样本商贸有限公司")


@mutant("M014")
class NodeCodeInPlace(Documents):
    """The node code stands where the outcome belongs."""

    def change(self, row: Row) -> str:
        """Return the document with the code in the outcome's place."""
        return put(row.document, "outcome", value(row.document, "stepCode")) if of(row, "XK_HJ") else row.document


@mutant("M017")
class FormerNamespace(Department):
    """Payloads stand in the namespace of the version before."""

    def document(self, row: Row) -> str:
        """Return the document in another namespace."""
        return super().document(row).replace(NAMESPACE, "urn:jx:power-exchange:0.9")


@mutant("M018")
class FloatAmount(Documents):
    """Amounts are printed through a float."""

    def change(self, row: Row) -> str:
        """Return the document with a float's tail."""
        return put(row.document, "total", "50.0000000001") if of(row, "XK_SF") else row.document


@mutant("M022")
class CopiedCheck(Documents):
    """The check character of a credit code is never computed."""

    def change(self, row: Row) -> str:
        """Return the document with the last digit copied."""
        return row.document.replace("91360100MA00000234", "91360100MA00000233")


@mutant("M023")
class LowerCase(Documents):
    """An identity number ends in a lower-case x."""

    def change(self, row: Row) -> str:
        """Return the document with a small letter."""
        return row.document.replace("360111198505050023", "36011119850505018x")


@mutant("M024")
class CancelledItem(Department):
    """An item that was cancelled last year is still reported."""

    def seed_case(self, category: str) -> list[Row]:
        """Return the records of a seed case under the cancelled item."""
        rows = super().seed_case(category)
        if category != "XK":
            return rows
        code = "XK-MA0000015-0009"
        return [
            r.copy(item=code if r.item else "", document=r.document.replace("XK-MA0000015-0001", code)) for r in rows
        ] + super().seed_case(category)


@mutant("M025")
class AllPermits(Department):
    """Penalties are numbered as permits."""

    def seed_case(self, category: str) -> list[Row]:
        """Return the records of a seed case with the category of a permit in their number."""
        rows = super().seed_case(category)
        if category != "CF":
            return rows
        wrong = re.compile(r"(MA0000015-2022)-CF-(\d{8})")
        return [
            r.copy(
                key=wrong.sub(r"\1-XK-9\2", r.key).replace("-XK-90", "-XK-9"),
                case=wrong.sub(r"\1-XK-9\2", r.case).replace("-XK-90", "-XK-9"),
                document=wrong.sub(r"\1-XK-9\2", r.document).replace("-XK-90", "-XK-9"),
            )
            for r in rows
        ]


@mutant("M026")
class NodeNames(Documents):
    """A Chinese node name stands in place of the code."""

    def change(self, row: Row) -> str:
        """Return the document with the name as code."""
        return put(row.document, "stepCode", value(row.document, "stepName")) if of(row, "XK_HJ") else row.document


@mutant("M027")
class GrantedPenalty(Documents):
    """A penalty case ends in a permit's result."""

    def change(self, row: Row) -> str:
        """Return the document with a result of another category."""
        return put(row.document, "result", "准予") if of(row, "CF_JD") else row.document


@mutant("M028")
class OneHandlerMissing(Documents):
    """The handler is missing in one record."""

    def change(self, row: Row) -> str:
        """Return the first application without its handler."""
        if of(row, "XK_SQ") and row.order == 0 and row.key.endswith("101:1"):
            return without(row.document, "operatorName")
        return row.document


@mutant("M029")
class NoCreditCode(Documents):
    """A legal person is reported without a code."""

    def change(self, row: Row) -> str:
        """Return the document without the number of its party."""
        if "<kind>2</kind>" in row.document and of(row, "XK_SQ", "CF_LA"):
            return re.sub(r"<idKind>统一社会信用代码</idKind><idNo>[^<]*</idNo>", "", row.document)
        return row.document


@mutant("M030")
class SilentItem(Department):
    """One declared item never produces a case."""

    def seed_data(self) -> None:
        """Fill the books without the levies."""
        super().seed_data()
        self.rows = {key: row for key, row in self.rows.items() if "-ZS-" not in row.case}


@mutant("M031")
class StepWithoutPost(Documents):
    """Steps do not say the post."""

    def change(self, row: Row) -> str:
        """Return the document without its post."""
        return without(row.document, "operatorPost") if of(row, "XK_HJ") else row.document


@mutant("M032")
class OrphanedProcess(Department):
    """The process rows of deleted cases are left behind."""

    def seed_data(self) -> None:
        """Fill the books and delete the beginning of one case."""
        super().seed_data()
        case = next(row.case for row in self.rows.values() if row.type == "XK_SF")
        for key in [k for k, r in self.rows.items() if r.case == case and r.type not in {"XK_HJ", "XK_TB"}]:
            del self.rows[key]


@mutant("M033")
class QuickCases(Department):
    """Quick cases skip the review."""

    def seed_case(self, category: str) -> list[Row]:
        """Return the records of a seed case without its second step."""
        rows = super().seed_case(category)
        kept = [r for r in rows if not (r.type == "XK_HJ" and value(r.document, "stepCode") == "S2")]
        return [
            r.copy(document=put(r.document, "nextStep", "S3")) if value(r.document, "stepCode") == "S1" else r
            for r in kept
        ]


@mutant("M034")
class TwoResults(Department):
    """A correction leaves a second final result."""

    def seed_case(self, category: str) -> list[Row]:
        """Return the records of a seed case with its decision twice."""
        rows = super().seed_case(category)
        again = [
            r.copy(key=re.sub(r":\d+$", ":88", r.key), document=put(r.document, "sequence", "88"))
            for r in rows
            if r.type == "XK_JD"
        ]
        return [*rows, *again] if category == "XK" else rows


@mutant("M066")
class FlagEmpty(Documents):
    """Decisions do not say whether they may be published."""

    def change(self, row: Row) -> str:
        """Return the document without its disclosure."""
        return re.sub(r"<disclosure>.*?</disclosure>", "", row.document) if of(row, "XK_JD", "CF_JD") else row.document


@mutant("M067")
class NumberInText(Documents):
    """The identity number is masked in its field and whole in the published text."""

    def change(self, row: Row) -> str:
        """Return the publication with a number in its text."""
        return (
            put(row.document, "content", "申请人周**(360111198505050023),结果:准予")
            if of(row, "GK_XX")
            else row.document
        )


@mutant("M068")
class MinorPublished(Documents):
    """The penalty of a minor is public."""

    def change(self, row: Row) -> str:
        """Return the penalty of a person under age, to be published."""
        if not of(row, "CF_JD", "CF_LA"):
            return row.document
        person = (
            "<party><kind>1</kind><name>赵示例</name><idKind>居民身份证</idKind><idNo>360111200601010013</idNo></party>"
        )
        document = re.sub(r"<party>.*?</party>", person, row.document)
        if "<minor>" in document:
            return put(document, "minor", "true")
        return document.replace("</operatorId>", "</operatorId><minor>true</minor>", 1)


# defects that only the list of this house has ------------------------------------------------------------------------


@mutant("H001")
class ControlCharacter(Documents):
    """A text pasted from a word processor holds a control character."""

    def document(self, row: Row) -> str:
        """Return the document with a character that XML does not allow."""
        return super().document(row).replace("示例门店", "示例\x0b门店")


@mutant("H002")
class FillerDate(Documents):
    """An empty date goes out as 9999-12-31."""

    def change(self, row: Row) -> str:
        """Return the document with a date that is none."""
        return put(row.document, "validTo", "9999-12-31") if of(row, "XK_JD") else row.document


@mutant("H003")
class FormerRegion(Documents):
    """The region of a county that was merged away is still reported."""

    def change(self, row: Row) -> str:
        """Return the document with a code that ended in 2015."""
        return put(row.document, "regionCode", "360122") if of(row, "CF_LA", "CF_GZ") else row.document


@mutant("H004")
class OtherSender(Documents):
    """Records of another body are sent as one's own."""

    def change(self, row: Row) -> str:
        """Return the document under another organisation."""
        return put(row.document, "orgCode", "11360100MA0000023C") if of(row, "CF_ZG") else row.document


@mutant("H005")
class OtherYear(Department):
    """The year in a case number is that of the data base, not of the case."""

    def seed_case(self, category: str) -> list[Row]:
        """Return the records of a seed case with another year in their number."""
        rows = super().seed_case(category)
        if category != "CF":
            return rows
        return [
            row.copy(
                key=row.key.replace("-2022-CF-", "-2023-CF-"),
                case=row.case.replace("-2022-CF-", "-2023-CF-"),
                document=row.document.replace("-2022-CF-", "-2023-CF-"),
            )
            for row in rows
        ]


@mutant("H006")
class FinishedBeforeBegun(Documents):
    """A step ends before it begins."""

    def change(self, row: Row) -> str:
        """Return the step with its times the wrong way round."""
        if of(row, "XK_HJ") and value(row.document, "stepCode") == "S2":
            return put(row.document, "finishedAt", "2022-03-01T09:00:00+08:00")
        return row.document


@mutant("H007")
class WrongTotal(Documents):
    """The total is not the sum of its lines."""

    def change(self, row: Row) -> str:
        """Return the charge with another total."""
        return put(row.document, "total", "51.00") if of(row, "XK_SF") else row.document


@mutant("H008")
class AttachmentDigest(Documents):
    """The digest of an attachment is taken before its line ends are changed."""

    def change(self, row: Row) -> str:
        """Return the attachment with another digest."""
        return (
            put(row.document, "sha256", "1" * 64) if of(row, "GG_FJ") and "<content>" in row.document else row.document
        )


@mutant("H009")
class KindDoesNotFit(Documents):
    """The kind of document does not fit its number."""

    def change(self, row: Row) -> str:
        """Return the agent with a pass whose number is none."""
        return row.document.replace(
            "<idKind>居民身份证</idKind><idNo>360111198505050023",
            "<idKind>来往内地通行证</idKind><idNo>360111198505050023",
        )


@mutant("H010")
class OldCodeWrong(Documents):
    """An organisation code goes out with a check character that is never computed."""

    def change(self, row: Row) -> str:
        """Return the filing with a wrong organisation code."""
        if of(row, "CF_LA"):
            return row.document.replace(
                "<idKind>统一社会信用代码</idKind><idNo>91360100MA00000234",
                "<idKind>组织机构代码</idKind><idNo>MA0000029",
            )
        return row.document


@mutant("H011")
class Fillers(Documents):
    """Empty fields are filled with a word that says nothing."""

    def change(self, row: Row) -> str:
        """Return the decision with a filler."""
        return put(row.document, "documentNo", "无") if of(row, "XK_JD") else row.document


@mutant("H012")
class FineWithoutKind(Documents):
    """Type-specific blocks do not fit: a fine without its kind."""

    def change(self, row: Row) -> str:
        """Return the decision without the kind of its fine."""
        return row.document.replace("<kinds>CF02</kinds>", "") if of(row, "CF_JD") else row.document


@mutant("H013")
class FutureEvents(Documents):
    """The time of an event is taken from a client whose clock is years ahead."""

    def change(self, row: Row) -> str:
        """Return the change of a permit in the future."""
        at = (self.now() + timedelta(days=900)).isoformat(timespec="seconds")
        return put(put(row.document, "occurredAt", at), "effectiveAt", at) if of(row, "XK_BG") else row.document


@mutant("H014")
class LatePublication(Documents):
    """Results are published when somebody thinks of it."""

    def change(self, row: Row) -> str:
        """Return the publication two months late."""
        return put(row.document, "publishFrom", "2022-05-10") if of(row, "GK_XX") else row.document
