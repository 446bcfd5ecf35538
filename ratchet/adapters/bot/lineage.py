"""Where a model comes from: every revision and digest that its training depends on."""

from __future__ import annotations

from ratchet.adapters.bot import bot_code
from ratchet.adapters.settings import Settings
from ratchet.adapters.system import git
from ratchet.adapters.system.files import refuse_pointers, sha256
from ratchet.domain.corpus.corpus import Corpus
from ratchet.domain.corpus.ledger import Split
from ratchet.domain.release.manifest import Lineage
from ratchet.domain.release.training import fingerprint, rows_digest


def trace(settings: Settings, corpus: Corpus, sides: Split, encoder: str = "") -> Lineage:
    """Return the lineage of the model to come; `encoder` is the digest of its sentence encoder, "" without one.

    Raises `RatchetError` where a file of the bot's code is a pointer of Git LFS.
    """
    refuse_pointers(bot_code.code_files(settings.bot).values(), settings.workspace)
    code_hash, lock_hash = bot_code.shaping_hash(settings.bot), bot_code.lock_hash(settings.bot)
    seed = settings.params.train.seed
    beside = sorted(corpus.extras.glob("*")) if corpus.extras.is_dir() else []
    parts = {"rows": rows_digest(sides.train), "code": code_hash, "lock": lock_hash, "seed": str(seed)}
    parts |= {"encoder": encoder} if encoder else {}
    return Lineage(
        data_revision=corpus.revision,
        ledger_hash=sha256(corpus.folder / "ledger.csv"),
        code_commit=git.code_commit(settings.workspace),
        code_hash=code_hash,
        lock_hash=lock_hash,
        fingerprint=fingerprint(parts | {path.name: sha256(path) for path in beside}),
        seed=seed,
        encoder=encoder,
    )
