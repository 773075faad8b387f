#!/usr/bin/env python3
"""A server of tokens for Docker's registry, on the loopback address: who names the user gets what is asked for, all others may read.

Usage: oci_token_server.py PORT KEY.pem USER PASSWORD ISSUER. Needs `pip install cryptography`. Prints each request's scopes.
"""
import base64
import hashlib
import http.server
import json
import sys
import time
import urllib.parse
import uuid

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

PORT, KEY, USER, PASSWORD, ISSUER = sys.argv[1:6]
key = serialization.load_pem_private_key(open(KEY, "rb").read(), None)


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def key_id():
    """The registry's name of a key: base32 of 30 bytes of the digest of its public half, in groups of four."""
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    public = key.public_key().public_bytes(serialization.Encoding.DER, form)
    text = base64.b32encode(hashlib.sha256(public).digest()[:30]).decode().rstrip("=")
    return ":".join(text[i : i + 4] for i in range(0, len(text), 4))


class Tokens(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        query = urllib.parse.parse_qs(urllib.parse.urlparse(self.path).query)
        user = None
        if (header := self.headers.get("Authorization", "")).startswith("Basic "):
            user, _, password = base64.b64decode(header[6:]).decode().partition(":")
            if (user, password) != (USER, PASSWORD):
                self.send_response(401)
                self.end_headers()
                return
        access = []
        for scope in " ".join(query.get("scope", [])).split():
            kind, name, actions = scope.split(":", 2)
            wanted = actions.split(",")
            allowed = wanted if user else [action for action in wanted if action == "pull"]
            access.append({"type": kind, "name": name, "actions": allowed})
        now = int(time.time())
        claims = {
            "iss": ISSUER, "sub": user or "", "aud": query.get("service", [""])[0], "exp": now + 60, "nbf": now - 5,
            "iat": now, "jti": uuid.uuid4().hex, "access": access,
        }
        head = {"typ": "JWT", "alg": "RS256", "kid": key_id()}
        signed = encoded(json.dumps(head).encode()) + "." + encoded(json.dumps(claims).encode())
        token = signed + "." + encoded(key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))
        print(" ".join(query.get("scope", [])), flush=True)
        body = json.dumps({"token": token, "expires_in": 60}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


http.server.ThreadingHTTPServer(("127.0.0.1", int(PORT)), Tokens).serve_forever()
