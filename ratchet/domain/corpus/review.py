"""Suspected label errors: messages whose given intent a small model, trained without them, finds unlikely."""

from __future__ import annotations

import joblib
import numpy as np
import pandas as pd

from ratchet.domain.corpus.corpus import CorpusPolicy, normalised

SEED = 1
JOBS = 2


def to_review(corpus: pd.DataFrame, policy: CorpusPolicy, ratio: float, folds: int = 3) -> pd.DataFrame:
    """Return the rows whose out-of-fold p(given intent) is below `ratio` times the highest, worst first.

    Adds the columns `likely` (the most likely intent) and `ratio`. Intents with fewer rows than folds are not
    judged. The model is multinomial logistic regression on TF-IDF of words and character n-grams, with
    context fields as words: good enough to point, never to decide. Source of the idea: C. Northcutt et al.,
    'Confident learning', JAIR 70 (2021).
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import SGDClassifier
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.pipeline import make_union

    sizes = corpus["intent"].map(corpus["intent"].value_counts())
    judged = corpus[sizes >= folds].reset_index(drop=True)
    if judged["intent"].nunique() < 2:
        return judged.head(0).assign(likely="", ratio=0.0)
    texts = pd.Series(normalised(judged["text"]))
    for field in policy.context:
        texts = texts + " " + (field + "_is_" + judged[field].str.replace(r"\W", "_", regex=True))
    words, letters = (
        TfidfVectorizer(ngram_range=(1, 2)),
        TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 4)),
    )
    features = make_union(words, letters).fit_transform(texts).astype(np.float32)
    model = SGDClassifier(loss="log_loss", alpha=1e-5, max_iter=5, tol=None, random_state=SEED)
    intents = np.unique(judged["intent"].to_numpy(dtype=object))
    split = StratifiedKFold(folds, shuffle=True, random_state=SEED)
    # In threads, as fast as in processes: those would look for modules in the folder that they run in.
    with joblib.parallel_config(backend="threading"):
        likelihood = cross_val_predict(
            model, features, judged["intent"], cv=split, method="predict_proba", n_jobs=JOBS
        )
    given = likelihood[
        np.arange(len(judged)), np.searchsorted(intents, judged["intent"].to_numpy(dtype=object))
    ]
    judged["likely"] = intents[likelihood.argmax(axis=1)]
    judged["ratio"] = given / likelihood.max(axis=1)
    return judged[judged["ratio"] < ratio].sort_values("ratio", kind="stable")
