"""Slow references: the same quantities by another road, in plain double-precision Python.

Nothing here imports a kernel or a step of :mod:`dualsense`; only its frozen data models.
"""
