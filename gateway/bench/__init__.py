# SPDX-License-Identifier: Apache-2.0
"""The bench (测速): the product beside reference pipelines that do the same work on the same rows, in one run."""
