"""A person's own pages: coming in (sign-up, invitation), making a workspace, profile. Sign-in itself is allauth's."""
