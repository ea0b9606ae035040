"""News for the floors above. Sent inside the transaction of its cause: what a receiver writes commits with it."""

from django.dispatch import Signal

# sender=Asset, asset=Asset, session_id=str (may be empty: the session it was sent for), by=User
asset_stored = Signal()
