"""Voltline, an electronics shop that does not exist: its catalogue, people, orders and their way with mail.

Pure: numbers from a seed, no database and no clock; the same seed, size and `now` give the same company to
the byte. Every address is on a domain reserved for examples (RFC 2606, RFC 6761), every IP on a documentation
range (RFC 5737). No tables.
"""

from northpost.demo.company.catalogue import CATEGORIES, PRODUCTS, Category, Product
from northpost.demo.company.orders import Orders
from northpost.demo.company.people import People
from northpost.demo.company.reactions import Audience, Reaction, SentMail
from northpost.demo.company.shop import NAME, Company, make_company

__all__ = [
    "CATEGORIES",
    "NAME",
    "PRODUCTS",
    "Audience",
    "Category",
    "Company",
    "Orders",
    "People",
    "Product",
    "Reaction",
    "SentMail",
    "make_company",
]
