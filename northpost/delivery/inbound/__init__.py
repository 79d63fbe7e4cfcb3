"""What comes back by mail: bounces, spam reports, replies, DMARC reports.

parts, dsn, feedback, automatic, words, dmarc and classify are pure: bytes in, a :class:`~classify.Reading` out, within
bounds. whose finds the token of ours that says whom a mail is about; without one nothing follows from it. Ways in
(inboxes, the command ``northpost inbound``, lmtp) all end in taking.take_in, which stores the mail and leaves the rest
to a job: following.follow_up.
"""
