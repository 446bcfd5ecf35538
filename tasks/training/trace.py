"""trace: note where the model to come comes from."""

from __future__ import annotations

from ratchet.adapters.bot import bot_code
from ratchet.adapters.run import Run
from ratchet.adapters.system import git
from ratchet.adapters.system.files import refuse_pointers, sha256
from ratchet.domain.corpus.corpus import Corpus
from ratchet.domain.corpus.ledger import Split
from ratchet.domain.release.manifest import Lineage
from ratchet.domain.release.training import fingerprint, rows_digest
from tasks.step import step


@step(
    lambda lineage: f"code {lineage.code_commit[:8] or 'without Git'}, fingerprint {lineage.fingerprint[:8]}"
)
def trace(run: Run, corpus: Corpus, split: Split) -> Lineage:
    """Return the lineage: every revision and digest that the training depends on; refuses code that LFS keeps."""
    settings = run.settings
    refuse_pointers(bot_code.code_files(settings.bot).values(), settings.workspace)
    code_hash, lock_hash = bot_code.shaping_hash(settings.bot), bot_code.lock_hash(settings.bot)
    seed = settings.params.train.seed
    extras = (
        {path.name: sha256(path) for path in sorted(corpus.extras.glob("*"))}
        if corpus.extras.is_dir()
        else {}
    )
    return Lineage(
        data_revision=corpus.revision,
        ledger_hash=sha256(corpus.folder / "ledger.csv"),
        code_commit=git.code_commit(settings.workspace),
        code_hash=code_hash,
        lock_hash=lock_hash,
        fingerprint=fingerprint(
            {
                "rows": rows_digest(split.train),
                "code": code_hash,
                "lock": lock_hash,
                "seed": str(seed),
                **extras,
            }
        ),
        seed=seed,
    )
