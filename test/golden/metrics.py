"""Writes metrics.json, the golden numbers of test/eval: python metrics.py > metrics.json

Needs numpy, scipy, scikit-learn; made with the versions that the file names. Inputs that are too long to store follow
from a formula that test/eval/golden.test.ts repeats.
"""

import json
import sys

import numpy as np
import scipy
import scipy.stats as st
import sklearn
import sklearn.calibration as calibration
import sklearn.metrics as m

rng = np.random.default_rng(20240607)


def rows(n, levels):
    labels = (rng.random(n) < 0.3).astype(int)
    logits = np.round(rng.normal(size=n) + 0.8 * labels, 3)
    if levels:
        logits = np.round(logits * levels) / levels
    weights = np.where(rng.random(n) < 0.2, 0.0, np.round(rng.random(n) * 3, 2))
    return logits, labels, weights


def scored(n, levels):
    logits, labels, weights = rows(n, levels)
    p = 1 / (1 + np.exp(-logits))
    return {
        "logits": logits.tolist(),
        "labels": labels.tolist(),
        "weights": weights.tolist(),
        "auc": m.roc_auc_score(labels, logits),
        "weightedAuc": m.roc_auc_score(labels, logits, sample_weight=weights),
        "prAuc": m.average_precision_score(labels, logits),
        "weightedPrAuc": m.average_precision_score(labels, logits, sample_weight=weights),
        "logloss": m.log_loss(labels, p),
        "weightedLogloss": m.log_loss(labels, p, sample_weight=weights),
        "normalisedEntropy": m.log_loss(labels, p) / scipy.stats.entropy([labels.mean(), 1 - labels.mean()]),
    }


def long_rows(n=20011):
    i = np.arange(n)
    return (i * 7919 % 5003 - 2500) / 64.0, ((i * 31) % 7 < 2).astype(int), (i % 11) / 4.0


def long_case():
    scores, labels, weights = long_rows()
    return {
        "rows": len(scores),
        "auc": m.roc_auc_score(labels, scores),
        "weightedAuc": m.roc_auc_score(labels, scores, sample_weight=weights),
        "prAuc": m.average_precision_score(labels, scores),
        "kendall": st.kendalltau(scores, weights).statistic,
    }


def kendall(n, levels):
    a, b = rng.normal(size=n), rng.normal(size=n)
    b = b + 0.5 * a
    if levels:
        a, b = np.round(a * levels), np.round(b * levels)
    return {"a": a.tolist(), "b": b.tolist(), "tau": st.kendalltau(a, b).statistic}


def t_test(n):
    base = rng.normal(0.6, 0.01, size=n)
    candidate = base + rng.normal(0.004, 0.005, size=n)
    result = st.ttest_rel(candidate, base)
    interval = result.confidence_interval(0.9)
    return {
        "candidate": candidate.tolist(),
        "base": base.tolist(),
        "t": result.statistic,
        "pValue": result.pvalue,
        "interval90": [interval.low, interval.high],
    }


def tails():
    return [
        {"t": t, "degrees": d, "tail": 2 * st.t.sf(t, d), "quantile": st.t.isf(0.025, d)}
        for d in [1, 2, 3, 4, 9, 29, 100, 1000]
        for t in [0.0, 0.01, 0.5, 1.0, 2.5, 10.0, 60.0]
    ]


def ranking(users=7, items=40, width=20):
    relevance = (rng.random((users, items)) < 0.15).astype(int)
    relevance[:, 0] = 1
    scores = rng.permuted(np.tile(np.arange(items, dtype=float), (users, 1)), axis=1)
    top = np.argsort(-scores, axis=1)[:, :width]
    return {
        "top": top.tolist(),
        "all": np.argsort(-scores, axis=1).tolist(),
        "relevant": [np.flatnonzero(r).tolist() for r in relevance],
        "ndcg": {str(k): m.ndcg_score(relevance, scores, k=k) for k in [1, 3, 10, 20, 40]},
        "mapOfAll": m.label_ranking_average_precision_score(relevance, scores),
        "hitrate": {
            str(k): m.top_k_accuracy_score(np.argmax(relevance * scores, axis=1), scores, k=k, labels=np.arange(items))
            for k in [1, 3, 10]
        },
    }


def reliability(n=500, bins=10):
    p = rng.permutation(np.arange(1, n + 1) / (n + 2.0))
    labels = (rng.random(n) < p**1.3).astype(int)
    observed, predicted = calibration.calibration_curve(labels, p, n_bins=bins, strategy="quantile")
    ece = float(np.mean(np.abs(observed - predicted)))
    return {"p": p.tolist(), "labels": labels.tolist(), "observed": observed.tolist(), "predicted": predicted.tolist(), "ece": ece}


def percentiles(n=37):
    values = rng.normal(size=n)
    return {"values": values.tolist(), "quantiles": {str(q): float(np.percentile(values, 100 * q)) for q in [0.025, 0.05, 0.5, 0.975]}}


json.dump(
    {
        "madeWith": {"numpy": np.__version__, "scipy": scipy.__version__, "scikit-learn": sklearn.__version__},
        "scored": [scored(60, 0), scored(200, 2), scored(31, 1)],
        "long": long_case(),
        "kendall": [kendall(12, 0), kendall(150, 2), kendall(80, 1)],
        "tTest": [t_test(n) for n in [2, 3, 5, 20]],
        "tails": tails(),
        "ranking": ranking(),
        "reliability": reliability(),
        "percentiles": percentiles(),
    },
    sys.stdout,
    default=float,
)
