"""The in-doubt desk: messages of which nobody knows yet whether they arrived, and what to do about each."""
