"""Word vectors, and a post as the weighted mean of its words' vectors.

Two engines. `ppmi` factorises how often two words stand near each other: what skip-gram approximates (Levy & Goldberg
2014), without training. `word2vec` is gensim's skip-gram with one worker, so that the same seed gives the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl
import scipy.sparse as sp
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from opinion_lab.config import LabError

Floats = NDArray[np.float64]
Method = Literal["ppmi", "word2vec"]

MAX_WORDS = 40_000
MAX_FITTED = 30_000  # posts from which the common direction is learnt
DIMENSIONS, WINDOW = 50, 10
ENOUGH = 200_000  # words from which posts teach their own vectors best: below it others help, above it they blur
LONG = 60  # words a post from which the common direction is taken out: seen to help there and to hurt short posts


@dataclass(frozen=True)
class Space:
    """Word vectors of unit length with what turns a post's words into one vector."""

    words: pl.DataFrame  # word, id
    idf: Floats
    vectors: Floats
    common: Floats | None = None  # the direction that all long posts share

    def counts(self, long: pl.DataFrame, n: int) -> sp.csr_matrix:
        """Posts by words, how often."""
        seen = long.join(self.words, on="word").group_by("row", "id").agg(n=pl.len()).sort("row", "id")
        shape = (n, self.words.height)
        at = (seen["row"].to_numpy(), seen["id"].to_numpy())
        return sp.csr_matrix((seen["n"].to_numpy().astype(np.float64), at), shape=shape)

    def vector(self, counts: sp.csr_matrix) -> Floats:
        """Posts as unit vectors; a post without a known word is all zero."""
        weighted = counts.copy()
        weighted.data = (1 + np.log(weighted.data)) * self.idf[weighted.indices]
        found = unit(np.asarray(weighted @ self.vectors))
        if self.common is not None:
            found = unit(found - np.outer(found @ self.common, self.common))
        return found

    def posts(self, long: pl.DataFrame, n: int) -> Floats:
        """Posts as unit vectors, from their words (row, word)."""
        return self.vector(self.counts(long, n))


def originals(tokens: pl.DataFrame, copies: pl.DataFrame | None) -> pl.DataFrame:
    """One post of each text, in order of post_id: its original where that is among `tokens`."""
    frame = tokens.filter(pl.col("tokens").list.len() > 0).select("post_id", "tokens")
    if copies is not None:
        marks = copies.select("post_id", "copy_of")
        root = pl.coalesce("copy_of", "post_id")
        frame = frame.join(marks, on="post_id", how="left").sort(pl.col("copy_of").is_not_null(), "post_id")
        frame = frame.with_columns(root=root).unique("root", keep="first", maintain_order=True).sort("post_id")
    frame = frame.with_columns(same=pl.col("tokens").list.join("\x1f"))
    return frame.unique("same", keep="first", maintain_order=True).select("post_id", "tokens")


def long_form(tokens: pl.DataFrame) -> pl.DataFrame:
    """row, word: one row a word, in order."""
    rows = tokens.select(row=pl.int_range(pl.len()), word="tokens")
    return rows.explode("word").drop_nulls()


def learn(posts: pl.DataFrame, method: Method, seed: int, kept: pl.DataFrame | None = None) -> Space:
    """The vocabulary, its weights and vectors, learnt from the posts.

    kept: vectors learnt before (`keep`), taken as they are; only words that they lack are learnt from the posts.
    Posts of ENOUGH words do without. Raises LabError when hardly two posts share a word.
    """
    long = long_form(posts)
    if kept is not None and long.height < ENOUGH:
        shared = long.unique().group_by("word").agg(df=pl.len()).filter(pl.col("df") > 1)
        space = _from_kept(posts, shared, kept)
    else:
        space = _learnt(posts, method, seed)
    if long.height < LONG * posts.height:
        return space
    placed = space.posts(long, posts.height)[:MAX_FITTED]
    # Arora et al. 2017: the first principal direction of long texts is what any text says
    common = np.linalg.eigh(placed.T @ placed)[1][:, -1]
    return Space(space.words, space.idf, space.vectors, common)


def keep(tokens: pl.DataFrame) -> pl.DataFrame:
    """Word vectors of a whole archive (Token) as a frame to be kept: word, idf, vector."""
    posts = originals(tokens.sort("post_id"), None)
    with threadpool_limits(limits=1):
        space = _learnt(posts, "ppmi", 0)
    rows = pl.Series(space.vectors.astype(np.float32), dtype=pl.Array(pl.Float32, space.vectors.shape[1]))
    return space.words.select("word", idf=pl.Series(space.idf), vector=rows.arr.to_list())


def _from_kept(posts: pl.DataFrame, seen: pl.DataFrame, kept: pl.DataFrame) -> Space:
    """Kept vectors; a new word that two posts share lies where those posts lie."""
    if set(kept.columns) != {"word", "idf", "vector"}:
        raise LabError("保存的词向量格式不对，可能来自旧版本。请运行 opinion-lab learn 重新学习。")
    new = seen.join(kept, on="word", how="anti").sort("word")
    idf = np.log((1 + posts.height) / (1 + new["df"].to_numpy())) + 1
    vectors = np.vstack(kept["vector"].to_list()).astype(np.float64)
    names = pl.concat([kept["word"], new["word"]]).to_frame().with_row_index("id")
    words = names.select("word", pl.col("id").cast(pl.Int64))
    blank = np.zeros((new.height, vectors.shape[1]))
    space = Space(words, np.concatenate([kept["idf"].to_numpy(), idf]), np.vstack([unit(vectors), blank]))
    if new.height:
        counts = space.counts(long_form(posts), posts.height)
        around = (counts[:, kept.height :] > 0).astype(np.float64).T @ space.vector(counts)
        space.vectors[kept.height :] = unit(np.asarray(around))
    return space


def _learnt(texts: pl.DataFrame, method: Method, seed: int) -> Space:
    long = long_form(texts)
    df = long.unique().group_by("word").agg(df=pl.len()).filter(pl.col("df") > 1)
    df = df.sort("df", "word", descending=[True, False]).head(MAX_WORDS).sort("word").with_row_index("id")
    if df.height < 10:
        raise LabError("这些帖文几乎没有两条用到同一个词，分不出话题。请扩大时间范围，或检查分词。")
    words = df.select("word", pl.col("id").cast(pl.Int64))
    idf = np.log((1 + texts.height) / (1 + df["df"].to_numpy())) + 1
    run = long.join(words, on="word", maintain_order="left")
    if method == "ppmi":
        width = min(DIMENSIONS, max(2, texts.height // 4), words.height - 1)
        vectors = _factorised(run["row"].to_numpy(), run["id"].to_numpy(), words.height, width)
    else:
        vectors = _trained(run, words.height, seed)
    return Space(words, idf, unit(vectors))


def _factorised(row: NDArray[Any], word: NDArray[Any], n: int, dimensions: int) -> Floats:
    """Word vectors: positive pointwise mutual information within ten words, near ones counting more, by SVD."""
    from sklearn.utils.extmath import randomized_svd

    near = sp.csr_matrix((n, n))
    for apart in range(1, WINDOW + 1):
        same = row[apart:] == row[:-apart]
        if not same.any():
            break
        weight = np.full(int(same.sum()), 1 - (apart - 1) / WINDOW)
        near = near + sp.csr_matrix((weight, (word[:-apart][same], word[apart:][same])), shape=(n, n))
    near = (near + near.T).tocoo()
    often = np.asarray(near.sum(1)).ravel()
    mutual = np.log(near.data * often.sum() / (often[near.row] * often[near.col]))
    kept = mutual > 0
    positive = sp.csr_matrix((mutual[kept], (near.row[kept], near.col[kept])), shape=(n, n))
    left, size, _ = randomized_svd(positive, dimensions, random_state=0, n_iter=4)
    return np.asarray(left * np.sqrt(size), dtype=np.float64)


def _trained(run: pl.DataFrame, n: int, seed: int) -> Floats:
    """Word vectors by skip-gram, one worker; some three million words of training, 3 to 15 rounds."""
    from gensim.models import Word2Vec  # half a second, and only here

    texts = run.group_by("row", maintain_order=True).agg(pl.col("id").cast(pl.String))["id"].to_list()
    rounds = int(np.clip(3e6 / run.height, 3, 15))
    options = {"window": WINDOW, "sg": 1, "min_count": 1, "epochs": rounds, "alpha": 0.1, "workers": 1, "seed": seed}
    trained = Word2Vec(texts, vector_size=2 * DIMENSIONS, **options).wv
    vectors = np.zeros((n, 2 * DIMENSIONS))
    for word, at in trained.key_to_index.items():
        vectors[int(word)] = trained.vectors[at]
    return vectors


def unit(rows: Floats) -> Floats:
    """Rows of length 1; a row of zeros stays."""
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.divide(rows, length, out=np.zeros_like(rows), where=length > 1e-12)


def npmi(counts: sp.csr_matrix, words: list[NDArray[np.int64]]) -> float:
    """Mean normalised pointwise mutual information of the pairs of each topic's words (Bouma 2009), 0 if unseen."""
    seen = (counts > 0).astype(np.float64).tocsc()
    values = []
    for topic in words:
        chosen = seen[:, topic]
        both = np.asarray((chosen.T @ chosen).todense()) / seen.shape[0]
        single = np.diag(both)
        for i in range(len(topic)):
            for j in range(i):
                if not single[i] * single[j]:
                    values.append(0.0)
                elif not both[i, j]:
                    values.append(-1.0)
                elif both[i, j] < 1:
                    values.append(float(np.log(both[i, j] / (single[i] * single[j])) / -np.log(both[i, j])))
    return float(np.mean(values)) if values else 0.0
