# SPDX-License-Identifier: Apache-2.0
"""Bright Window permits 2.x (明窗行政审批系统, made up): three exchange views with pinyin column names.

The adapter only spares every site the same ten lines: it knows the views, their row ids and columns, so that
``sources.d`` says ``options: {url: …, view: applications}`` and ``gateway config check`` names a missing column.
"""

from dataclasses import replace

from gateway.sdk import AdapterSettings, ConfigurationError, Source, Tools

_HEAD = ("BJBH", "SXBM", "SXBB", "ZZJGDM", "XZQH", "JBR", "GW", "GH", "GXSJ")
_VIEWS = {
    "applications": ("V_XK_SQSL", "BJBH", (
        "SQXH", "SLXH", "SQRLX", "SQRMC", "ZJLX", "ZJHM", "FDDBR", "LXR", "LXDH", "DZ", "XMMC", "SQSX", "SXLX", "YZZH", "SQFS",
        "SDSJ", "SQCL", "SLJG", "SLSJ", "SLHZH", "CNQX", "BSLYY", "JJTJ",
    )),
    "steps": ("V_XK_HJ", "HJID", ("XH", "HJBM", "HJMC", "KSSJ", "JSSJ", "BLYJ", "BLJG", "XYHJ")),
    "decisions": ("V_XK_BJ", "BJBH", (
        "JDXH", "SDXH", "BJJG", "BJSJ", "WH", "WJMC", "NR", "XKLB", "ZZBH", "ZZMC", "YXQS", "YXQZ", "BXYY", "JJTJ", "PZR",
        "GKXS", "SDFS", "SDSJ", "SDR",
    )),
}  # fmt: skip


def open_source(settings: AdapterSettings, tools: Tools) -> Source:
    """Open one of the product's views; raises ConfigurationError for a view it does not have."""
    options = dict(settings.options)
    view = options.pop("view", None)
    if not isinstance(view, str) or view not in _VIEWS:
        raise ConfigurationError(
            f"sources.d/{settings.name}.yaml: options.view: 只能是 / must be one of: {', '.join(_VIEWS)}"
        )
    table, row_id, columns = _VIEWS[view]
    known = {
        "table": table,
        "row_id": [row_id],
        "stamp": {"column": "GXSJ", "format": "%Y-%m-%d %H:%M:%S"},
        "columns": [*_HEAD, *columns],
    }
    return tools.database(replace(settings, options={**known, **options}))
