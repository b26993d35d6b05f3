# SPDX-License-Identifier: Apache-2.0
"""The local page (本地页面): runs of the suite started, watched and read in a browser, on 127.0.0.1 only."""
