# SPDX-License-Identifier: Apache-2.0
"""The bench in the gateway's place, for systems that push: a real HTTPS server that takes, receipts and notifies by
the wire contract, keeps all that came, and fails by script. It takes whatever can be read: what is wrong with it the
cases say, not the server, so that one defect does not hide everything else."""
