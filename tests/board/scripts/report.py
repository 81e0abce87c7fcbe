"""What a script of this folder says at its end: one line of JSON, which the test reads."""

import json


def report(quantity, measured, expected, tolerance=0.0):
    """`measured` against `expected`: numbers, or lists of them; the largest difference may be `tolerance`."""
    pairs = list(zip(measured, expected)) if isinstance(expected, list) else [(measured, expected)]
    same = not isinstance(expected, list) or len(measured) == len(expected)
    off = max((abs(float(a) - float(b)) for a, b in pairs), default=0.0)
    print(
        "REPORT "
        + json.dumps(
            {
                "quantity": quantity,
                "off": off,
                "tolerance": tolerance,
                "ok": bool(same and off <= tolerance),
                "measured": measured if not isinstance(measured, list) else measured[:40],
                "expected": expected if not isinstance(expected, list) else expected[:40],
            },
            default=float,
        ),
        flush=True,
    )
