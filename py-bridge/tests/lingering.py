"""Methods that leave work for after their answer."""

import time

done = []


def answer(session, params, _arrays):
    """What has been done after earlier answers."""
    if params.get("fails"):
        session.afterwards(lambda: 1 / 0)
    session.afterwards(lambda: (time.sleep(params.get("seconds", 0)), done.append(len(done))))
    return list(done), {}
