"""The program: the ``northpost`` command and the processes that it starts."""
