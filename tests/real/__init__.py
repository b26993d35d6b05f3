# SPDX-License-Identifier: Apache-2.0
"""The main job on real records: 8,772 environmental penalties through the whole gateway (`python -m tests.real`)."""
