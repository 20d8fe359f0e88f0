"""Bytes that a tool would fetch, where the tool itself can only be had with a whole system around it.

rauc OLD NEW: an adaptive update with a block hash index: the index (32 bytes for each block of 4096) and the blocks of NEW that are
nowhere in OLD, as RAUC's documentation describes it.
"""

import hashlib
import sys

BLOCK = 4096


def digests(path):
    with open(path, "rb") as image:
        while block := image.read(BLOCK):
            yield hashlib.sha256(block).digest()


def rauc(old, new):
    have = set(digests(old))
    blocks = list(digests(new))
    return 32 * len(blocks) + BLOCK * len({block for block in blocks if block not in have})


if __name__ == "__main__":
    what, old, new = sys.argv[1:]
    print({"rauc": rauc}[what](old, new))
