"""Damage by number: the same number always makes the same file."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_EDGES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
"""Numbers at which arithmetic goes wrong."""


def mutated(wholes: Mapping[str, bytes], number: int) -> tuple[str, bytes]:
    """Return the suffix and the bytes of the mutation with this number; the containers take turns."""
    suffixes = sorted(wholes)
    suffix = suffixes[number % len(suffixes)]
    chance = random.Random(number)
    data = bytearray(wholes[suffix])
    for _ in range(chance.choice((1, 1, 2, 4, 16))):
        _damage(data, chance)
    return suffix, bytes(data)


def _damage(data: bytearray, chance: random.Random) -> None:
    # Half of all damage is where headers and indices are: at the two ends.
    edge = min(len(data), 1500)
    place = chance.choice((chance.randrange(len(data)), chance.randrange(edge), len(data) - 1 - chance.randrange(edge)))
    length = chance.choice((1, 2, 4, 16, 256))
    kind = chance.randrange(6)
    if kind <= 1:
        for _ in range(chance.choice((1, 8))):
            data[min(place + chance.randrange(length), len(data) - 1)] ^= 1 << chance.randrange(8)
    elif kind == 2:
        data[place : place + 4] = chance.choice(_EDGES).to_bytes(4, chance.choice(("big", "little")))
    elif kind == 3:
        data[place : place + length] = chance.randbytes(length)
    elif kind == 4 and len(data) > 2000:
        del data[place : place + length]
    else:
        other = chance.randrange(len(data))
        data[place:place] = data[other : other + length]
