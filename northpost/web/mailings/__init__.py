"""Mailings: the list, the page with four cards (who, what, when, check), sending under one's eyes."""
