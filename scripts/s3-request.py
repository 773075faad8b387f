#!/usr/bin/env python3
"""Sends one signed request to an object storage on this machine and prints the status.

    scripts/s3-request.py METHOD http://127.0.0.1:PORT/bucket/key [--header NAME:VALUE]... [--data TEXT]

The keys are AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. Independent of edgepipe's own signatures, which it checks the server with.
"""
import argparse
import datetime
import hashlib
import hmac
import http.client
import os
import urllib.parse


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("method")
    parser.add_argument("address")
    parser.add_argument("--header", action="append", default=[])
    parser.add_argument("--data", default="")
    arguments = parser.parse_args()
    place = urllib.parse.urlsplit(arguments.address)
    body = arguments.data.encode()
    payload = hashlib.sha256(body).hexdigest()
    time = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    headers = {"host": place.netloc, "x-amz-date": time, "x-amz-content-sha256": payload}
    headers.update({name.lower(): value for name, value in (header.split(":", 1) for header in arguments.header)})
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name].strip()}\n" for name in sorted(headers))
    request = "\n".join([arguments.method, place.path, place.query, lines, names, payload])
    scope = f"{time[:8]}/us-east-1/s3/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", time, scope, hashlib.sha256(request.encode()).hexdigest()])
    key = ("AWS4" + os.environ["AWS_SECRET_ACCESS_KEY"]).encode()
    for step in scope.split("/"):
        key = hmac.new(key, step.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={os.environ['AWS_ACCESS_KEY_ID']}/{scope},SignedHeaders={names},Signature={signature}"
    )
    connection = http.client.HTTPConnection(place.netloc, timeout=20)
    connection.request(arguments.method, place.path + (f"?{place.query}" if place.query else ""), body or None, headers)
    print(connection.getresponse().status)


if __name__ == "__main__":
    main()
