"""Who asks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class KeyHolder:
    """A program that showed a valid key: its workspace, its name, and whether it may see amounts of money."""

    workspace_id: int
    name: str
    sees_money: bool
