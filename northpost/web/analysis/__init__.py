"""Analysis: the figures of the whole workspace over a range, and a mailing's report."""
