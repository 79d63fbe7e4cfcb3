"""The kinds of condition. Higher rooms add theirs with ``registry.register(kind)`` in their AppConfig."""
