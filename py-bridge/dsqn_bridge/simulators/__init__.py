"""The judges: each module knows one simulator and nothing of sockets; `*_methods` modules are the bridge's doors to them."""
