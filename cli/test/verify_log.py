#!/usr/bin/env python3
"""Verifies phi's audit log, from the specifications alone and with nothing but Python's own library.

    verify_log.py KEY FILE      an export of the whole log (JSON lines), or one event's proof (c2sp.org/tlog-proof)

RFC 8785 (canonical JSON), RFC 6962 section 2.1 (Merkle tree), RFC 9162 section 2.1.3.2 (verifying inclusion), RFC 8032 section 5.1 (Ed25519),
C2SP signed-note, tlog-checkpoint and tlog-proof. Prints what it verified, or exits with 1 and the first thing that is wrong.
"""

import base64
import hashlib
import json
import sys

FIELDS = ("actor", "at", "data", "event", "kind", "lease", "request", "resource", "session")


def wrong(message):
    print(message)
    sys.exit(1)


# RFC 8785. Numbers in events are integers, and small fractions that Python writes as ECMAScript does.
def canonical(value):
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
        return "{" + ",".join(canonical(key) + ":" + canonical(value[key]) for key in keys) + "}"
    if isinstance(value, list):
        return "[" + ",".join(canonical(item) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def leaf_of(event):
    entry = {field: event[field] for field in FIELDS if field in event}
    data = dict(event["data"])
    for field, salt in event.get("salts", {}).items():
        text = salt + canonical(data[field])
        data[field] = {"sha256": hashlib.sha256(text.encode()).hexdigest()}
    entry["data"] = data
    return hashlib.sha256(b"\x00" + canonical(entry).encode()).digest()


def node(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


# RFC 6962 section 2.1, leaf by leaf: a stack of complete subtrees.
def add(stack, leaf):
    stack.append((1, leaf))
    while len(stack) > 1 and stack[-1][0] == stack[-2][0]:
        size, right = stack.pop()
        _, left = stack.pop()
        stack.append((2 * size, node(left, right)))


def root(stack):
    if not stack:
        return hashlib.sha256(b"").digest()
    result = stack[-1][1]
    for _, left in reversed(stack[:-1]):
        result = node(left, result)
    return result


# RFC 9162 section 2.1.3.2.
def includes(index, size, leaf, proof, expected):
    if index >= size:
        return False
    fn, sn, r = index, size - 1, leaf
    for p in proof:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            r = node(p, r)
            while not fn & 1 and fn != 0:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = node(r, p)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and r == expected


# RFC 8032 section 5.1, in affine coordinates: slow, and short enough to be read.
P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def plus(a, b):
    (x1, y1), (x2, y2) = a, b
    product = D * x1 * x2 * y1 * y2
    x = (x1 * y2 + x2 * y1) * pow(1 + product, P - 2, P) % P
    y = (y1 * y2 + x1 * x2) * pow(1 - product, P - 2, P) % P
    return x, y


def times(point, number):
    result = (0, 1)
    while number:
        if number & 1:
            result = plus(result, point)
        point, number = plus(point, point), number >> 1
    return result


def point(data):
    y = int.from_bytes(data, "little") & (2**255 - 1)
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P != 0:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - square) % P != 0:
        return None
    if x & 1 != data[31] >> 7:
        x = P - x
    return x, y


BASE = point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def signed(public, message, signature):
    a, r = point(public), point(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if len(signature) != 64 or a is None or r is None or s >= ORDER:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % ORDER
    return times(BASE, s) == plus(r, times(a, h))


# C2SP signed-note and tlog-checkpoint.
def checkpoint(note, key):
    name, identifier, encoded = key.split("+", 2)
    raw = base64.b64decode(encoded, validate=True)
    if raw[0] != 1 or hashlib.sha256(name.encode() + b"\n" + raw).digest()[:4].hex() != identifier:
        wrong("the key is not a key")
    text, _, signatures = note.rpartition("\n\n")
    text += "\n"
    origin, size, encoded_root = text.split("\n")[:3]
    if origin != name:
        wrong("the checkpoint is of another log")
    for line in signatures.splitlines():
        dash, signer, encoded = line.split(" ")
        signature = base64.b64decode(encoded, validate=True)
        if dash == "\u2014" and signer == name and signature[:4].hex() == identifier:
            if signed(raw[1:], text.encode(), signature[4:]):
                return int(size), base64.b64decode(encoded_root, validate=True)
    return wrong("the checkpoint is not signed with the key")


def verify_proof(text, key):
    head, _, note = text.partition("\n\n")
    lines = head.split("\n")
    event = json.loads(base64.b64decode(lines[1].removeprefix("extra "), validate=True))
    index = int(lines[2].removeprefix("index "))
    size, expected = checkpoint(note, key)
    proof = [base64.b64decode(line, validate=True) for line in lines[3:]]
    if event["seq"] != index + 1 or not includes(index, size, leaf_of(event), proof, expected):
        wrong("the event is not in the log")
    print(f"event {index + 1} of {size}")


def verify_export(lines, key):
    size, expected = checkpoint(json.loads(next(lines))["checkpoint"], key)
    stack, count, found = [], 0, None
    for line in lines:
        event = json.loads(line)
        count += 1
        if event["seq"] != count:
            wrong(f"event {count} is missing or not in its place")
        leaf = leaf_of(event)
        if leaf.hex() != event["leaf"]:
            wrong(f"event {count} does not make its leaf")
        add(stack, leaf)
        if count == size:
            found = root(stack)
    if found != expected:
        wrong(f"the first {size} events are not those that were signed")
    print(f"{size} events")


def main():
    key, file = sys.argv[1:]
    with open(file, encoding="utf-8", newline="\n") as opened:
        first = opened.readline()
        opened.seek(0)
        if first == "c2sp.org/tlog-proof@v1\n":
            verify_proof(opened.read(), key)
        else:
            verify_export(iter(opened), key)


main()
