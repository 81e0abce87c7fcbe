"""Who may speak: on each channel one client, which knows the key that the parent wrote to our stdin."""

import hmac
import os
import platform

from dsqn_bridge import __version__
from dsqn_bridge.errors import BridgeError
from dsqn_bridge.methods import AREAS
from dsqn_bridge.protocol import PROTOCOL


class Greeter:
    """Lets one client in. A connection that has greeted stays the client's own, so its later messages need no signatures."""

    def __init__(self, key, channel, data="zeromq"):
        self._key = key
        self._data = data
        self._channel = channel.encode()
        self.client = None

    def greet(self, identity, hello):
        """The welcome for a hello, with our own proof; or an error."""
        if not hmac.compare_digest(hello["mac"], self._mac(b"client", hello["nonce"])):
            raise BridgeError(
                "AUTHENTICATION_FAILED", "The hello does not prove that its sender knows this worker's key."
            )
        if hello["protocol"] != PROTOCOL:
            theirs = f"The client speaks protocol {hello['protocol']}, this worker ({__version__}) protocol {PROTOCOL}."
            raise BridgeError(
                "PROTOCOL_VERSION", theirs, "Use the dsqn_bridge that came with this dsqn.", worker=PROTOCOL
            )
        if self.client not in (None, identity):
            raise BridgeError("SECOND_CLIENT", "This worker already serves a client.", "Open another worker.")
        self.client = identity
        return {
            "type": "welcome",
            "protocol": PROTOCOL,
            "version": __version__,
            "mac": self._mac(b"worker", hello["nonce"]),
            "python": platform.python_version(),
            "pid": os.getpid(),
            "capabilities": sorted(AREAS),
            "data": self._data,
        }

    def require(self, identity):
        """Raises unless ``identity`` is the client that has greeted."""
        if identity != self.client:
            raise BridgeError("AUTHENTICATION_FAILED", "The first message of a client is a hello.")

    def _mac(self, role, nonce):
        # HMAC-SHA256 over role, channel and nonce: neither side's proof, nor that for the other channel, can be sent back as one's own.
        return hmac.new(self._key, role + b" " + self._channel + b" " + nonce, "sha256").digest()
