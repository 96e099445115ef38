# SPDX-License-Identifier: Apache-2.0
"""One virtual environment for each tool that is compared, in a scratch folder, from PyPI."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCE = HERE.parents[1] / "src"
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")


@dataclass(frozen=True)
class Tool:
    """A tool and what its environment needs; nothing for what runs in ours."""

    module: str  # the file that runs it
    requirements: tuple[str, ...] = ()
    python: str = ""  # the only version it runs on; empty: this one


TOOLS = (
    Tool("with_gait_lab"),
    Tool("with_scipy"),
    Tool("with_kineticstoolkit", ("kineticstoolkit==0.17.0",)),
    Tool("with_gaitmap", ("gaitmap==2.6.0", "gaitmap_mad==2.6.0")),
    Tool("with_gaitmap_hmm", ("gaitmap[hmm]==2.6.0", "gaitmap_mad[hmm]==2.6.0"), "python3.9"),
    Tool("with_mobgap", ("mobgap==1.2.0", "scikit-learn==1.6.1")),  # the version that its models were made with
)


def run(tool: Tool, data: Path, scratch: Path, recordings: Sequence[str] = ()) -> Path:
    """Run a tool over the recordings in ``data``, or those named; return the folder of what it found.

    Raises ``OSError`` or ``CalledProcessError`` where its Python, its packages, or itself do not work.
    """
    python, out = _python(tool, scratch), scratch / "found" / tool.module
    shutil.rmtree(out, ignore_errors=True)
    command = [python, HERE / "run_tool.py", tool.module, data, out, *recordings]
    environment = os.environ | ONE_THREAD | ({} if tool.requirements else {"PYTHONPATH": str(SOURCE)})
    subprocess.run(command, check=True, env=environment, stdout=sys.stderr)
    return out


def _python(tool: Tool, scratch: Path) -> Path:
    """Return the interpreter that has the tool, making its environment where there is none yet."""
    if not tool.requirements:
        return Path(sys.executable)
    folder = scratch / tool.module
    python, done = folder / "bin" / "python", folder / "installed.txt"
    wanted = "\n".join(tool.requirements)
    if not done.is_file() or done.read_text() != wanted:
        subprocess.run([tool.python or sys.executable, "-m", "venv", "--clear", folder], check=True)
        install = [python, "-m", "pip", "install", "--quiet", "--only-binary", ":all:", *tool.requirements]
        subprocess.run(install, check=True, stdout=sys.stderr)
        done.write_text(wanted)
    return python
