"""The frame in a browser: finding by keyboard, light and dark, language, the sheet, signing in with a second step."""

from __future__ import annotations

import time

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from northpost.team.models import User, Workspace
from tests.browser.looking import dress, findings, fits

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PASSWORD = "a long enough password"


def one_time_code(secret: str) -> str:
    """RFC 6238 with its default step of 30 seconds, as an app on a phone reckons it."""
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30)))


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 360])
def test_axe_finds_nothing_in_the_frame(
    signed_in: Page, live_server: LiveServer, workspace: Workspace, theme: str, width: int
) -> None:
    dress(signed_in, live_server, theme, width)
    signed_in.goto(f"/w/{workspace.slug}/search/")
    expect(signed_in.locator("html")).to_have_attribute("data-theme", theme)
    assert findings(signed_in) == []
    assert fits(signed_in)


@pytest.mark.parametrize("path", ["/accounts/login/", "/accounts/password/reset/", "/nowhere/"])
def test_axe_finds_nothing_before_signing_in(page: Page, live_server: LiveServer, owner: User, path: str) -> None:
    dress(page, live_server, "dark", 360)
    page.goto(path)
    assert findings(page) == []
    assert fits(page)


def test_ctrl_k_opens_the_box_and_escape_gives_the_focus_back(signed_in: Page, workspace: Workspace) -> None:
    page = signed_in
    page.goto(f"/w/{workspace.slug}/search/")
    page.locator("#q").focus()
    page.keyboard.press("Control+k")
    expect(page.get_by_role("combobox")).to_be_focused()
    with page.expect_response("**/search/?q=no+such+thing"):
        page.keyboard.type("no such thing")
    expect(page.get_by_role("dialog")).to_contain_text("Nothing found")
    page.keyboard.press("Escape")
    expect(page.locator("#q")).to_be_focused()


def test_the_chosen_theme_stays(signed_in: Page, workspace: Workspace) -> None:
    page = signed_in
    page.emulate_media(color_scheme="light")
    page.goto(f"/w/{workspace.slug}/search/")
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.get_by_label("Light or dark").click()
    page.get_by_role("button", name="Dark").click()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != light
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.get_by_label("Light or dark").click()
    page.get_by_role("button", name="As the device is set").click()
    page.reload()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == light


def test_the_language_is_the_person_s(signed_in: Page, owner: User, workspace: Workspace) -> None:
    page = signed_in
    page.goto(f"/w/{workspace.slug}/search/?q=x")
    page.get_by_label("Language").click()
    page.get_by_role("button", name="Български").click()
    expect(page.locator("html")).to_have_attribute("lang", "bg")
    assert page.url.endswith(f"/w/{workspace.slug}/search/?q=x")
    owner.refresh_from_db()
    assert owner.language == "bg"


def test_on_a_phone_the_rail_is_a_sheet(signed_in: Page, workspace: Workspace) -> None:
    page = signed_in
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(f"/w/{workspace.slug}/search/")
    expect(page.locator(".rail")).to_be_hidden()
    page.get_by_role("button", name="More").click()
    sheet = page.get_by_role("dialog", name="All parts")
    expect(sheet.get_by_role("button", name="Sign out")).to_be_visible()
    assert findings(page) == []
    sheet.get_by_role("button", name="Close").click()
    expect(sheet).to_be_hidden()


def test_the_second_step_is_set_up_and_asked_for(page: Page, owner: User, workspace: Workspace) -> None:
    def sign_in() -> None:
        page.goto("/accounts/login/?next=/accounts/2fa/")
        page.get_by_label("Email").fill(owner.email)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()

    sign_in()
    page.goto("/accounts/2fa/totp/activate/")
    if "reauthenticate" in page.url:
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("img", name="QR code")).to_be_visible()
    assert findings(page) == []
    secret = page.locator("#secret").text_content() or ""
    page.locator("[name=code]").fill(one_time_code(secret))
    page.get_by_role("button", name="Switch on").click()
    expect(page.locator("#codes")).to_be_visible()
    assert findings(page) == []
    recovery = (page.locator("#codes").text_content() or "").split()[0]

    page.context.clear_cookies()
    sign_in()
    expect(page.get_by_role("heading", name="Second step")).to_be_visible()
    page.locator("[name=code]").fill("000000")
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator(".errorlist")).to_contain_text("Incorrect code")
    page.locator("[name=code]").fill(recovery)
    page.get_by_role("button", name="Sign in").click()
    page.goto("/accounts/2fa/")
    expect(page.get_by_role("link", name="Switch off the second step")).to_be_visible()
