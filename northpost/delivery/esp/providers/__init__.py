"""One folder for each service; a folder registers itself."""
