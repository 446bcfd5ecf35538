"""weigh: judge the code that a release brings out, where no training has judged it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ratchet.adapters.run import Run
from ratchet.domain.release.manifest import Release
from ratchet.domain.release.model import Model
from tasks.step import step

if TYPE_CHECKING:
    from ratchet.domain.gate.code_verdict import CodeVerdict
    from ratchet.domain.gate.dialogue import Plays
    from ratchet.domain.gate.must import Musts


def judged_already(run: Run, model: Model, packaged: Release) -> bool:
    """Say whether there is nothing to compare: no release serves, or the model was judged with this code against it.

    So it is where the release serves the same code with the same model, too: a fleet that lost it. A model that was
    judged by other messages that must never go wrong is judged again. Raises `RatchetError` where their file cannot be
    read.
    """
    live = run.registry.live()
    if live is None or (live.code, live.model_sha256) == (packaged.code, model.sha256):
        return True
    if run.registry.trained_with(model) != packaged.code or model.champion != live.model_version:
        return False
    from ratchet.adapters.bot import musts  # with pandas, which a rollback does not wait for
    from ratchet.domain.gate import must

    return model.musts == must.digest(musts.read(run.settings))


@step(lambda judged: judged.describe())
def weigh(run: Run, model: Model, packaged: Release, plays: Plays, musts: Musts | None = None) -> CodeVerdict:
    """Return the verdict on the packaged code, and write its page; `musts` came of what must never go wrong.

    Raises `RatchetError` if it is not a promotion, and no person's override of exactly this model and code allows it.
    """
    from ratchet.adapters.report import code as page  # with pandas, which a rollback does not wait for
    from ratchet.domain.gate import code_verdict

    live = run.registry.live()
    verdict, found = code_verdict.judge(plays, run.settings.params.gate, musts)
    judged = code_verdict.CodeVerdict(
        version=model.version,
        model_sha256=model.sha256,
        code=packaged.code,
        commit=packaged.code_commit,
        against=live.id if live else "",
        verdict=verdict,
        found=found,
        page=str(run.folder / page.PAGE),
    )
    written = page.write(judged, f"New code of {run.settings.workspace.name}", run.name, run.folder)
    run.registry.keep(model, [written, written.with_name(page.CONTENT)])
    code_verdict.admit(judged, run.registry.override(model), datetime.now(UTC))
    return judged
