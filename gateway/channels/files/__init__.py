# SPDX-License-Identifier: Apache-2.0
"""Files as a source (文件交换): a directory or SFTP server, manifests, atomic claims, receipts (standard.md §4)."""
