"""Soft reset on SpiNNaker: a copy of the user's own IF_curr_delta.aplx with seven words changed, made when it is needed and kept nowhere else.

sPyNNaker's IFCurDelta sets V to V_reset when it spikes. The copy takes V_thresh off V instead, in as many instructions:

    spike and V = V - V_thresh where V >= V_thresh; V_reset is unused. One spike per step, the overshoot is kept.

The reset is a block of 15 words, the same in sPyNNaker 7.3.0 to 7.4.1 and in the binaries with STDP. On both ways into it r2 is V_thresh and
r3 is V. It is found by its hash, wherever it lies, and nothing is changed where it isn't found. The seventh word is the application's name as
a hash, which the machine compares. With tau_refrac above 0 a potential that is still at the threshold spikes in the refractory time too.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import shutil
import struct
import tempfile

from ..errors import BridgeError

STOCK, SOFT = "IF_curr_delta.aplx", "IF_curr_delta_soft.aplx"
BLOCK_WORDS = 15
BLOCK_SHA256 = "73caeddfc836617610f968833f83c78cb6101d71d558ab1291653f39eb8ba9b4"
# Word of the block: its new instruction. What follows the store of V only moves up or takes another register, so that V stays in r0.
CHANGED = {
    0: 0xE0430002,  # sub r0, r3, r2       V - V_thresh
    1: 0xE59A3014,  # ldr r3, [sl, #20]
    3: 0xE59D2024,  # ldr r2, [sp, #36]
    8: 0xE58B0000,  # str r0, [fp]         V
    13: 0xE59B001C,  # ldr r0, [fp, #28]    the refractory time
    14: 0xE58B0014,  # str r0, [fp, #20]    its count-down
}


def softened(binary: bytes, name: str = STOCK, soft: str = SOFT) -> bytes:
    """The binary of file `name` as file `soft`, with a soft reset. BOARD_BINARY_UNKNOWN where its reset isn't the one that is known."""
    offsets = [
        offset
        for offset in range(0, len(binary) - 4 * BLOCK_WORDS + 1, 4)
        if binary[offset + 3] == 0xE5  # an instruction that loads, as the block's first is
        and hashlib.sha256(binary[offset : offset + 4 * BLOCK_WORDS]).hexdigest() == BLOCK_SHA256
    ]
    old, new = (_name_hash(own) for own in (name, soft))
    if len(offsets) != 1 or binary.count(old) != 1:
        raise BridgeError(
            "BOARD_BINARY_UNKNOWN",
            "The %s of this sPyNNaker resets in a way that isn't known here, and can't be made to reset by subtraction."
            % name,
            "sPyNNaker 1!7.3.0 to 1!7.4.1 have one that can. Or map with a reset to zero: --hard-reset.",
        )
    copy = bytearray(binary)
    for word, instruction in CHANGED.items():
        struct.pack_into("<I", copy, offsets[0] + 4 * word, instruction)
    return bytes(copy).replace(old, new)


def _name_hash(file: str) -> bytes:
    """As the machine has it: 32 bits of the md5 of the name without its ending."""
    digest = hashlib.md5(os.path.splitext(file)[0].encode()).hexdigest()
    return struct.pack("<I", int(digest[:8], 16))


_folder = ""


def register_soft_binary() -> str:
    """Makes the copy of this process, where sPyNNaker finds it, once; its path."""
    global _folder
    if not _folder:
        from spynnaker.pyNN.data import SpynnakerDataView as View

        with open(View.get_executable_path(STOCK), "rb") as file:
            binary = softened(file.read())
        _folder = tempfile.mkdtemp(prefix="dsqn-spinnaker-")
        atexit.register(shutil.rmtree, _folder, ignore_errors=True)
        with open(os.path.join(_folder, SOFT), "wb") as file:
            file.write(binary)
        View.register_binary_search_path(_folder)
    return os.path.join(_folder, SOFT)
