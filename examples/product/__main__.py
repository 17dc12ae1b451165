"""``python -m examples.product``: serves it on loopback, with a key for each of two tenants that is printed."""

from __future__ import annotations

import secrets

import uvicorn

from examples.product.app import make_app


def main() -> None:
    """Serves until Ctrl-C."""
    keys = {secrets.token_urlsafe(24): owner for owner in (("acme", "ada"), ("globex", "gil"))}
    for key, (org, user) in keys.items():
        print(f"{user} of {org}: curl -N -H 'Authorization: Bearer {key}' -H 'Content-Type: application/json'", end=" ")
        print("""-d '{"text": "How many seconds are 2h 45m?"}' http://127.0.0.1:8432/ask""")
    uvicorn.run(make_app(keys), host="127.0.0.1", port=8432)


if __name__ == "__main__":
    main()
