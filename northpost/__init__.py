"""Northpost: e-mail marketing that starts from the goal."""

__version__ = "0.1.0"
