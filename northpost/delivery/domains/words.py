"""Findings in plain words, in the language that is active."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from northpost.delivery.domains.check import Finding

SPF_PROBLEMS: dict[str, Promise] = {
    "too_many_lookups": gettext_lazy("it asks for more than ten look-ups, and receivers stop at ten"),
    "too_many_void": gettext_lazy("more than two of the names in it lead nowhere"),
    "too_many_names": gettext_lazy("one of the names in it stands for more than ten servers"),
    "include_without_record": gettext_lazy("it includes a domain that has no SPF record"),
    "several_records": gettext_lazy("a domain that it includes has more than one SPF record"),
    "goes_in_circles": gettext_lazy("it includes itself"),
    "syntax": gettext_lazy("there is a slip in its spelling"),
}
TITLES: dict[str, Promise] = {
    "spf": gettext_lazy("SPF: who may send"),
    "dkim": gettext_lazy("DKIM: the signature"),
    "dmarc": gettext_lazy("DMARC: what happens to forgeries"),
    "mx": gettext_lazy("MX: where returned mail goes"),
    "ptr": gettext_lazy("PTR: the server's name"),
}


def say(finding: Finding) -> str:
    """The finding as a sentence or two: what it is, and what would be right."""
    params = dict(finding.params)
    if finding.key == "spf" and finding.code == "broken":
        params["why"] = SPF_PROBLEMS.get(str(params.get("problem")), SPF_PROBLEMS["syntax"])
    if finding.key == "dmarc" and "policy" in params:
        params["what"] = _policies()[str(params["policy"])] if params["policy"] in _policies() else params["policy"]
    words = _SENTENCES.get((finding.key, finding.code))
    return (
        words() % params if words is not None else _("%(key)s: %(code)s") % {"key": finding.key, "code": finding.code}
    )


def _policies() -> dict[str, str]:
    return {
        "none": _("nothing happens to them"),
        "quarantine": _("they go to the spam folder"),
        "reject": _("they are refused"),
    }


# Each is called when it is said, so that it is in the reader's language.
_SENTENCES: dict[tuple[str, str], Callable[[], Any]] = {
    ("spf", "could_not_ask"): lambda: _("SPF of %(domain)s could not be looked up. Try again later."),
    ("spf", "missing"): lambda: _(
        "%(domain)s does not say who may send for it. Publish this record, and providers believe your mail."
    ),
    ("spf", "missing_unsaid"): lambda: _(
        "%(domain)s does not say who may send for it. Ask whoever sends your mail, your provider or the e-mail service,"
        " for the SPF record, and publish it."
    ),
    ("spf", "several"): lambda: _(
        "%(domain)s has %(count)s SPF records, which makes all of them void. Put them together into one."
    ),
    ("spf", "broken"): lambda: _("The SPF record of %(domain)s can't be used: %(why)s."),
    ("spf", "there"): lambda: _("%(domain)s has a sound SPF record."),
    ("spf", "covers"): lambda: _("SPF lets the server %(host)s send for %(domain)s."),
    ("spf", "not_covered"): lambda: _(
        "SPF does not let the server %(host)s send for %(domain)s. Replace the record by this one, which does."
    ),
    ("spf", "server_unknown"): lambda: _(
        "%(domain)s has a sound SPF record. Which address the server %(host)s shows to the world can't be told from"
        " here: see to it that the record names it."
    ),
    ("dkim", "no_key"): lambda: _(
        "Mail from %(domain)s is not signed by Northpost. Make a key and publish its record, unless your provider"
        " signs."
    ),
    ("dkim", "could_not_ask"): lambda: _("The key %(selector)s could not be looked up. Try again later."),
    ("dkim", "not_published"): lambda: _(
        "The key %(selector)s is not published yet. Publish this record; it signs as soon as it is found."
    ),
    ("dkim", "several"): lambda: _("There are several records for the key %(selector)s. Leave only this one."),
    ("dkim", "another_key"): lambda: _(
        "Another key is published as %(selector)s, so that signatures don't fit. Replace it by this one."
    ),
    ("dkim", "revoked"): lambda: _("The key %(selector)s was called back: its record is empty. Publish this one."),
    ("dkim", "published"): lambda: _("The key %(selector)s is published as it should be."),
    ("dmarc", "could_not_ask"): lambda: _("DMARC of %(domain)s could not be looked up. Try again later."),
    ("dmarc", "missing"): lambda: _(
        "%(domain)s does not say what should happen to forged mail. The large providers ask for it: publish this"
        " record, with an address where reports are read."
    ),
    ("dmarc", "several"): lambda: _("%(domain)s has more than one DMARC record, which makes all of them void."),
    ("dmarc", "nothing_passes"): lambda: _(
        "DMARC is there (policy %(policy)s at %(at)s: %(what)s), but neither SPF nor a signature of Northpost proves"
        " your own mail. Mend one of them first."
    ),
    ("dmarc", "only_watches"): lambda: _(
        "DMARC is there, and your mail passes. About forgeries it says: %(what)s. Once the reports are clean, a"
        " stricter record protects your name."
    ),
    ("dmarc", "protects"): lambda: _("DMARC is there, your mail passes, and of forgeries it says: %(what)s."),
    ("mx", "could_not_ask"): lambda: _("MX of %(domain)s could not be looked up. Try again later."),
    ("mx", "takes_no_mail"): lambda: _(
        "%(domain)s says that it takes no mail. Returned mail and replies are lost, and many providers refuse such a"
        " sender."
    ),
    ("mx", "no_mx"): lambda: _(
        "%(domain)s has no MX record; returned mail goes to the web server's address. Publish one for your mail server."
    ),
    ("mx", "nowhere"): lambda: _("%(domain)s has neither MX nor address: nothing can be returned or answered."),
    ("mx", "leads_nowhere"): lambda: _("The MX of %(domain)s names %(hosts)s, which has no address."),
    ("mx", "there"): lambda: _("Returned mail for %(domain)s goes to %(hosts)s."),
    ("ptr", "could_not_ask"): lambda: _("The name of the server %(host)s could not be looked up. Try again later."),
    ("ptr", "missing"): lambda: _(
        "The address %(address)s of %(host)s has no name. Ask whoever rents you the server to set this record."
    ),
    ("ptr", "not_confirmed"): lambda: _(
        "The address %(address)s calls itself %(name)s, but that name leads elsewhere. Both ways must agree."
    ),
    ("ptr", "there"): lambda: _("The server %(host)s is called %(name)s, both ways."),
}
