"""What an installation sets is read as it is meant, and what can't be meant is refused."""

from __future__ import annotations

import pytest

from northpost.config import environment


def test_own_mail_goes_to_the_console_unless_a_server_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("NORTHPOST_SMTP_URL", raising=False)
    assert environment.own_mail() == {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}


def test_own_mail_by_a_server(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("NORTHPOST_SMTP_URL", "smtp+starttls://vera%40firm.example:p%2Fw@mail.firm.example")
    assert environment.own_mail() == {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": "mail.firm.example",
        "EMAIL_PORT": 587,
        "EMAIL_HOST_USER": "vera@firm.example",
        "EMAIL_HOST_PASSWORD": "p/w",
        "EMAIL_USE_TLS": True,
        "EMAIL_USE_SSL": False,
        "EMAIL_TIMEOUT": 15,
    }


@pytest.mark.parametrize("url", ["mail.firm.example", "http://mail.firm.example", "smtp://"])
def test_an_address_that_is_no_mail_server_is_refused(monkeypatch: pytest.MonkeyPatch, url: str):
    monkeypatch.setenv("NORTHPOST_SMTP_URL", url)
    with pytest.raises(ValueError, match="NORTHPOST_SMTP_URL must look like"):
        environment.own_mail()


def test_a_database_address_is_taken_apart(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://vera:p%40w@db.firm.example:5433/post?sslmode=require")
    found = environment.databases()
    assert found["owner"]["USER"] == found["default"]["USER"] == "vera"
    assert found["owner"]["PASSWORD"] == "p@w"
    assert (found["owner"]["HOST"], found["owner"]["PORT"], found["owner"]["NAME"]) == (
        "db.firm.example",
        "5433",
        "post",
    )
    assert found["owner"]["OPTIONS"] == {"sslmode": "require"}
    assert found["default"]["OPTIONS"]["options"].endswith(" -c role=northpost_app")
    assert found["default"]["OPTIONS"]["sslmode"] == "require"


def test_a_database_over_the_network_is_asked_after(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(
        "DATABASE_URL", "postgresql://db.firm.example/post?tcp_user_timeout=5000&options=-c%20work_mem%3D8MB"
    )
    options = environment.databases()["default"]["OPTIONS"]
    assert options["tcp_user_timeout"] == "5000"
    assert options["keepalives_idle"] == "10"
    assert "-c tcp_keepalives_idle=10" in options["options"]
    assert "-c work_mem=8MB" in options["options"]


@pytest.mark.parametrize("seconds", ["0", "-5", "a week", "nan"])
def test_a_lease_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, seconds: str):
    monkeypatch.setenv("NORTHPOST_LEASE_SECONDS", seconds)
    with pytest.raises(ValueError, match=r"NORTHPOST_LEASE_SECONDS|could not convert"):
        environment.lease_seconds()


def test_the_usual_lease(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("NORTHPOST_LEASE_SECONDS", raising=False)
    assert environment.lease_seconds() == 60
    monkeypatch.setenv("NORTHPOST_LEASE_SECONDS", "7.5")
    assert environment.lease_seconds() == 7.5


def test_an_address_of_another_database_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DATABASE_URL", "mysql://vera@db.firm.example/post")
    with pytest.raises(ValueError, match="must begin with postgresql://"):
        environment.databases()


@pytest.mark.parametrize(
    ("text", "servers"),
    [
        ("", None),
        ("none", []),
        ("9.9.9.9", [("9.9.9.9", 53)]),
        ("10.0.0.2:5353, [2620:fe::fe]", [("10.0.0.2", 5353), ("2620:fe::fe", 53)]),
    ],
)
def test_name_servers(monkeypatch: pytest.MonkeyPatch, text: str, servers: list[tuple[str, int]] | None):
    monkeypatch.setenv("NORTHPOST_DNS", text)
    assert environment.name_servers() == servers


@pytest.mark.parametrize("text", ["dns.firm.example", "9.9.9.9,", "9.9.9.9:x"])
def test_a_name_server_is_named_by_its_address(monkeypatch: pytest.MonkeyPatch, text: str):
    monkeypatch.setenv("NORTHPOST_DNS", text)
    with pytest.raises(ValueError):
        environment.name_servers()
