"""What every page shares: the workspace in its address, navigation, search, language and theme, home."""
