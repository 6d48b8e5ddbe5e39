"""What to say: one module a use case. An `Event` in, a `Reply` out; no platform is known here."""
