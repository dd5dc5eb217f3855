"""Azure's JSON as our values. Unknown fields are ignored here and survive in writes, which change the body as read."""
