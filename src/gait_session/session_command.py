# SPDX-License-Identifier: Apache-2.0
"""``gait-lab session`` and ``gait-lab report``: run one session, write its report, say where both are."""

from datetime import datetime, timezone
from pathlib import Path
from tempfile import TemporaryDirectory

from gait_sensing.samples import STANDARD_GRAVITY_MPS2
from gait_session import plain_file
from gait_session.launching.command import find_launch_file, launch
from gait_session.launching.parameters import parameters_yaml
from gait_session.options import within
from gait_session.parameter_file import check_settings, read_parameter_file
from gait_session.session import SessionSettings

DURATION_S = 60.0
LAUNCH_FILE = "session.launch.xml"


def run_session(
    duration_s: float | None,
    recording: Path | None,
    mass_kg: float | None,
    files: dict[str, Path],
    out: Path | None,
    given: dict[str, str],
) -> int:
    """Run a session to its end and return the launch's exit code.

    ``files`` are the config and participant to use in place of the launch file's own; ``given`` are launch arguments
    and win over everything else. Without a participant, a recording's is made from what the file itself tells.
    Raises ``ValueError`` with a sentence for the user before anything is started.
    """
    name = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H-%M-%SZ")
    folder = (out or Path("sessions", name)).absolute()
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder} is a file; --out names a folder")
    if folder.exists() and any(folder.iterdir()):
        raise ValueError(f"{folder} is not empty; a session is never recorded over another")
    if duration_s is not None:
        within("--duration", duration_s, *_bounds("duration_s"))
    if mass_kg is not None:
        if recording is None or "participant" in files:
            raise ValueError("--mass-kg is for a recording without --participant; otherwise set body_mass_kg there")
        within("--mass-kg", mass_kg, *_bounds("body_mass_kg"))
    if "config" in files:
        read_parameter_file(files["config"])
    if "participant" in files:
        check_settings(files["participant"], "session_node", SessionSettings)
    arguments = {"session": name, "folder": str(folder)}
    arguments |= {key: str(path.absolute()) for key, path in files.items()}
    with TemporaryDirectory(prefix="gait_lab_session_") as scratch:
        if recording is not None:
            length_s = plain_file.duration_s(recording)
            duration_s = min(duration_s or length_s, length_s)
            arguments["recording"] = str(recording.absolute())
            if "participant" not in files:
                arguments["participant"] = str(_write_participant(Path(scratch), recording, mass_kg))
        arguments["duration_s"] = str(DURATION_S if duration_s is None else duration_s)
        arguments |= given
        folder.parent.mkdir(parents=True, exist_ok=True)
        exit_code = launch(find_launch_file(LAUNCH_FILE), arguments)
    folder = Path(arguments["folder"])
    if not any(folder.glob("*.mcap")):
        print(f"nothing was recorded in {folder}")
        return exit_code or 1
    print(f"recording: {folder}")
    print(f"report:    {report(folder)}")
    return exit_code


def report(folder: Path, out: Path | None = None) -> Path:
    """Write the report of a recording and return where it is. Raises ``ValueError`` when there is no recording."""
    if not any(folder.glob("*.mcap")):
        raise ValueError(f"there is no recording in {folder}")
    from gait_session.report.writer import write_report  # only now, as its libraries take a second to import

    return write_report(folder, out)


def _bounds(name: str) -> tuple[float, float]:
    """Return what is allowed for a setting of the session."""
    metadata = SessionSettings.__dataclass_fields__[name].metadata
    return metadata["low"], metadata["high"]


def _write_participant(scratch: Path, recording: Path, mass_kg: float | None) -> Path:
    if mass_kg is None:
        mass_kg = plain_file.mean_total_force_n(recording) / STANDARD_GRAVITY_MPS2
        low_kg, high_kg = _bounds("body_mass_kg")
        if not low_kg <= mass_kg <= high_kg:
            raise ValueError(
                f"the recording {recording}: fz_left_N and fz_right_N make {mass_kg:.3g} kg on average; expected is "
                f"{low_kg:g} to {high_kg:g} kg, of forces in newtons"
            )
        print(f"body mass: {mass_kg:.1f} kg, estimated from the mean vertical force (set it with --mass-kg)")
    values = {"participant": recording.stem, "body_mass_kg": float(mass_kg), "prosthetic_side": "unknown"}
    path = scratch / "participant.yaml"
    path.write_text(parameters_yaml("/**/session_node", values))
    return path
