"""The inbox as a plain folder: what waits, where it goes, and that nothing in it is passed over in silence."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ratchet.adapters.prefect.retrains import Own
from ratchet.adapters.settings import Settings
from ratchet.adapters.triggers import inbox
from ratchet.domain.errors import RatchetError
from tests.workspaces import fake_workspace


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A workspace whose inbox is a folder beside it, with a space in its name."""
    (tmp_path / "team inbox").mkdir()
    return fake_workspace(tmp_path / "ws", inbox=str(tmp_path / "team inbox"))


def drop(settings: Settings, name: str, text: str = "text,intent\na,b\n", age: float = 60) -> Path:
    """Put a file there that was written some seconds ago."""
    path = Path(settings.inbox or "") / name
    path.write_text(text)
    then = time.time() - age
    os.utime(path, (then, then))
    return path


def test_whole_files_wait_and_others_do_not(settings: Settings) -> None:
    """Whatever their ending, so that an unknown one is refused aloud; not what is still being written or hidden."""
    for name in ("a.csv", "b.json", "c.PDF", ".DS_Store", "d.csv.part", "~$e.xlsx"):
        drop(settings, name)
    drop(settings, "new.csv", age=0)
    (Path(settings.inbox or "") / "done").mkdir()
    assert [Path(one.address).name for one in inbox.dropped(settings)] == ["a.csv", "b.json", "c.PDF"]


def test_a_changed_file_is_another(settings: Settings) -> None:
    """Its version is announced again; the same content later is not missed either."""
    drop(settings, "a.csv")
    [first] = inbox.dropped(settings)
    drop(settings, "a.csv", "text,intent\nother,b\n")
    [second] = inbox.dropped(settings)
    assert (first.address, first.version != second.version) == (second.address, True)


def test_files_move_aside_with_their_report_and_take_no_place(settings: Settings, tmp_path: Path) -> None:
    """Two refused files of one name are both there afterwards."""
    report = tmp_path / "fault.txt"
    report.write_text("why\n")
    for number, text in enumerate(("one", "two"), start=1):
        path = drop(settings, "a.csv", text)
        copy = inbox.download(settings, str(path), tmp_path / "run")
        assert copy is not None
        assert copy.read_text() == text
        where = inbox.put_away(settings, str(path), inbox.REFUSED, report)
        assert Path(where).name == ("a.csv" if number == 1 else "a-2.csv")
        assert Path(where).read_text() == text
        assert Path(f"{where}.report.txt").read_text() == "why\n"
        assert not path.exists()
    assert inbox.download(settings, str(path), tmp_path / "run") is None


def test_a_folder_that_is_not_there_is_said_and_the_remedy_makes_it(tmp_path: Path) -> None:
    """A relative name lies in the workspace."""
    settings = fake_workspace(tmp_path / "ws", inbox="in box")
    with pytest.raises(RatchetError, match="cannot be listed") as raised:
        inbox.dropped(settings)
    command = raised.value.remedy.split("`")[1]
    assert os.system(command) == 0  # the printed remedy, to the letter
    assert inbox.dropped(settings) == []


class Asked:
    """A Prefect server that has one refused run of `collect`, and answers only what it was asked for."""

    def post(self, path: str, question: dict[str, Any]) -> list[dict[str, Any]]:
        """Answer as the server does, by type and name of the state."""
        if "sort" in question and question["sort"].startswith("NEXT"):
            return [
                {"auto_scheduled": False, "next_scheduled_start_time": "2026-11-28T06:00:00+00:00"},
                {"auto_scheduled": True, "next_scheduled_start_time": "2026-12-14T06:00:00+00:00"},
                {"auto_scheduled": True, "next_scheduled_start_time": "2026-12-28T06:00:00+00:00"},
            ]
        if path.startswith("/flows"):
            return [{"id": "f", "name": "collect"}]
        name = question["flow_runs"]["state"].get("name", {})
        asked = question["flow_runs"]["state"]["type"]["any_"] == ["COMPLETED"]
        if not asked or "Refused" in name.get("not_any_", []):
            return []
        end = "2026-11-27T10:00:00+00:00"
        state = {"message": "week.csv was refused: 1 row have no intent."}
        return [
            {
                "id": 1,
                "flow_id": "f",
                "state_type": "COMPLETED",
                "name": "week.csv",
                "end_time": end,
                "state": state,
            }
        ]


def test_a_refused_file_is_told_until_another_is_taken_in() -> None:
    """Its run is completed and named Refused; it counts as a failure and not as a success."""
    own = Own(Asked(), "tag")  # type: ignore[arg-type]  # it answers as one
    [failure] = own.failed().values()
    assert failure.sentence.startswith(
        "The collect “week.csv” refused its file at 2026-11-27 10:00 UTC: week.csv was"
    )
    assert own.succeeded("collect") == 0


def test_the_next_retrain_is_the_one_that_the_deployment_scheduled() -> None:
    """Every two weeks is nothing that cron can say; a run that a person planned is not the schedule's."""
    own = Own(Asked(), "tag")  # type: ignore[arg-type]  # it answers as one
    assert own.planned() == datetime(2026, 12, 14, 6, tzinfo=UTC).timestamp()
