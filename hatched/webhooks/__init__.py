"""Check and read what Hatched delivers to your server. Needs no client and does no I/O."""

from hatched.webhooks.events import parse
from hatched.webhooks.signature import sign, verify_signature

__all__ = ["parse", "sign", "verify_signature"]
