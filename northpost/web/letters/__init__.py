"""Templates of mails and the files they show: the list, the editor with the mail beside it, the media library."""
