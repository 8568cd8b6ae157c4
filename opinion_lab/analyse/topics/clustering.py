"""Ways to divide posts into k topics, and where a further post belongs.

`ppmi` and `word2vec` (room `vectors`) join each post to those nearest in meaning and in words, as many as the root of
the number of posts, cut the graph by its leading eigenvectors and run k-means there (Ng, Jordan & Weiss 2001): on short
posts far steadier from seed to seed than k-means on the vectors themselves. Then words have their say: a post goes
where its words and its vector together are likeliest. `nmf` and `lda` are gensim's; posts are placed by their topics'
words.
"""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.linalg import eigsh

from opinion_lab.analyse.topics.vectors import Floats, Space, unit
from opinion_lab.config import LabError

Engine = Literal["ppmi", "word2vec", "nmf", "lda"]
Labels = NDArray[np.int64]
Views = tuple[NDArray[np.float32], sp.csr_matrix]

ON_VECTORS = ("ppmi", "word2vec")
SMOOTH = 1.0  # times the vocabulary: what a topic is thought to have said, as all do, before anything is seen
TRUST = 4.0  # what one unit of cosine is worth beside log odds of words
ROUNDS = 20
SAMPLED = 1000  # posts whose pairs say how far each kind of likeness can be relied on


def check(engine: str) -> None:
    """Raise LabError for an engine that is unknown."""
    if engine not in get_args(Engine):
        raise LabError(f"没有名为“{engine}”的话题算法。可选：{'、'.join(get_args(Engine))}。")


# --- posts as a graph ------------------------------------------------------------------------------------------


def views(space: Space, counts: sp.csr_matrix) -> Views:
    """Posts as what they mean (vectors) and as what they say (TF-IDF of words, and of the characters of these words).

    Two are as alike as the products together. Each likeness is measured in its own spread and counts as much as it can
    be relied on: as far as likeness by one half of the vocabulary goes with likeness by the other half (split halves,
    Spearman 1910). Titles share few words, so there vectors count most. Characters join 手机 and 机型.
    """
    from sklearn.feature_extraction.text import CountVectorizer  # as KMeans below

    spelt = CountVectorizer(analyzer="char", ngram_range=(1, 2), binary=True, lowercase=False)
    characters = spelt.fit_transform(space.words["word"].to_list())
    some = counts[np.linspace(0, counts.shape[0] - 1, min(counts.shape[0], SAMPLED)).astype(int)]
    odd = sp.diags(np.arange(some.shape[1]) % 2.0)
    halves = [sp.csr_matrix(some @ odd), sp.csr_matrix(some - some @ odd)]
    found = []
    for view in (space.vector, _tfidf, lambda said: _tfidf(sp.csr_matrix(said @ characters))):
        one, other = (_pairs(view(half)) for half in halves)
        relied = np.corrcoef(one, other)[0, 1] if one.std() * other.std() > 0 else 0
        found.append(view(counts) * np.sqrt(max(relied, 0.01) / max(_pairs(view(some)).std(), 1e-6)))
    return found[0].astype(np.float32), sp.hstack(found[1:], "csr", np.float32)


def _tfidf(counts: sp.csr_matrix) -> sp.csr_matrix:
    """Posts as unit vectors of their words, each weighed by how few of these posts have it."""
    often = np.asarray((counts > 0).sum(0)).ravel()
    found = _damped(counts) @ sp.diags(np.log(counts.shape[0] / np.maximum(often, 1)) + 1)
    length = np.sqrt(np.asarray(found.multiply(found).sum(1)).ravel())
    return sp.csr_matrix(sp.diags(1 / np.maximum(length, 1e-12)) @ found)


def _pairs(rows: Floats | sp.csr_matrix) -> Floats:
    """The products of each two rows."""
    every: Any = rows @ rows.T
    return np.asarray(every.toarray() if sp.issparse(every) else every)[np.triu_indices(rows.shape[0], 1)]


def embed(views: Views, rows: Labels, dimensions: int) -> Floats:
    """The leading eigenvectors of the graph in which each post of `rows` is joined to its nearest, best first."""
    n = len(rows)
    near = _graph(views[0][rows], views[1][rows], max(3, round(n**0.5)))
    root = 1 / np.sqrt(np.maximum(np.asarray(near.sum(1)).ravel(), 1e-9))
    even = sp.diags(root) @ near @ sp.diags(root) + sp.identity(n)
    dimensions = min(dimensions, n - 2)
    if n <= 400:
        return np.linalg.eigh(even.toarray())[1][:, ::-1][:, :dimensions]
    start = np.random.default_rng(0).standard_normal(n)  # always the same: an eigenvector is no matter of chance
    size, found = eigsh(even, k=dimensions, v0=start, tol=0)  # exact: parts that nothing joins are equal in size
    return np.asarray(found[:, np.argsort(-size, kind="stable")])


def _graph(vectors: NDArray[np.float32], words: sp.csr_matrix, n: int) -> sp.csr_matrix:
    """Each post joined to its `n` nearest, symmetric; a post without likeness to any other stands alone."""
    rows, columns, values = [], [], []
    for start in range(0, len(vectors), 1000):
        part = slice(start, start + 1000)
        alike = vectors[part] @ vectors.T + (words[part] @ words.T).toarray()
        here = np.arange(len(alike))
        alike[here, start + here] = -1
        nearest = np.argpartition(-alike, n - 1, axis=1)[:, :n]
        rows.append(np.repeat(start + here, n))
        columns.append(nearest.ravel())
        values.append(np.maximum(np.take_along_axis(alike, nearest, 1), 0).ravel().astype(np.float64))
    shape = (len(vectors), len(vectors))
    one_way = sp.csr_matrix((np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))), shape=shape)
    return (one_way + one_way.T) / 2


def cluster(embedded: Floats, k: int, seed: int, restarts: int = 50) -> Labels:
    """k-means on the first k eigenvectors, each post at length 1."""
    from sklearn.cluster import KMeans  # with what it draws in, a second that every notebook would wait for

    found = KMeans(k, n_init=restarts, random_state=seed).fit(unit(embedded[:, :k]))
    return found.labels_.astype(np.int64)


# --- topics as words -------------------------------------------------------------------------------------------


def topic_words(engine: Engine, counts: sp.csr_matrix, k: int, seed: int) -> Floats:
    """The topics of an engine that reads words alone: k rows of how likely it says each word."""
    from gensim.matutils import Sparse2Corpus
    from gensim.models import LdaModel, TfidfModel
    from gensim.models.nmf import Nmf

    rounds = int(np.clip(10_000 / max(1, counts.shape[0]), 3, 10))
    corpus = list(Sparse2Corpus(counts, documents_columns=False))
    names = {i: str(i) for i in range(counts.shape[1])}
    if engine == "lda":
        found = LdaModel(corpus, num_topics=k, id2word=names, passes=rounds, alpha="auto", random_state=seed)
    else:
        weighed = list(TfidfModel(corpus)[corpus])
        found = Nmf(weighed, num_topics=k, id2word=names, passes=3, random_state=seed)
    return _likely(np.asarray(found.get_topics(), dtype=np.float64))


def _likely(said: Floats) -> Floats:
    said = said + 1e-9
    return np.asarray(said / said.sum(1, keepdims=True))


def fold_in(counts: sp.csr_matrix, likely: Floats) -> Floats:
    """Each post's mixture of topics that makes its words likeliest, by expectation maximisation (Hofmann 1999)."""
    mixture = np.full((counts.shape[0], len(likely)), 1 / len(likely))
    for start in range(0, counts.shape[0], 2000):
        part = counts[start : start + 2000].tocsr()
        row = np.repeat(np.arange(part.shape[0]), np.diff(part.indptr))
        given, here = likely[:, part.indices].T, mixture[start : start + 2000]
        gather = sp.csr_matrix((part.data, (row, np.arange(part.nnz))), shape=(part.shape[0], part.nnz))
        for _ in range(30 if part.nnz else 0):
            guess = here[row] * given + 1e-300
            here = gather @ (guess / guess.sum(1, keepdims=True)) + 1e-3
            here /= here.sum(1, keepdims=True)
        mixture[start : start + 2000] = here
    return mixture


# --- words and vectors together --------------------------------------------------------------------------------


def means(points: Floats, label: Labels, k: int) -> Floats:
    """The mean direction of each topic's posts."""
    return unit(np.asarray(_members(label, k) @ points))


def odds(counts: sp.csr_matrix, label: Labels, k: int) -> Floats:
    """How much likelier a topic says each word than all posts do: log of the ratio."""
    damped = _damped(counts)
    usual = np.asarray(damped.sum(0)).ravel()
    usual = np.maximum(usual / max(usual.sum(), 1), 1e-12)
    said = np.asarray((_members(label, k) @ damped).todense()) + SMOOTH * len(usual) * usual
    return np.asarray(np.log(said / said.sum(1, keepdims=True)) - np.log(usual))


def weigh(counts: sp.csr_matrix, points: Floats, centres: Floats, odds: Floats) -> Floats:
    """Posts by topics: log odds of the words, and the vectors' cosine."""
    return np.asarray(_damped(counts) @ odds.T + TRUST * (points @ centres.T))


def settle(counts: sp.csr_matrix, points: Floats, centres: Floats, said: Floats) -> tuple[Floats, Floats]:
    """Centres and odds when posts and topics have made up their minds about one another; no topic is left empty."""
    before = None
    for _ in range(ROUNDS):
        label = weigh(counts, points, centres, said).argmax(1)
        kept, label = np.unique(label, return_inverse=True)
        centres, said = means(points, label, len(kept)), odds(counts, label, len(kept))
        if before is not None and np.mean(before != label) < 0.001:
            break
        before = label
    return centres, said


def _damped(counts: sp.csr_matrix) -> sp.csr_matrix:
    found = counts.copy()
    found.data = 1 + np.log(found.data)
    return found


def _members(label: Labels, k: int) -> sp.csr_matrix:
    return sp.csr_matrix((np.ones(len(label)), (label, np.arange(len(label)))), shape=(k, len(label)))
