"""Pictures of every page of a running demo, for looking at and for the README.

    make demo                       # in one terminal
    make screenshots                # in another

Signs in as the demo's owner, whose first password follows from the secret in the demo's directory (var/demo, or
NORTHPOST_DATA_DIR); where the owner has chosen another, or the demo is elsewhere: --email and --password.

Takes the README's pictures into docs/pictures/. With --all (or --only and names) it takes the pages of PAGES at
1440x900 and 360x740, light and dark, in English, Bulgarian and Russian, into var/screenshots/, for looking at. Says
which pages scroll sideways or complain in the browser's console, and ends with status 1 if a page could not be shown.
"""

from __future__ import annotations

import argparse
import io
import itertools
import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import BrowserContext, Page, sync_playwright
from playwright.sync_api import Error as BrowserError

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

# Found beside this folder.
from northpost.program import ground  # noqa: E402
from northpost.program.demo import DEMO_DIR  # noqa: E402
from northpost.program.processes import HOST, PORT  # noqa: E402
from tests.browser.chromium import launch  # noqa: E402

SIZES = {1440: 900, 360: 740}
THEMES = ("light", "dark")
LANGUAGES = ("en", "bg", "ru")
MOST_BYTES = 200_000


@dataclass(frozen=True)
class Shot:
    """A page: where it is below the workspace's address (or from the root, with a leading slash).

    `follow` is a CSS selector of a link on it that leads to the page that is meant, `then` of one on that page;
    `press` is a key for what opens on it.
    """

    name: str
    path: str
    follow: str = ""
    then: str = ""
    press: str = ""
    signed_out: bool = False


# A link to the page of one thing: its address ends with the thing's number.
ONE = "xpath=//main//a[number(substring-before(substring-after(@href, '/{0}/'), '/')) > 0]"

PAGES = [
    Shot("sign-in", "/accounts/login/", signed_out=True),
    Shot("home", ""),
    Shot("palette", "", press="Control+k"),
    Shot("goals", "goals/"),
    Shot("goal", "goals/", follow=ONE.format("goals")),
    Shot("goal-new", "goals/new/"),
    Shot("people", "people/"),
    Shot("person", "segments/", follow="main a:has-text('30')", then=ONE.format("people")),
    Shot("lists", "people/lists/"),
    Shot("import", "people/imports/new/"),
    Shot("imports", "people/imports/"),
    Shot("segments", "segments/"),
    Shot("segment", "segments/", follow="main tbody th a"),
    Shot("segment-new", "segments/new/"),
    Shot("segment-rule", "segments/", follow="main tbody th a", then="main a[href$='/edit/']"),
    Shot("orders", "sales/orders/"),
    Shot("order", "sales/orders/", follow="main tbody th a"),
    Shot("products", "sales/products/"),
    Shot("product", "sales/products/", follow="main tbody th a"),
    Shot("mailings", "mailings/"),
    Shot("mailing-new", "mailings/new/"),
    Shot("mailing", "mailings/?state=draft", follow="main tbody th a"),
    Shot("report", "mailings/?state=sent", follow="main tbody tr:last-child th a"),
    Shot("templates", "templates/"),
    Shot("template", "templates/", follow=ONE.format("templates")),
    Shot("analysis", "analysis/"),
    Shot("media", "media/"),
    Shot("mailbox", "mailbox/"),
    Shot("mail", "mailbox/", follow=ONE.format("mailbox")),
    Shot("deliverability", "deliverability/"),
    Shot("doubt", "doubt/"),
    Shot("doubt-left", "doubt/?show=left"),
    Shot("returns", "returns/"),
    Shot("returned", "returns/?kind=bounce", follow="main tbody th a"),
    Shot("reply", "returns/?kind=reply", follow="main tbody th a"),
    Shot("mailboxes", "settings/mailboxes/"),
    Shot("mailbox-new", "settings/mailboxes/new/"),
    Shot("settings", "settings/"),
    Shot("members", "settings/members/"),
    Shot("fields", "settings/fields/"),
    Shot("consent", "settings/consent/"),
    Shot("sending", "settings/sending/"),
    Shot("company", "settings/company/"),
    Shot("domains", "settings/domains/"),
    Shot("first-share", "mailings/first-share/"),
    Shot("limits", "settings/limits/"),
    Shot("provider-limit-new", "settings/limits/providers/new/"),
    Shot("warm-up", "settings/limits/", follow=ONE.format("warm-ups")),
    Shot("warm-up-new", "settings/limits/warm-ups/new/"),
    Shot("route", "settings/sending/", follow=ONE.format("routes")),
    Shot("route-new", "settings/sending/routes/new/"),
    Shot("services", "settings/sending/services/"),
    Shot("service-new", "settings/sending/services/new/mailgun/"),
    Shot("sender", "settings/sending/", follow=ONE.format("senders")),
    Shot("suppressions", "settings/suppressions/"),
    Shot("keys", "settings/keys/"),
    Shot("history", "settings/history/"),
    Shot("account", "/account/"),
    Shot("second-step", "/accounts/2fa/"),
    Shot("nowhere", "nowhere/"),
]

# Picture in docs/pictures -> page, theme, width.
README = {
    "home": ("home", "light", 1440),
    "goal": ("goal", "light", 1440),
    "mailing": ("mailing", "light", 1440),
    "segment": ("segment-rule", "light", 1440),
    "report": ("report", "dark", 1440),
    "person-phone": ("person", "light", 360),
}


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Pictures of every page of a running demo.")
    parser.add_argument("--url", default=f"http://{HOST}:{PORT}", help="where the demo is served")
    parser.add_argument("--email", help="whom to sign in (default: the demo's owner)")
    parser.add_argument("--password", help="(default: the one that the demo's owner was given)")
    parser.add_argument("--workspace", default="voltline", help="its short name in addresses")
    parser.add_argument("--all", action="store_true", help="every page, not only the README's pictures")
    parser.add_argument("--only", nargs="*", default=[], help="names of pages")
    parser.add_argument("--languages", nargs="*", default=LANGUAGES, choices=LANGUAGES)
    parser.add_argument("--themes", nargs="*", default=THEMES, choices=THEMES)
    parser.add_argument("--widths", nargs="*", type=int, default=list(SIZES), choices=list(SIZES))
    parser.add_argument("--whole", action="store_true", help="the page to its end, not only what the window shows")
    parser.add_argument("--into", type=Path, default=ROOT / "var" / "screenshots")
    return parser.parse_args()


def demo_owner() -> tuple[str, str]:
    """The e-mail address and the first password of the demo's owner. Raises FileNotFoundError: no demo here."""
    directory = Path(os.environ.setdefault("NORTHPOST_DATA_DIR", str(ROOT / DEMO_DIR)))
    if not directory.is_dir():
        raise FileNotFoundError(f"There is no demo in {directory}.")
    ground.settle()
    from northpost.demo import run

    return run.OWNER_EMAIL, run.first_password()


class Photographer:
    def __init__(self, chosen: argparse.Namespace, context: BrowserContext) -> None:
        self.chosen = chosen
        self.context = context
        self.page: Page = context.new_page()
        self.complaints: list[str] = []
        self.failed: list[str] = []
        self.workspace = ""
        self.found: dict[str, str] = {}
        self.page.on("console", lambda line: line.type == "error" and self.complain(line.text))
        self.page.on("pageerror", lambda error: self.complain(str(error)))

    def complain(self, what: str) -> None:
        if "status of 404" not in what:  # the page named "nowhere" is meant to be one
            self.complaints.append(f"{self.page.url}: {what}")

    def sign_in(self) -> None:
        self.page.goto(f"{self.chosen.url}/accounts/login/")
        self.page.fill("[name=login]", self.chosen.email)
        self.page.fill("[name=password]", self.chosen.password)
        self.page.click("main form .btn-primary")
        self.page.wait_for_url("**/w/**")
        self.workspace = f"{self.chosen.url}/w/{self.chosen.workspace}/"

    def speak(self, language: str) -> None:
        self.page.goto(f"{self.chosen.url}/nowhere/")  # answers anyone, with a token
        token = self.page.get_attribute("meta[name=csrf-token]", "content") or ""
        answer = self.context.request.post(
            f"{self.chosen.url}/language/",
            form={"csrfmiddlewaretoken": token, "language": language, "next": "/"},
            headers={"Referer": self.page.url},
            max_redirects=0,
        )
        if answer.status != 302:
            raise BrowserError(f"The language could not be changed to {language}: {answer.status}")

    def dress(self, theme: str, width: int) -> None:
        self.context.add_cookies([{"name": "theme", "value": theme, "url": self.chosen.url}])
        self.page.set_viewport_size({"width": width, "height": SIZES[width]})

    def address(self, shot: Shot) -> str:
        if shot.path.startswith("/"):
            return self.chosen.url + shot.path
        return self.workspace + shot.path

    def open(self, shot: Shot) -> None:
        """Raises LookupError where the page is not there."""
        address = self.found.get(shot.name) or self.address(shot)
        answer = self.page.goto(address)
        if shot.name not in self.found:
            for link in filter(None, (shot.follow, shot.then)):
                self.found[shot.name] = self.link(link)
                answer = self.page.goto(self.found[shot.name])
        if shot.name != "nowhere" and answer is not None and answer.status >= 400:
            raise LookupError(f"{self.page.url} answers {answer.status}")
        self.page.evaluate("document.fonts.ready")
        self.page.wait_for_load_state("networkidle")
        if shot.press:
            self.page.keyboard.press(shot.press)
            self.page.wait_for_load_state("networkidle")
        self.page.wait_for_timeout(150)

    def link(self, selector: str) -> str:
        links = self.page.locator(selector)
        if not links.count():
            raise LookupError(f"no link {selector} on {self.page.url}")
        return str(links.first.evaluate("link => link.href"))

    def take(self, shot: Shot, path: Path) -> None:
        try:
            self.open(shot)
        except (LookupError, BrowserError) as error:
            self.failed.append(f"{shot.name}: {str(error).splitlines()[0]}")
            return
        wide = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if wide > 0:
            self.complaints.append(f"{self.page.url} scrolls sideways by {wide} px")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(pressed(self.page.screenshot(full_page=self.chosen.whole)))


def pressed(picture: bytes) -> bytes:
    """The same picture, as it is or, where that is more than MOST_BYTES, in as many colours as fit."""
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    smaller = (image.quantize(colours, method=Image.Quantize.MAXCOVERAGE) for colours in (256, 128, 64))
    for candidate in itertools.chain([image], smaller):
        out = io.BytesIO()
        candidate.save(out, "PNG", optimize=True)
        if out.tell() < MOST_BYTES:
            break
    return out.getvalue()


def for_readme(chosen: argparse.Namespace) -> bool:
    return not (chosen.all or chosen.only)


def wanted(chosen: argparse.Namespace, language: str, theme: str, width: int) -> list[Shot]:
    if for_readme(chosen):
        pages = {page for page, *dress in README.values() if language == "en" and dress == [theme, width]}
        return [shot for shot in PAGES if shot.name in pages]
    return [shot for shot in PAGES if not chosen.only or shot.name in chosen.only]


def take_all(photographer: Photographer, stranger: Photographer, chosen: argparse.Namespace) -> int:
    taken = 0
    for language in chosen.languages:
        photographer.speak(language)
        stranger.speak(language)
        for theme, width in itertools.product(chosen.themes, chosen.widths):
            folder = chosen.into / f"{language}-{theme}-{width}"
            shots = wanted(chosen, language, theme, width)
            for shot in shots:
                who = stranger if shot.signed_out else photographer
                who.dress(theme, width)
                who.take(shot, folder / f"{shot.name}.png")
                taken += 1
            if shots:
                print(f"  {folder}", flush=True)
    photographer.speak("en")
    return taken


def publish(chosen: argparse.Namespace) -> None:
    """The README's pictures, from those just taken in English."""
    for name, (page, theme, width) in README.items():
        source = chosen.into / f"en-{theme}-{width}" / f"{page}.png"
        if source.exists():
            target = ROOT / "docs" / "pictures" / f"{name}.png"
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())


def tell(title: str, lines: Iterable[str]) -> None:
    lines = sorted(set(lines))
    if lines:
        print(title)
        for line in lines:
            print(f"  {line}")


def main() -> int:
    chosen = options()
    chosen.url = chosen.url.rstrip("/")
    if not (chosen.email and chosen.password):
        try:
            email, password = demo_owner()
        except FileNotFoundError as error:
            print(f"{error} Run make demo in another terminal first, or name --email and --password.")
            return 1
        chosen.email, chosen.password = chosen.email or email, chosen.password or password
    with sync_playwright() as playwright:
        browser = launch(playwright)
        photographer = Photographer(chosen, browser.new_context())
        stranger = Photographer(chosen, browser.new_context())
        try:
            photographer.sign_in()
        except BrowserError as error:
            print(f"Could not sign in at {chosen.url} as {chosen.email}: {str(error).splitlines()[0]}")
            print("Is a demo running there (make demo)? Another address: --url, --email, --password.")
            return 1
        taken = take_all(photographer, stranger, chosen)
        browser.close()
    if for_readme(chosen):
        publish(chosen)
    tell("In the browser:", [*photographer.complaints, *stranger.complaints])
    failed = [*photographer.failed, *stranger.failed]
    tell("Not taken:", failed)
    print(f"{taken - len(failed)} pictures in {chosen.into}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
