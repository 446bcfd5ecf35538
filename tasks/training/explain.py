"""explain: why did accuracy move? By training the missing combinations of old and new."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pandas as pd

from ratchet.adapters.bot import archives, rasa
from ratchet.adapters.corpus import data_revisions
from ratchet.adapters.registry import encoders
from ratchet.adapters.run import Run
from ratchet.domain.corpus import ledger
from ratchet.domain.corpus.unchecked import Unchecked
from ratchet.domain.errors import RatchetError
from ratchet.domain.gate import whole
from ratchet.domain.gate.attribution import Recipe, attribute, mixtures
from ratchet.domain.gate.case import Case
from ratchet.domain.gate.entity_sheet import ENTITIES
from ratchet.domain.gate.evaluation import correctness
from ratchet.domain.gate.judgement import Judgement
from ratchet.domain.gate.renamed import renamed
from ratchet.domain.gate.scores import CANDIDATE, CHAMPION
from ratchet.domain.release.model import Model
from tasks.step import say, step

ENTITIES_MOVED = "The share of messages with all entities right"


@step(lambda judgement: judgement.why.sentence if judgement.why else "nothing to attribute")
def explain(run: Run, judgement: Judgement) -> Judgement:
    """Return the judgement with the change against the champion attributed to data, code, environment and seed.

    Without a champion there is nothing to attribute.
    """
    champion = judgement.case.champion
    return judgement if champion is None else attributed(run, judgement, champion)


def attributed(run: Run, judgement: Judgement, champion: Model) -> Judgement:
    """Attribute the changes of accuracy and of entities; where data or code is lost, `why` says so.

    Each mixture is trained once and kept by its recipe; all are measured on today's holdout.
    """
    case, scores, corpus = judgement.case, judgement.scores, run.settings.params.corpus
    old, new = Recipe.of(champion.lineage), Recipe.of(case.lineage)
    known = {old: scores.predictions[CHAMPION], new: scores.predictions[CANDIDATE]}
    try:
        sources = Sources(run, case, champion)
        for recipe in mixtures(old, new):
            if recipe not in known:
                say(f"training with {', '.join(sources.name(recipe))}")
                said = sources.predictions(recipe)
                known[recipe] = renamed(said, case.successions, case.sides.holdout["intent"])
    except RatchetError as error:
        return replace(judgement, why=Unchecked("why accuracy moved", error.fact))

    def accuracy(said: pd.DataFrame) -> float:
        return float(correctness(case.sides.holdout, said, out_of_scope=corpus.out_of_scope).mean())

    why = attribute(old, new, {recipe: accuracy(said) for recipe, said in known.items()})
    share = whole.entity_measure(case, scores, corpus)
    if share is None or any(ENTITIES not in said for said in known.values()):
        return replace(judgement, why=why)
    shares = {recipe: share(said) for recipe, said in known.items()}
    return replace(judgement, why=why, why_entities=attribute(old, new, shares, ENTITIES_MOVED))


class Sources:
    """The rows, code, environments and seeds of candidate and champion, to be combined."""

    def __init__(self, run: Run, case: Case, champion: Model) -> None:
        self.run, self.corpus, self.split = run, case.corpus, case.sides
        self.new, self.champion = Recipe.of(case.lineage), champion
        self.encoders = (case.lineage.encoder, champion.lineage.encoder)

    def name(self, recipe: Recipe) -> list[str]:
        """Say which parts of a recipe are new and which old."""
        parts = {"data": recipe.data == self.new.data, "code": recipe.code == self.new.code}
        return [f"{'new' if new else 'old'} {part}" for part, new in parts.items()]

    def predictions(self, recipe: Recipe) -> pd.DataFrame:
        """Train the recipe's model, or take the one kept, and ask it today's holdout."""
        run, holdout = self.run, self.split.holdout
        digest = hashlib.sha256(json.dumps(recipe.as_dict(), sort_keys=True).encode()).hexdigest()
        folder, code = run.settings.state / "mixtures" / digest, self.code(recipe)
        trained = archives.read_trained(folder)
        if trained is None:
            rows, extras = self.rows(recipe)
            trained = rasa.train(
                run.settings,
                rows,
                extras,
                folder,
                say,
                **code,
                seed=int(recipe.seed),
                encoder=self.encoder(recipe),
            )
        encoders.ready(run.settings, run.registry, self.encoder(recipe), say)
        predicted, _ = rasa.evaluate(
            run.settings,
            {"mixture": archives.Archive(trained.archive, trained.sha256)},
            holdout,
            folder / "predictions",
            say,
            **code,
        )
        return predicted["mixture"]

    def rows(self, recipe: Recipe) -> tuple[pd.DataFrame, Path]:
        """Return the training rows and extras of a recipe's data."""
        if recipe.data == self.new.data:
            return self.split.train, self.corpus.extras
        settings = self.run.settings
        old = data_revisions.read_folder(settings, data_revisions.stored(settings, recipe.data), recipe.data)
        return ledger.split(old.frame, old.ledger, settings.params.split).train, old.extras

    def encoder(self, recipe: Recipe) -> str:
        """Return the digest of the encoder that a recipe's code works with, "" for none."""
        new = recipe.code == self.new.code
        return self.encoders[0 if new else 1]

    def code(self, recipe: Recipe) -> dict[str, Path]:
        """Return the folders of a recipe's code and of the lock file whose environment runs it."""
        here = self.run.settings.bot
        new_code, new_lock = recipe.code == self.new.code, recipe.environment == self.new.environment
        old = here if new_code and new_lock else self.run.registry.code(self.champion)
        return {"bot": here if new_code else old, "locked": here if new_lock else old}
