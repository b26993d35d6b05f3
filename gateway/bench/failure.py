# SPDX-License-Identifier: Apache-2.0
"""What the bench says when a run of it is worth nothing."""

from gateway.errors import Disposition, GatewayError
from gateway.model.words import Words


class BenchFailure(GatewayError):
    """A measured run broke, or did other work than it should: its figures would mean nothing."""

    code = "GW-801"
    disposition = Disposition.HALT
    summary = Words("测速无效", "the bench run is void")
    advice = Words("查看标准错误输出,修正后重新测速", "read standard error, mend it and run the bench again")
