# SPDX-License-Identifier: Apache-2.0
"""Reference systems (参考系统): a municipal platform and a supervision system, real servers that judge from outside.

Nothing of the gateway is imported here: parsing, digests, signatures and storage are made a second time with other
libraries, so that both sides cannot be wrong alike (architecture.md §8).
"""
