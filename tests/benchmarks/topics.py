"""Topics: the engines and their peers on five sets of real posts with known classes.

`python -m tests.benchmarks topics`; TOPICS_SETS=tnews,reviews and TOPICS_ONLY=ours,BERTopic narrow it.
"""

import csv
import gzip
import importlib.util
import itertools
import json
import os
import time
import warnings
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score
from threadpoolctl import threadpool_limits

from opinion_lab.analyse import topics
from opinion_lab.analyse.topics import labels, vectors
from opinion_lab.prepare import tokens as words
from opinion_lab.rules import SHIPPED
from tests.benchmarks.harness import SHARED

PROTOCOL = """
All ways get the same words (opinion_lab.prepare.tokens) and as many topics as there are classes. No label is used
but to score. Seeds 0 and 1, on fewer than 1,000 posts 0 to 4: means, +- half the range of NMI; stability is the mean
adjusted Rand index of their pairs. A post without a topic is in a
class of its own for NMI, purity and stability. NPMI: pairs of a topic's eight class TF-IDF words in all posts of the
set; diversity: the share of these words that stand under one topic alone. Background: word vectors learnt once from
some 460,000 other texts without labels (vectors.keep), for what can use vectors; they are not used on sets of
200,000 words or more, which is the default's own rule. BERTopic gets the very vectors of the default (UMAP to five
dimensions, HDBSCAN, nr_topics, then reduce_outliers by embeddings; its better-known form, with outliers left, second).
Seconds are of one fit beside other work on the machine: believe ratios.
"""

FEW = 1_000  # posts below which five seeds are run: there NMI hangs on a handful of posts
LEXICON = SHIPPED.lexicon
Way = Callable[[list[list[str]], pl.DataFrame, np.ndarray, int, int], np.ndarray]


def cut(texts: list[str]) -> pl.DataFrame:
    ids = pl.format("p{}", pl.int_range(pl.len()).cast(pl.String).str.zfill(7))
    posts = pl.DataFrame({"text": texts}).with_columns(post_id=ids, title=None, day=pl.lit(date(2026, 9, 8)))
    return words.tokenize(posts.with_columns(pl.col("title").cast(pl.String)), LEXICON)


def lines(path: Path) -> list[dict[str, Any]]:
    body = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return [json.loads(line) for line in body.splitlines()]  # of bytes: U+2028 ends no line of JSON


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def message(row: dict[str, str]) -> str:
    return f"{row['留言主题']}\n{row['留言详情']}"


def sets(root: Path) -> dict[str, list[tuple[str, str]]]:
    """Text and class of each post of the five sets."""
    titles = (root / "thucnews_titles" / "dev.txt").read_text(encoding="utf-8").splitlines()
    news = [r for part in ("train", "dev") for r in lines(root / "tnews" / f"{part}_few_all.json")]
    reviews = [
        (r["review"], name) for name in ("waimai_10k", "hotel_7766") for r in rows(root / "reviews" / f"{name}.csv")
    ]
    return {
        "thucnews_titles": [tuple(t.rsplit("\t", 1)) for t in titles],  # type: ignore[misc]
        "tnews": [(r["sentence"], str(r["label"])) for r in news],
        "reviews": reviews,
        "sogouc_news": [(r["text"], r["class"]) for r in lines(root / "sogouc_news" / "articles.jsonl.gz")],
        "gov_messages": [(message(r), r["一级分类"]) for r in rows(root / "gov_messages" / "labelled.csv")],
    }


def archive(root: Path) -> pl.DataFrame:
    """What a lab of some years would hold beside these posts: hot lists, short news, messages, openings of cascades."""
    texts = [r["sentence"] for r in lines(root / "tnews" / "unlabeled.json")]
    for path in sorted((root / "hot_boards").glob("*.gz")):
        texts += pl.read_csv(path)["title"].cast(pl.String).drop_nulls().to_list()
    texts += [message(r) for name in ("messages", "replies") for r in rows(root / "gov_messages" / f"{name}.csv")]
    texts += [r["original"]["text"] or "" for r in lines(root / "ced_cascades" / "cascades.jsonl.gz")]
    return cut(list(dict.fromkeys(texts)))


# --- ways --------------------------------------------------------------------------------------------------------


def ours(engine: str, background: bool) -> Way:
    def fit(texts: Any, tokens: pl.DataFrame, kept: Any, k: int, seed: int) -> np.ndarray:
        model = topics.fit(tokens, n_topics=k, seed=seed, engine=engine, kept=kept if background else None)  # type: ignore[arg-type]
        return model.post_topics["topic_id"].to_numpy()

    return fit


def sklearn_nmf(texts: list[list[str]], tokens: Any, kept: Any, k: int, seed: int) -> np.ndarray:
    from sklearn.decomposition import NMF
    from sklearn.feature_extraction.text import TfidfVectorizer

    table = TfidfVectorizer(analyzer=lambda x: x, min_df=2, sublinear_tf=True).fit_transform(texts)
    weights = NMF(k, random_state=seed, init="nndsvda", max_iter=300).fit_transform(table)
    return np.where(weights.sum(1) > 0, weights.argmax(1), -1)


def tomotopy_lda(texts: list[list[str]], tokens: Any, kept: Any, k: int, seed: int) -> np.ndarray:
    import tomotopy

    model = tomotopy.LDAModel(k=k, seed=seed, min_df=2)
    added = [i for i, text in enumerate(texts) if text and model.add_doc(text) is not None]
    model.train(300, workers=1)
    found = np.full(len(texts), -1)
    found[added] = [int(np.argmax(doc.get_topic_dist())) for doc in model.docs]
    return found


def btm(texts: list[list[str]], tokens: Any, kept: Any, k: int, seed: int) -> np.ndarray:
    import bitermplus

    joined = [" ".join(text) for text in texts]
    counts, names, _ = bitermplus.get_words_freqs(joined, tokenizer=str.split, token_pattern=None, min_df=2)
    docs = bitermplus.get_vectorized_docs(joined, names)
    model = bitermplus.BTM(counts, names, seed=seed, T=k, M=20, alpha=50 / k, beta=0.01)
    model.fit(bitermplus.get_biterms(docs), iterations=100, verbose=False)
    found = model.transform(docs, verbose=False)
    return np.where(np.isnan(found[:, 0]), -1, np.nan_to_num(found).argmax(1))


def bertopic(reduce: bool) -> Way:
    def fit(texts: list[list[str]], tokens: pl.DataFrame, kept: Any, k: int, seed: int) -> np.ndarray:
        from bertopic import BERTopic
        from sklearn.feature_extraction.text import CountVectorizer
        from umap import UMAP

        space = vectors.learn(vectors.originals(tokens, None), "ppmi", seed, kept)
        points = space.posts(vectors.long_form(tokens), tokens.height)
        joined = [" ".join(text) or "空" for text in texts]
        flat = UMAP(n_neighbors=15, n_components=5, min_dist=0.0, metric="cosine", random_state=seed)
        counter = CountVectorizer(tokenizer=str.split, token_pattern=None)
        model = BERTopic(embedding_model=None, umap_model=flat, vectorizer_model=counter, nr_topics=k + 1)
        found = model.fit_transform(joined, points)[0]
        if reduce and -1 in found:
            found = model.reduce_outliers(joined, list(found), strategy="embeddings", embeddings=points)
        return np.array(found)

    return fit


WAYS: dict[str, tuple[str, Way]] = {
    "ours, kept vectors": ("", ours("ppmi", True)),
    "ours, these posts only": ("", ours("ppmi", False)),
    "ours, word2vec": ("", ours("word2vec", False)),
    "ours, NMF (gensim)": ("", ours("nmf", False)),
    "ours, LDA (gensim)": ("", ours("lda", False)),
    "scikit-learn NMF": ("", sklearn_nmf),
    "tomotopy LDA": ("tomotopy", tomotopy_lda),
    "bitermplus BTM": ("bitermplus", btm),
    "BERTopic, reduced": ("bertopic", bertopic(True)),
    "BERTopic": ("bertopic", bertopic(False)),
}


# --- scores ------------------------------------------------------------------------------------------------------


def purity(classes: np.ndarray, found: np.ndarray) -> float:
    return sum(np.unique(classes[found == t], return_counts=True)[1].max() for t in np.unique(found)) / len(found)


def worded(tokens: pl.DataFrame, found: np.ndarray) -> tuple[float, float]:
    """NPMI and diversity of each topic's eight words."""
    long = vectors.long_form(tokens)
    names = long.unique().group_by("word").agg(n=pl.len()).filter(pl.col("n") > 1).sort("word").with_row_index("id")
    space = vectors.Space(names.select("word", pl.col("id").cast(pl.Int64)), np.ones(names.height), np.ones((1, 1)))
    counts = space.counts(long, tokens.height)
    kinds, label = np.unique(found, return_inverse=True)
    label = np.where(found < 0, -1, label - (kinds[0] < 0))
    top = labels.top(labels.class_tfidf(counts, label, label.max() + 1), 8)
    every = np.concatenate(top)
    return vectors.npmi(counts, top), float(np.mean(np.bincount(every)[every] == 1))


def main() -> None:
    warnings.filterwarnings("ignore")
    print(PROTOCOL)
    wanted = [w for w in os.environ.get("TOPICS_SETS", "").split(",") if w]
    only = [w for w in os.environ.get("TOPICS_ONLY", "").split(",") if w]
    start = time.perf_counter()
    kept = vectors.keep(archive(SHARED))
    print(f"background learnt in {time.perf_counter() - start:.0f} s: {kept.height:,} words\n")
    head = f"{'':<24}{'NMI':>6}{'+-':>6}{'purity':>8}{'NPMI':>7}{'divers.':>9}{'stable':>8}{'s':>7}{'none':>7}"
    for name, given in sets(SHARED).items():
        if wanted and name not in wanted:
            continue
        tokens, classes = cut([text for text, _ in given]), np.array([c for _, c in given])
        texts, k = tokens["tokens"].to_list(), len(set(classes))
        print(f"{name} ({len(given):,} posts, {sum(map(len, texts)):,} words, {k} classes)\n{head}")
        for way, (package, fit) in WAYS.items():
            if only and not any(way.startswith(o) for o in only):
                continue
            if package and not importlib.util.find_spec(package):
                print(f"{way:<24} {package} is not installed")
                continue
            found, took = [], []
            with threadpool_limits(limits=1):
                for seed in range(5 if len(given) < FEW else 2):
                    start = time.perf_counter()
                    found.append(fit(texts, tokens, kept, k, seed))
                    took.append(time.perf_counter() - start)
            nmi = [normalized_mutual_info_score(classes, f) for f in found]
            npmi, diversity = worded(tokens, found[0])
            pure = np.mean([purity(classes, f) for f in found])
            scores = f"{np.mean(nmi):>6.3f}{np.ptp(nmi) / 2:>6.3f}{pure:>8.3f}{npmi:>7.3f}{diversity:>9.3f}"
            agree = np.mean([adjusted_rand_score(a, b) for a, b in itertools.combinations(found, 2)])
            rest = f"{agree:>8.3f}{min(took):>7.1f}{np.mean(found[0] < 0):>7.1%}"
            print(f"{way:<24}{scores}{rest}", flush=True)
        print()
