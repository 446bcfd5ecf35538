"""The domain: one file or a folder, of Rasa 1, 2 or 3, brought to what Rasa 3.6 trains."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ratchet_bot.migration.notes import CHANGED, Notes
from ratchet_bot.migration.sections import drop_last, has_mappings, named
from ratchet_bot.migration.yaml_files import CORRECT, Document, dump, find, read
from ratchet_bot.tools._errors import ToolError

LISTS = ("intents", "entities", "actions", "e2e_actions")
MAPPINGS = ("slots", "responses", "forms", "session_config")
SECTIONS = (*LISTS, *MAPPINGS)
MIGRATED = "Rasa 3.6 reads it so; changed with Rasa's own migration"


class DomainFiles:
    """The domain's documents; what is changed in one marks its file as to be written again."""

    def __init__(self, path: Path, notes: Notes) -> None:
        self.path, self.notes = path, notes
        self.documents: list[Document] = []
        self.changed: set[Path] = set()
        for file in find(path):
            for document in read(file, notes.place(file)):
                self._take(document)
        if not self.documents:
            raise ToolError(
                f"{notes.place(path)} is no Rasa domain: it has none of {', '.join(SECTIONS)}.", CORRECT
            )

    def _take(self, document: Document) -> None:
        content = document.content
        place = self.notes.place(document.path)
        if not isinstance(content, dict):
            raise ToolError(f"{place} is no Rasa domain: it is not a mapping.", CORRECT)
        if "templates" in content and "responses" not in content:
            content.insert(list(content).index("templates"), "responses", content.pop("templates"))
            self._say(document, "templates:", "templates", "responses", "the name since Rasa 2")
        actions = content.get("actions")
        for number, action in enumerate(actions if isinstance(actions, list) else ()):
            if str(action).startswith("respond_"):
                actions[number] = f"utter_{str(action).removeprefix('respond_')}"
                self._say(document, f"action {action}", action, actions[number], "the name since Rasa 2")
        for name in SECTIONS:
            if name in content and content[name] is None:
                del content[name]
                self.changed.add(document.path)
            kind = list if name in LISTS else dict
            if name in content and name != "forms" and not isinstance(content[name], kind):
                raise ToolError(
                    f"{place}:{document.line(name) or 1} has no {'list' if kind is list else 'mapping'} under"
                    f" `{name}:`.",
                    CORRECT,
                )
        if not any(name in content for name in SECTIONS) and self.path.is_dir():
            return
        if document.several:
            self._say(
                document, "a file of several documents", "several", "one", "Rasa reads one document a file"
            )
        self.documents.append(document)

    def _say(self, document: Document, what: str, before: str, after: str, why: str) -> None:
        self.changed.add(document.path)
        self.notes.add(CHANGED, what, self.notes.place(document.path), before=before, after=after, why=why)

    def section(self, name: str) -> dict[str, Any]:
        """All entries of a section by name, of all files, the first of each name."""
        found: dict[str, Any] = {}
        for document in self.documents:
            for key, value in named(document.content.get(name) or ()):
                found.setdefault(key, value)
        return found

    def add(self, name: str, entries: Iterable[str] | Mapping[str, Any]) -> None:
        """Add entries to a section of the first file that has it, else of the first file."""
        wanted = entries if isinstance(entries, Mapping) else dict.fromkeys(entries)
        new = {key: value for key, value in wanted.items() if key not in self.section(name)}
        if not new:
            return
        document = next((one for one in self.documents if name in one.content), self.documents[0])
        if name in LISTS:
            document.content.setdefault(name, []).extend(new)
        else:
            document.content.setdefault(name, {}).update(new)
        self.changed.add(document.path)

    def tidy(self, form_slots: Mapping[str, list[str]]) -> None:
        """Put right what Rasa would refuse without a choice to make: what is listed twice, forms as a list.

        `form_slots` are the slots that such forms ask for, as far as the actions' code says so.
        """
        seen: dict[tuple[str, str], tuple[Document, Any]] = {}
        for document in self.documents:
            forms = document.content.get("forms")
            if isinstance(forms, list):
                asked = {name: list(form_slots.get(name, [])) for name, _ in named(forms)}
                document.content["forms"] = {name: {"required_slots": slots} for name, slots in asked.items()}
                after = "; ".join(
                    f"{name} asks for {', '.join(slots) or 'nothing'}" for name, slots in asked.items()
                )
                self._say(
                    document,
                    "forms:",
                    "a list of names",
                    after,
                    "so since Rasa 2; the slots are those of your code",
                )
            for name in SECTIONS:
                self._once(document, name, seen)

    def _once(self, document: Document, name: str, seen: dict[tuple[str, str], tuple[Document, Any]]) -> None:
        section = document.content.get(name)
        for key, value in list(named(section or ())):
            if (name, key) not in seen:
                seen[name, key] = (document, value)
                continue
            other, known = seen[name, key]
            if name == "session_config" or (name in LISTS and other is not document and value == known):
                continue  # Rasa joins these itself
            if value != known and name not in LISTS:
                raise ToolError(
                    f"{self.notes.place(document.path, document.line_in(section, key))} defines {key} under `{name}:`"
                    f" otherwise than {self.notes.place(other.path, other.line_in(other.content[name], key))}.",
                    "Keep one of the two.",
                )
            drop_last(section, key)
            self._say(
                document,
                f"{key} under {name}:",
                "listed twice",
                "once",
                "Rasa refuses a repeated name",
            )

    def migrate(self) -> None:
        """Bring slots and forms of Rasa 1 and 2 to the form of Rasa 3, with Rasa's own functions."""
        from rasa.core.migrate import _migrate_auto_fill_and_custom_slots, _migrate_form_slots

        for document in self.documents:
            for slot in (document.content.get("slots") or {}).values():
                if isinstance(slot, dict) and slot.get("type") == "unfeaturized":
                    slot.update({"type": "any", "influence_conversation": False})
                    self._say(
                        document,
                        "slots of the type unfeaturized",
                        "unfeaturized",
                        "any",
                        "the name since Rasa 2",
                    )
        slots, forms = self.section("slots"), self.section("forms")
        old_forms = {name: form for name, form in forms.items() if has_mappings(form)}
        without = [
            name for name, slot in slots.items() if not (isinstance(slot, dict) and slot.get("mappings"))
        ]
        if not old_forms and not without:
            return
        entities = list(self.section("entities"))
        new_forms, slots = _migrate_form_slots({"slots": slots, "forms": old_forms})
        slots = {
            name: slot if isinstance(slot, dict) else {"type": str(slot or "any")}
            for name, slot in slots.items()
        }
        import warnings

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the table says it, slot by slot
            slots = _migrate_auto_fill_and_custom_slots({"entities": entities}, slots)
        self._write_back(slots, {**forms, **new_forms}, without, old_forms)

    def _write_back(
        self, slots: dict[str, Any], forms: dict[str, Any], without: list[str], old_forms: Mapping[str, Any]
    ) -> None:
        for name in without:
            kinds = ", ".join(sorted({str(m.get("type")) for m in slots[name]["mappings"]}))
            self.notes.add(
                CHANGED,
                f"slot {name}",
                self.notes.place(self.path),
                before="no mappings",
                after=kinds,
                why=MIGRATED,
            )
        for name in old_forms:
            self.notes.add(
                CHANGED,
                f"form {name}",
                self.notes.place(self.path),
                before="mappings in the form",
                after="required_slots, and mappings of the slots",
                why=MIGRATED,
            )
        for key, found in (("slots", slots), ("forms", forms)):
            for document in self.documents:
                for name in list(document.content.get(key) or ()):
                    document.content[key][name] = found.pop(name, document.content[key][name])
                    self.changed.add(document.path)
            if found:
                self.add(key, found)
        for document in self.documents:
            if "version" in document.content:
                document.content["version"] = "3.1"

    def write(self, bot: Path) -> list[str]:
        """Write the domain into `bot/`, files that nothing was changed in byte by byte; returns their names."""
        written = []
        for path in dict.fromkeys(document.path for document in self.documents):
            parts = [document for document in self.documents if document.path == path]
            name = Path("domain.yml") if self.path.is_file() else Path("domain") / path.relative_to(self.path)
            for number, document in enumerate(parts):
                target = bot / (name if not number else name.with_name(f"{name.stem}_{number + 1}.yml"))
                target.parent.mkdir(parents=True, exist_ok=True)
                if path in self.changed:
                    target.write_text(dump(document.content), encoding="utf-8")
                else:
                    target.write_bytes(path.read_bytes())
                written.append(target.relative_to(bot).as_posix())
        return written
