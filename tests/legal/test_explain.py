# SPDX-License-Identifier: Apache-2.0
"""Due dates in words: what was counted, skipped, deducted, moved, and by which calendar; both languages."""

import re
from datetime import date, datetime

from gateway.clock import BEIJING
from gateway.legal import Due, Interval, LegalClock, explain


def told(due: Due, language: str = "zh") -> list[str]:
    """Return the steps in one language."""
    return [words.spoken(language) for words in explain(due)]


def test_working_days_with_holidays_and_a_suspension(clock: LegalClock) -> None:
    due = clock.due(
        "permit.decision", date(2019, 4, 15), extension=10,
        suspensions=[Interval(date(2019, 5, 7), date(2019, 5, 9))],
    )  # fmt: skip
    assert told(due) == [
        "许可决定:20 个工作日(行政许可法42 I)",
        "延长 10 个工作日",
        "2019-04-15 受理,当日不计,次日起算",
        "扣除 2019-05-07 之后至 2019-05-09",
        "周末之外跳过放假:劳动节 3 天",
        "调休上班计入:2019-04-28、2019-05-05",
        "日历依据到 国办发明电〔2025〕7号(2025-11-04)",
        "最迟 2019-05-30",
    ]


def test_an_end_that_moves_names_the_holiday(clock: LegalClock) -> None:
    steps = told(clock.due("penalty.payment", date(2012, 1, 10)))
    assert "末日 2012-01-25 是休息日(春节),顺延到 2012-01-29" in steps
    steps = told(clock.due("penalty.payment", date(2012, 1, 10)), "en")
    assert "the last day 2012-01-25 is a day off (春节): moves to 2012-01-29" in steps


def test_the_calendar_it_rests_on_is_named(clock: LegalClock) -> None:
    then = clock.admissible("permit.decision", date(2020, 1, 10))[1]
    assert "日历依据到 国办发明电〔2019〕16号(2019-11-21)" in told(then)


def test_provisional_paused_and_evening_receipts_say_so(clock: LegalClock) -> None:
    received = datetime(2026, 12, 28, 18, 0, tzinfo=BEIJING)
    due = clock.due("permit.supplement", received, suspensions=[Interval(date(2026, 12, 30), None)])
    steps = told(due)
    assert "2026-12-28 18:00 收到申请材料,在办公时间以外,按 2026-12-29 计" in steps
    assert "日历只到 2026-12-31,此日期为暂定" in steps
    assert "自 2026-12-30 中止,尚未恢复" in steps


def test_hours_and_senses(clock: LegalClock) -> None:
    report = clock.due("coercion.report", datetime(2012, 1, 22, 20, 0, tzinfo=BEIJING))
    assert told(report) == [
        "当场实施后报告:24 小时(行政强制法19)", "自 2012-01-22 20:00 实施起连续计算", "最迟 2012-01-23 20:00",
    ]  # fmt: skip
    assert told(clock.due("coercion.demand", date(2012, 9, 26)))[-1] == "2012-10-16 之后"
    assert told(clock.due("penalty.hearing-notified", date(2021, 7, 15)))[-1] == "最早 2021-07-26"
    assert "自 2012-07-31 有效期届满向前计算" in told(clock.due("permit.renewal", date(2012, 7, 31)))


def test_english_steps_hold_chinese_only_as_names(clock: LegalClock) -> None:
    """Laws, notices and holidays keep their names."""
    for limit in clock.limits.all:
        started = datetime(2025, 1, 20, 10, 0, tzinfo=BEIJING)
        for words in explain(clock.due(limit, started)):
            bare = words.en
            for name in (limit.article, "国办发明电", "号", "春节", "元旦", "清明节", "劳动节"):
                bare = bare.replace(name, "")
            assert not re.search(r"[\u4e00-\u9fff]", bare), words.en
