# SPDX-License-Identifier: Apache-2.0
"""The main job on real records: penalties, levies and a catalogue through the whole gateway (`python -m tests.real`)."""
