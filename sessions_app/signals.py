"""News for the floor above. Sent inside the transaction of its cause: what a receiver writes commits with it."""

from django.dispatch import Signal

# sender=Session, session=Session, version=SessionVersion, by=User
version_saved = Signal()
# sender=Recording, recording=Recording, by=User
recording_kept = Signal()
# sender=Session, session=Session: it is about to be deleted for good
session_purging = Signal()
