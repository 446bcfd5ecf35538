"""Messages to label as files, and labels that come back from one or over the webhook."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from httpx import Response

from ratchet.adapters.monitoring import labels
from ratchet.adapters.page import corrections, record, uploads
from ratchet.adapters.page.door import FORM_FIELD
from ratchet.adapters.page.label_files import FORMATS
from ratchet.domain.operations.people import Role
from ratchet.domain.operations.sampling import CONTROL
from tests.adapters.page.conftest import Served, Visitor
from tests.adapters.page.hostile import TEXTS
from tests.adapters.page.samples import SAMPLE, draw, shop

TOKEN = "t" * 40
ANNOTATION = {
    "action": "ANNOTATION_CREATED",
    "annotation": {
        "id": 7,
        "completed_by": 1,
        "result": [
            {"from_name": "intent", "to_name": "text", "type": "choices", "value": {"choices": ["laptop"]}}
        ],
    },
    "project": {"id": 1},
    "task": {"id": 3, "data": {"text": "may I go home", "role": ""}},
}


@pytest.fixture
def shopped(served: Served) -> Served:
    """The page of a workspace with four messages to label."""
    return Served(shop(served.settings))


def intents(served: Served) -> list[str]:
    """The labels of the sample."""
    return [one.mark.intent for one in labels.read(labels.newest_samples(served.settings)[0])]


def send(visitor: Visitor, name: str, content: bytes, **more: str) -> Response:
    """Send a file as the form does."""
    return visitor.client.post(
        "/label/import", data={FORM_FIELD: visitor.form, **more}, files={"file": (name, content)}
    )


def table(served: Served, asked: str = "csv") -> bytes:
    """The messages as a file."""
    answer = served.visitor(Role.LABEL, "Exporter").get(f"/label/export?as={asked}&sample={SAMPLE}")
    assert answer.headers["content-disposition"].startswith("attachment")
    return answer.content


def filled(content: bytes, **chosen: str) -> bytes:
    """A CSV in which somebody has labelled the messages that contain a word."""
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    for row in rows:
        row["intent"] = next((intent for word, intent in chosen.items() if word in row["text"]), "")
    file = io.StringIO()
    writer = csv.DictWriter(file, rows[0])
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue().encode("utf-8")


def test_a_table_goes_out_is_filled_in_and_comes_back(shopped: Served) -> None:
    """Only rows with an intent count; one step of undo takes all of it back."""
    ana = shopped.visitor(Role.LABEL, "Ana")
    answer = send(ana, "done.csv", filled(table(shopped), broken="laptop", parcel="leave"))
    assert answer.status_code == 303, answer.text
    assert intents(shopped) == ["laptop", "laptop", "", "leave"]
    assert "3 messages labelled; 1 row without an intent" in ana.get(answer.headers["location"]).text
    step = labels.last(labels.newest_samples(shopped.settings)[0], "Ana")
    assert step is not None
    ana.post("/label/undo", {"sample": SAMPLE, "step": step.id})
    assert intents(shopped) == [""] * 4


def test_an_excel_workbook_goes_out_and_comes_back(shopped: Served) -> None:
    """As people fill it in."""
    book = openpyxl.load_workbook(io.BytesIO(table(shopped, "excel")))
    sheet = book.active
    assert sheet is not None
    assert [cell.value for cell in sheet[1]][:3] == ["text", "intent", "role"]
    sheet["B4"] = "leave"
    file = io.BytesIO()
    book.save(file)
    send(shopped.visitor(Role.LABEL), "done.xlsx", file.getvalue())
    assert intents(shopped) == ["", "", "leave", ""]


def test_no_message_is_a_formula_in_a_spreadsheet(shopped: Served) -> None:
    """And what looks like one comes back to its message."""
    draw(shopped.settings, [("=HYPERLINK(1)", "", "leave", 0.1), ("+49 for me", "", "leave", 0.2)])
    sheet = openpyxl.load_workbook(io.BytesIO(table(shopped, "excel"))).active
    assert sheet is not None
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)
    send(shopped.visitor(Role.LABEL), "done.csv", filled(table(shopped), HYPERLINK="leave"))
    assert intents(shopped) == ["leave", ""]


def test_each_format_holds_hostile_texts(shopped: Served) -> None:
    """Whatever people write can be exported, and a table of it can be read again."""
    draw(shopped.settings, [(CONTROL.sub(" ", one), "", "leave", 0.5) for one in TEXTS])
    for asked in FORMATS:
        assert table(shopped, asked)
    assert (
        send(shopped.visitor(Role.LABEL), "x.csv", table(shopped)).headers["location"].startswith("/label?")
    )


def test_what_someone_labelled_here_stays_so(shopped: Served) -> None:
    """The file's word about it is counted, and not taken."""
    send(shopped.visitor(Role.LABEL, "Ana"), "a.csv", filled(table(shopped), parcel="leave"))
    answer = send(
        shopped.visitor(Role.LABEL, "Ben"), "b.csv", filled(table(shopped), parcel="laptop", home="leave")
    )
    assert "1 message kept another label" in next(record.newest(shopped.settings)).sentence
    assert answer.status_code == 303
    assert intents(shopped) == ["", "", "leave", "leave"]


def test_messages_of_no_sample_are_noted_on_the_labelling_list(shopped: Served) -> None:
    """Without personal data, once."""
    content = b"text,intent,role\nwrite to a@b.org,leave,intern\n"
    ana = shopped.visitor(Role.LABEL)
    send(ana, "more.csv", content)
    send(ana, "more.csv", content)
    [row] = corrections.read(shopped.settings)
    assert (row["intent"], row["role"]) == ("leave", "intern")
    assert "a@b.org" not in row["text"]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", b"text,intent\nmy laptop is broken,laptp\n", "no intent laptp"),
        ("a.csv", b"text,intent\nmay I go home,leave\nMay I go home!,laptop\n", "two intents"),
        ("a.csv", b"words\nx\n", "has no column"),
        ("a.exe", b"MZ", "unknown ending"),
        ("a.xlsx", b"PK", "not a readable Excel workbook"),
        ("a.json", b'[{"text": "x", "intent": ["leave", "laptop"]}]', "with several intents"),
        ("../../../x.csv", b"text,intent\nq,leve\n", "no intent leve"),
        ("", b"text,intent\nx,leave\n", ""),
        ("a.csv", b"", "nothing in it"),
    ],
)
def test_a_file_that_cannot_be_taken_changes_nothing(
    shopped: Served, name: str, content: bytes, said: str
) -> None:
    """All of it or nothing; what is wrong is said without the paths of this machine."""
    answer = send(shopped.visitor(Role.LABEL), name, content)
    assert answer.status_code == 400
    assert said in answer.text
    assert str(shopped.settings.workspace) not in answer.text
    assert intents(shopped) == [""] * 4
    assert corrections.read(shopped.settings) == []
    assert not list((shopped.settings.state / "page").glob("import-*"))
    assert "go home" not in next(record.newest(shopped.settings)).refused


def test_a_form_with_a_file_needs_the_sessions_token(shopped: Served) -> None:
    """As each form does."""
    ana = shopped.visitor(Role.LABEL)
    answer = ana.client.post("/label/import", data={FORM_FIELD: "x"}, files={"file": ("a.csv", b"x")})
    assert answer.status_code == 403
    assert send(ana, "a.csv", b"x" * 6_000_000).status_code == 413


def test_a_file_arrives_byte_for_byte() -> None:
    """Also one with every byte, with lines that look like a form's, and a name with folders."""
    content = bytes(range(256)) * 3 + b"\r\n--other\r\nContent-Disposition: x\r\n\r\n\n"
    body = (
        b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n\xc3\xa4\r\n'
        b'--B\r\nContent-Disposition: form-data; name="file"; filename="C:\\x\\y.xlsx"\r\n'
        b"Content-Type: application/octet-stream\r\n\r\n" + content + b"\r\n--B--\r\n"
    )
    fields, files = uploads.read("multipart/form-data; boundary=B", body)
    assert fields == {"a": ["ä"]}
    assert files["file"] == uploads.Upload("y.xlsx", content)


@pytest.mark.parametrize(
    "kind",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "text/plain",
        "multipart/form-data; boundary=\x00",
    ],
)
def test_a_body_that_is_no_form_has_no_fields(kind: str) -> None:
    """And breaks nothing."""
    assert uploads.read(kind, b"--B\r\n\r\nx") == ({}, {})


@pytest.mark.parametrize("asked", ["", "exe", "csv&sample=../x", "csv&sample="])
def test_only_formats_and_samples_that_there_are_go_out(shopped: Served, asked: str) -> None:
    """Another name is no file."""
    assert shopped.visitor(Role.LABEL).get(f"/label/export?as={asked}").status_code == 404


def test_the_interface_for_label_studio_has_the_intents(shopped: Served) -> None:
    """Also those that are out of scope."""
    text = shopped.visitor(Role.LABEL).get("/label/export?as=label-studio-interface").text
    assert [f'value="{one}"' in text for one in ("leave", "laptop", "out_of_scope")] == [True] * 3


@pytest.fixture
def called(shopped: Served, monkeypatch: pytest.MonkeyPatch) -> Served:
    """The same with a webhook."""
    monkeypatch.setenv("RATCHET_WEBHOOK_TOKEN", TOKEN)
    return shopped


def call(served: Served, content: Any, token: str = f"Bearer {TOKEN}") -> Response:
    """Call the webhook as a tool does."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    headers = {"authorization": token.encode("latin-1")}
    return served.stranger().client.post("/webhook/collect", content=body, headers=headers)  # type: ignore[arg-type]


def test_an_annotation_labels_its_message_at_once(called: Served) -> None:
    """By the name of the tool; the same one again changes nothing."""
    assert call(called, ANNOTATION).json() == {"done": "1 message labelled"}
    assert intents(called) == ["", "", "laptop", ""]
    assert labels.read(labels.newest_samples(called.settings)[0])[2].mark.by == "Label Studio"
    assert call(called, ANNOTATION).json() == {"done": "0 messages labelled; 1 label known already"}
    act = next(record.newest(called.settings))
    assert (act.by, act.route) == ("webhook", "/webhook/collect")


def test_a_skipped_annotation_and_an_unknown_intent_label_nothing(called: Served) -> None:
    """The tool is told why."""
    skipped = {**ANNOTATION, "annotation": {**ANNOTATION["annotation"], "was_cancelled": True}}  # type: ignore[dict-item]
    assert call(called, skipped).status_code in (200, 400)
    odd = json.loads(json.dumps(ANNOTATION).replace("laptop", "laptp"))
    assert "no intent laptp" in call(called, odd).json()["error"]
    assert intents(called) == [""] * 4


@pytest.mark.parametrize(
    "token", ["", "Bearer", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", f"Basic {TOKEN}", "Bearer ä"]
)
def test_without_the_token_nothing_is_read(called: Served, token: str) -> None:
    """And nothing is recorded, so that no one can fill the record."""
    assert call(called, ANNOTATION, token).status_code == 401
    assert intents(called) == [""] * 4
    assert list(record.newest(called.settings)) == []


def test_without_a_token_in_the_settings_there_is_no_webhook(shopped: Served) -> None:
    """Whatever a caller sends."""
    assert call(shopped, ANNOTATION).status_code == 404


@pytest.mark.parametrize("body", [b"{", b"[1]", b"\xff", b"[" * 100_000, b'{"a":' * 50_000])
def test_a_call_that_is_no_json_object_is_refused(called: Served, body: bytes) -> None:
    """In words."""
    assert call(called, body).status_code == 400


@pytest.mark.parametrize("part", ["task", "annotation"])
@pytest.mark.parametrize(
    "value",
    [
        {},
        {"data": 1},
        {"data": {"text": [1]}},
        {"result": 7},
        {"result": [7]},
        {"result": [{"value": {"choices": 7}}]},
    ],
)
def test_a_strange_annotation_is_refused_in_words(called: Served, part: str, value: Any) -> None:
    """No answer is a fault of the page."""
    assert call(called, {**ANNOTATION, part: value}).status_code in (200, 400)
    assert all(one in ("", "laptop") for one in intents(called))


def test_any_other_call_starts_a_look_at_the_inbox_once(
    called: Served, begun: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A tool that calls for each message starts one look every ten seconds; without an inbox it is told."""
    assert "no inbox" in call(called, {"action": "PROJECT_UPDATED"}).json()["error"]
    monkeypatch.setenv("RATCHET_INBOX", str(tmp_path))
    for body in ({"action": "PROJECT_UPDATED"}, b"", {}):
        assert call(called, body).status_code == 200
    assert begun == [("watch", "--once")]
    called.now += 10
    call(called, b"")
    assert len(begun) == 2
    assert call(called, b" " * 1_000_001).status_code == 413
