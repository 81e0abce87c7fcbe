"""A method that takes a while."""

import time


def wait(_session, params, _arrays):
    time.sleep(params["seconds"])
    return {}, {}
