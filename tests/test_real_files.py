"""The main job on the files of two real shops: `northpost up`, `northpost import`, a mailing over SMTP, its report.

What must come out is counted here from the raw files, in plain Python and without the product.
"""

from __future__ import annotations

import csv
import gzip
import http.cookiejar
import json
import os
import re
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest

from northpost.core.postgres import EmbeddedServer
from northpost.delivery.tests import rig
from tests.installation import ROOT, Installation, make_installation
from tests.real_shop import PASSWORD

pytestmark = pytest.mark.slow

CDNOW = "CDNOW_master.txt.gz"
GIFTS = "online_retail_2010-12.csv.gz"
SENDING_SECONDS = 120.0  # on a busy machine; idle it takes a few
CENT = Decimal("0.01")


def real(name: str) -> Path:
    """The file in shared/data beside the repository or above it, or in the directory that NORTHPOST_SHARED names."""
    named = os.environ.get("NORTHPOST_SHARED")
    places = [Path(named), Path(named) / "data"] if named else [one / "shared" / "data" for one in ROOT.parents]
    for place in places:
        if (place / name).exists():
            return place / name
    pytest.skip(
        f"THE MAIN JOB WAS NOT TRIED ON REAL INPUT: {name} is not in {' or '.join(map(str, places))}. "
        "Put it there, or name its directory in NORTHPOST_SHARED."
    )


@dataclass
class Books:
    """What a file says by itself: how often each customer ordered, how many orders there are, and their worth."""

    orders_of: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    orders: int = 0
    money: Decimal = Decimal()

    @property
    def twice_or_more(self) -> set[str]:
        return {customer for customer, orders in self.orders_of.items() if len(orders) >= 2}


def books_of_cdnow(path: Path) -> Books:
    """Customer, day, number of CDs, dollars; each line is a purchase."""
    books = Books()
    with gzip.open(path, "rt", encoding="ascii") as file:
        for line, cells in enumerate(map(str.split, file)):
            if cells and cells[0].isdigit():
                books.orders_of[cells[0]].add(str(line))
                books.orders += 1
                books.money += Decimal(cells[3])
    return books


def books_of_gifts(path: Path) -> Books:
    """Lines of invoices; those with C are credit notes. What nobody paid for and nobody known got is no sale."""
    books, invoices = Books(), set()
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["InvoiceNo"].startswith("C"):
                continue
            quantity = Decimal(row["Quantity"])
            worth = (quantity * Decimal(row["UnitPrice"])).quantize(CENT, ROUND_HALF_UP)
            customer = row["CustomerID"].removesuffix(".0")
            books.money += worth
            if worth or (customer and quantity > 0):
                invoices.add(row["InvoiceNo"])
                if customer:
                    books.orders_of[customer].add(row["InvoiceNo"])
    books.orders = len(invoices)
    return books


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    real(CDNOW)  # before anything is started for it
    real(GIFTS)
    made = make_installation("real")
    with made.up():
        yield made
    EmbeddedServer(made.directory / "postgres").remove()


@pytest.fixture(scope="module")
def sink(tmp_path_factory: pytest.TempPathFactory) -> Iterator[rig.Sink]:
    with rig.sink(tmp_path_factory.mktemp("sink")) as running:
        yield running


def shop(installation: Installation, *words: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.real_shop", *words],
        cwd=ROOT,
        env=installation.environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def bring_in(installation: Installation, path: Path, slug: str, preset: str) -> str:
    done = installation.run(
        *("import", "orders", str(path), "--workspace", slug, "--preset", preset),
        *("--address-pattern", f"{{external_id}}@{slug}.example"),
        *("--consent", "marketing", "--consent-source", "Terms of sale"),
        timeout=240,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def sent(installation: Installation, slug: str) -> dict[str, Any]:
    """How the mailing stands once the worker calls it sent."""
    deadline = time.monotonic() + SENDING_SECONDS
    while (told := shop(installation, "tell", slug))["state"] != "sent":
        assert time.monotonic() < deadline, (told["state"], told["states"], installation.log())
        time.sleep(2)
    return told


def report_page(installation: Installation, slug: str, campaign: int) -> str:
    """The report as its owner sees it, tags taken off."""
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
    login = f"{installation.url}/accounts/login/"
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', browser.open(login).read().decode())
    assert token is not None
    said = {"csrfmiddlewaretoken": token[1], "login": f"owner@{slug}.example", "password": PASSWORD}
    browser.open(login, urllib.parse.urlencode(said).encode()).close()
    page = browser.open(f"{installation.url}/w/{slug}/mailings/{campaign}/report/").read().decode()
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def asked_by_key(installation: Installation, key: str, campaign: int) -> dict[str, int]:
    """The mailing's figures as the API tells them."""
    asked = urllib.request.Request(
        f"{installation.url}/api/v1/campaigns/{campaign}", headers={"Authorization": f"Bearer {key}"}
    )
    with urllib.request.urlopen(asked) as answer:
        figures: dict[str, int] = json.load(answer)["figures"]
    return figures


def run_main_job(installation: Installation, sink: rig.Sink, path: Path, slug: str, preset: str, books: Books) -> str:
    """Bring the file in, mail those who bought twice or more; everything agrees with the books. The import's words."""
    key = shop(installation, "found", slug, {"cdnow": "USD"}.get(preset, "GBP"), str(sink.port))["key"]
    words = bring_in(installation, path, slug, preset)
    campaign = shop(installation, "send", slug)["campaign"]
    told = sent(installation, slug)

    assert (told["people"], told["orders"]) == (len(books.orders_of), books.orders)
    assert Decimal(told["money"]) == books.money
    assert (told["consents"], told["proofs"]) == (told["people"], told["people"])
    # History sets nothing off: neither the orders nor the consents of a file are news.
    assert told["live_events"] == 0

    # Each of them is in the ledger once, and nobody else is.
    assert sorted(told["in_ledger"]) == sorted(books.twice_or_more)
    assert told["states"] == {"accepted": len(books.twice_or_more)}
    mails = [mail for mail in sink.mails if mail["recipient"].endswith(f"@{slug}.example")]
    assert sorted(mail["recipient"] for mail in mails) == sorted(f"{one}@{slug}.example" for one in books.twice_or_more)
    assert sorted(told["written_to"]) == sorted(mail["recipient"] for mail in mails)
    assert len({mail["message_id"] for mail in mails}) == len(mails)
    assert (told["chosen"], told["sent"], told["delivered"]) == (len(mails),) * 3
    page = report_page(installation, slug, campaign)
    assert f"Sent {len(mails):,} " in page, page
    figures = asked_by_key(installation, key, campaign)
    assert (figures["chosen"], figures["accepted"], figures["delivered"]) == (len(mails),) * 3
    return words


def test_cdnow(installation: Installation, sink: rig.Sink):
    path = real(CDNOW)
    books = books_of_cdnow(path)
    assert (len(books.orders_of), books.orders, books.money) == (23_570, 69_659, Decimal("2500315.63"))
    words = run_main_job(installation, sink, path, "cdnow", "cdnow", books)
    assert "69,659 new, 0 changed, 0 as they were, 0 rows refused; 69,660 rows" in words


def test_the_gift_shop(installation: Installation, sink: rig.Sink):
    path = real(GIFTS)
    books = books_of_gifts(path)
    words = run_main_job(installation, sink, path, "gifts", "online-retail", books)
    # Credit notes for sales of the months before, which are not in this file, and lines that were nobody's gift.
    assert "789 rows refused" in words
