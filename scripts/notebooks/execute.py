"""Executes one notebook headlessly: python execute.py IN OUT TIMEOUT.

Says on stdout, a JSON document per line, how far it is. The executed notebook is written even if a cell failed; the exit code is
then 1, and the last line names the cell.
"""

import json
import sys

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError


def main(source, target, timeout):
    notebook = nbformat.read(source, as_version=4)
    code = [i for i, cell in enumerate(notebook.cells) if cell.cell_type == "code"]

    def say(**facts):
        print(json.dumps(facts), flush=True)

    def started(cell, cell_index):
        say(cell=code.index(cell_index) + 1, of=len(code))

    client = NotebookClient(notebook, kernel_name="tslab", timeout=timeout, startup_timeout=180, record_timing=False)
    client.on_cell_execute = started
    try:
        client.execute()
        return 0
    except CellExecutionError:
        # tslab writes what is wrong to stderr, which is among the cell's outputs.
        failed = [i for i in code if any(o.get("name") == "stderr" for o in notebook.cells[i].outputs)]
        where = failed[-1] if failed else code[0]
        texts = [o.text for o in notebook.cells[where].outputs if o.get("name") == "stderr"]
        say(error="".join(texts) or "the cell failed", cell=code.index(where) + 1)
    except (CellTimeoutError, DeadKernelError, RuntimeError) as error:
        say(error=str(error))
    finally:
        nbformat.write(notebook, target)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
