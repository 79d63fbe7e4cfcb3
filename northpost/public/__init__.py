"""What recipients meet: opens, clicks, unsubscribe, the mail in a browser.

No sign-in; every address carries a signed token.
"""
