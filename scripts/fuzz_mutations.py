"""Damage that scripts/fuzz.py does to files: blind, or knowing what the bytes mean."""
import json
import re
import sqlite3
import struct

NUMBERS = [0, 1, -1, 2, 3, 7, 63, 64, 255, 256, 65535, 65536, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**62, 2**63 - 1, 2**63,
           2**64 - 1, -(2**31), -(2**63)]
TEXTS = ["", " ", "\x00", "\x1b[31m", "\u202e", "a" * 5000, "../../etc/passwd", "/dev/zero", "%s%n", "null", "NaN", "1e999",
         "\ufeff", "\n", "*/", "$(touch own)", "'; DROP TABLE build; --", "\ud7ff", "0x10", "-0", "9" * 400]


def blind(data, chance):
    """Flips, overwrites, cuts and repeats bytes, most often near the beginning, where headers are."""
    data = bytearray(data)
    for _ in range(chance.choice([1, 1, 1, 2, 4, 8])):
        if not data:
            break
        reach = len(data) if chance.random() < 0.3 else min(len(data), 4096)
        at = chance.randrange(reach)
        kind = chance.randrange(7)
        if kind == 0:
            data[at] ^= 1 << chance.randrange(8)
        elif kind == 1:
            data[at] = chance.choice([0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)])
        elif kind == 2:
            size, form = chance.choice([(2, "<H"), (4, "<I"), (8, "<Q")])
            value = chance.choice(NUMBERS) & ((1 << 8 * size) - 1)
            data[at:at + size] = struct.pack(form, value)
        elif kind == 3:
            del data[at:]
        elif kind == 4:
            del data[at:at + chance.randrange(1, 64)]
        elif kind == 5:
            data[at:at] = data[at:at + chance.randrange(1, 256)]
        else:
            data[at:at] = bytes(chance.randrange(256) for _ in range(chance.randrange(1, 16)))
    return bytes(data)


def value(chance):
    """Something that a JSON document may hold and nobody expects."""
    kind = chance.randrange(9)
    if kind < 3:
        return chance.choice(NUMBERS)
    if kind == 3:
        return chance.choice([0.5, -1.5, 1e308, 1e-320, float("nan"), float("inf")])
    if kind == 4:
        return chance.choice([None, True, False])
    if kind == 5:
        return chance.choice(TEXTS)
    if kind == 6:
        return [value(chance) for _ in range(chance.randrange(4))]
    if kind == 7:
        return {chance.choice(TEXTS): value(chance)}
    deep = 1
    for _ in range(chance.choice([3, 600])):
        deep = [deep]
    return deep


def change_json(document, chance):
    """Replaces, removes or repeats one thing somewhere in a document."""
    places = []

    def walk(node):
        if isinstance(node, dict):
            for key in node:
                places.append((node, key))
                walk(node[key])
        elif isinstance(node, list):
            for index in range(len(node)):
                places.append((node, index))
                walk(node[index])

    walk(document)
    if not places:
        return document
    node, key = chance.choice(places)
    kind = chance.randrange(6)
    if kind == 0:
        del node[key]
    elif kind == 1 and isinstance(node, dict):
        node[chance.choice(TEXTS)] = node[key]
    elif kind == 2 and isinstance(node, list):
        node.insert(key, node[key])
    elif kind == 3 and isinstance(node[key], (int, float)) and not isinstance(node[key], bool):
        node[key] = chance.choice([node[key] + 1, node[key] - 1, -node[key], node[key] * 2])
    else:
        node[key] = value(chance)
    return document


def as_json(data, chance):
    if chance.random() < 0.2:
        return blind(data, chance)
    try:
        document = json.loads(data)
        for _ in range(chance.choice([1, 1, 2, 3])):
            document = change_json(document, chance)
        return json.dumps(document, ensure_ascii=chance.random() < 0.5).encode("utf-8", "surrogatepass")
    except (ValueError, RecursionError):
        return blind(data, chance)


def as_safetensors(data, chance):
    """Changes the header and says its right length, so that what it claims is looked at."""
    if chance.random() < 0.3:
        return blind(data, chance)
    length = struct.unpack_from("<Q", data)[0]
    header = as_json(data[8:8 + length], chance)
    rest = data[8 + length:]
    if chance.random() < 0.3 and len(rest) > 2:
        # Not-a-number and infinity among the weights.
        at = chance.randrange(len(rest) // 2) * 2
        rest = rest[:at] + chance.choice([b"\x00\x7e", b"\x00\x7c", b"\x00\xfc"]) + rest[at + 2:]
    return struct.pack("<Q", len(header)) + header + rest


def as_gguf(data, chance):
    """Changes a text or a number of the metadata or of the tensor table where it stands."""
    if chance.random() < 0.4:
        return blind(data, chance)
    data = bytearray(data)
    end = min(len(data), 120_000)
    names = [match.start() for match in re.finditer(rb"[a-z0-9_]+(?:\.[a-z0-9_]+)+", bytes(data[:end]))]
    for _ in range(chance.choice([1, 1, 2])):
        at = chance.choice(names or [0])
        name = re.match(rb"[a-z0-9_.]*", bytes(data[at:at + 80])).group()
        kind = chance.randrange(4)
        if kind == 0 and name:
            data[at + chance.randrange(len(name))] = chance.choice(b"._0a\x00\xff")
        else:
            # After a key stand its type and value; after a tensor's name its dimensions, type and offset.
            place = at + len(name) + 4 * chance.randrange(8)
            size, form = chance.choice([(4, "<I"), (4, "<f"), (8, "<Q")])
            number = chance.choice([0.0, -1.0, 1e30, float("nan")]) if form == "<f" else \
                chance.choice(NUMBERS) & ((1 << 8 * size) - 1)
            data[place:place + size] = struct.pack(form, number)
    return bytes(data)


def as_lines(data, chance):
    """Damage to a text of lines, such as YAML."""
    if chance.random() < 0.2:
        return blind(data, chance)
    lines = data.decode("utf-8", "replace").split("\n")
    for _ in range(chance.choice([1, 1, 2, 3])):
        at = chance.randrange(len(lines))
        kind = chance.randrange(6)
        if kind == 0:
            del lines[at]
        elif kind == 1:
            lines.insert(at, lines[chance.randrange(len(lines))])
        elif kind == 2:
            lines[at] = chance.choice([" ", "\t", "  "]) + lines[at]
        elif kind == 3:
            words = re.findall(r"[^\s:,{}\[\]]+", lines[at])
            if words:
                text = chance.choice([*TEXTS, str(chance.choice(NUMBERS)), "~", "&a [*a]", "!!binary x", "- - -", "? x", "|",
                                      "${{ vars.name }}", "${{", "${{ matrix.kv }}", "pipeline.yaml"])
                lines[at] = lines[at].replace(chance.choice(words), text, 1)
        elif kind == 4:
            lines[at] += chance.choice([" #", ": x", " }", " ]", "&a", " *a", "\r", "\x85", "\u2028"])
        else:
            lines = lines[:at] + ["---"] + lines[at:]
        if not lines:
            lines = [""]
    return "\n".join(lines).encode("utf-8", "surrogatepass")


def as_tar(data, chance):
    """Damage to headers of a tar archive, with the sum of their bytes put right."""
    if chance.random() < 0.3:
        return blind(data, chance)
    data = bytearray(data)
    headers = [at for at in range(0, len(data) - 511, 512) if data[at + 257:at + 262] == b"ustar"]
    if not headers:
        return blind(data, chance)
    at = chance.choice(headers)
    begin, size = chance.choice([(0, 100), (124, 12), (100, 8), (156, 1), (157, 100), (345, 155)])
    text = chance.choice([b"77777777777", b"\x80" + b"\xff" * 11, b"../../own", b"/etc/own", b"", b"2", b"5", b"-1", b"8",
                          b"00000000000"])
    data[at + begin:at + begin + size] = text[:size].ljust(size, b"\0")
    data[at + 148:at + 156] = b" " * 8
    data[at + 148:at + 156] = b"%06o\0 " % sum(data[at:at + 512])
    return bytes(data)


def change_row(path, chance):
    """Changes one value of one row of a database, as nothing of the program does."""
    if chance.random() < 0.3:
        path.write_bytes(blind(path.read_bytes(), chance))
        return
    database = sqlite3.connect(path)
    try:
        names = [name for name, in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")]
        for name in names:
            database.execute(f'DROP TRIGGER "{name}"')
        database.execute("PRAGMA foreign_keys = OFF")
        database.execute("PRAGMA ignore_check_constraints = ON")
        tables = [name for name, in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        table = chance.choice(tables)
        rows = [row for row, in database.execute(f'SELECT rowid FROM "{table}"')]
        columns = [row[1] for row in database.execute(f'PRAGMA table_info("{table}")')]
        if not rows:
            return
        row, column = chance.choice(rows), chance.choice(columns)
        new = chance.choice([None, b"\xff\xfe", 1.5, float("inf"), *NUMBERS[:-6], *TEXTS])
        if chance.random() < 0.2:
            database.execute(f'DELETE FROM "{table}" WHERE rowid = ?', (row,))
        else:
            if isinstance(new, int):
                new = max(-(2**63), min(2**63 - 1, new))
            database.execute(f'UPDATE "{table}" SET "{column}" = ? WHERE rowid = ?', (new, row))
        database.commit()
    except (sqlite3.Error, OverflowError):
        database.rollback()
    finally:
        database.close()
