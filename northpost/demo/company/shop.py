"""The whole demo company from one seed."""

from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

import numpy as np

from northpost.demo.company.catalogue import PRODUCTS
from northpost.demo.company.moments import from_aware
from northpost.demo.company.orders import Orders, make_orders
from northpost.demo.company.people import People, make_people
from northpost.demo.company.reactions import Audience

NAME = "Voltline"
SEED = 20_240_607


@dataclass(frozen=True)
class Company:
    """People and orders as they stand at `now`, and the people as readers of mail."""

    seed: int
    now: datetime
    people: People
    orders: Orders
    audience: Audience = field(repr=False)

    def digest(self) -> str:
        """One fingerprint of all that was made: equal for equal seed, size and `now`."""
        print_ = sha256()
        people, orders = self.people, self.orders
        for product in PRODUCTS:
            print_.update(f"{product.sku}|{product.model}|{product.price}\n".encode())
        known = (
            people.email, people.first_name, people.last_name, people.language, people.time_zone, people.city,
            people.birthday, people.customer_type, people.role, people.firm, people.loyalty_points,
            people.questionnaire, people.tags, people.lists, people.signed_up_at, people.consent_at,
            people.consent_version, people.consent_ip, people.consent_form,
        )  # fmt: skip
        for row in zip(*known, strict=True):
            print_.update(repr(row).encode())
        for column in (
            people.dead, people.full, people.prefetches, people.scanned, people.keenness, orders.person,
            orders.placed, orders.total, orders.refunded, orders.refunded_when, orders.line_start,
            orders.line_product, orders.line_quantity, orders.line_price, orders.left, orders.owns,
        ):  # fmt: skip
            print_.update(np.ascontiguousarray(column).tobytes())
        return print_.hexdigest()


def make_company(*, now: datetime, people: int = 20_000, seed: int = SEED) -> Company:
    """Voltline as of `now` (aware), whole and reproducible. Raises ValueError for fewer than one person."""
    if people < 1:
        raise ValueError("a demo company needs at least one person")
    moment = from_aware(now)
    rng = np.random.default_rng(seed)
    crowd = make_people(rng, people, moment)
    partner = np.array([role != "" for role in crowd.role])
    orders = make_orders(rng, crowd.signed_up, partner, moment)
    return Company(
        seed=seed,
        now=now,
        people=crowd,
        orders=orders,
        audience=Audience(seed, crowd, orders.left, orders.owns),
    )
