"""python -m ivr_rasa.serve MODEL PORT PARENT_PID: Rasa's HTTP API on loopback.

`rasa run` does the same after importing every command and cloud client of Rasa. The token comes in
the environment (IVR_RASA_TOKEN), where `ps` does not show it.
"""

import ctypes
import os
import signal
import sys
from pathlib import Path

PR_SET_PDEATHSIG = 1  # <linux/prctl.h>


def die_with_parent(parent: int) -> None:
    """Ask the kernel to kill this process when the thread that started it ends, even by SIGKILL."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the line above
        sys.exit(1)


def main() -> None:
    """Serve until SIGTERM."""
    model, port, parent = sys.argv[1:]
    die_with_parent(int(parent))
    if not Path(model).is_file():  # Rasa would quietly take another model of the folder
        sys.exit(f"no such model: {model}")
    # TensorFlow comes with these and takes seconds: not before the checks above.
    from rasa.core.agent import Agent
    from rasa.server import create_app

    app = create_app(agent=Agent.load(model), auth_token=os.environ["IVR_RASA_TOKEN"])
    app.run(host="127.0.0.1", port=int(port), access_log=False, motd=False)


if __name__ == "__main__":
    main()
