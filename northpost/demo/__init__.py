"""The demo company and the main job on it: a shop's people, orders and mail, made by machine. No tables."""
