"""gate: may the candidate replace the champion?"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from ratchet.adapters.run import Run
from ratchet.domain.gate import judgement
from ratchet.domain.gate.case import Case
from ratchet.domain.gate.dialogue import Plays
from ratchet.domain.gate.judgement import Judgement
from ratchet.domain.gate.scores import Scores
from tasks.step import step


@step(Judgement.describe)
def gate(run: Run, case: Case, scores: Scores, plays: Plays) -> Judgement:
    """Judge the candidate; a rejection is a result, not an error."""
    params = run.settings.params
    own = replace(case)  # else each step that gets the case has an arrow from here in the graph
    return judgement.conclude(own, scores, (params.gate, params.ramp, params.corpus), date.today(), plays)
