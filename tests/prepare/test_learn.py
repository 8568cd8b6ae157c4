"""The second opinion: learned from labels, honest about itself, and never the one that decides."""

import json
import random
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from opinion_lab.config import LabError
from opinion_lab.lab import Lab
from opinion_lab.prepare import relevance
from opinion_lab.prepare.relevance import classifier
from opinion_lab.report.documents.daily import overlooked
from opinion_lab.report.widgets import labelling
from opinion_lab.storage import store
from tests import make

AT = datetime(2026, 9, 30, tzinfo=UTC)
DAY = date(2026, 9, 1)
SHOPS = ["面馆", "超市", "药房", "健身房", "奶茶店", "加油站", "理发店", "水果摊"]
BAD = ["{}里的东西过期了，商家不退款", "在{}买到假货，没人管", "{}乱收费，投诉也没用", "{}后厨很脏，吃了拉肚子"]
FINE = ["{}门口的晚霞真好看", "{}旁边堵车堵了一小时", "路过{}听见有人唱歌", "{}那条街今晚停电"]


def said(n: int, seed: int = 0) -> tuple[list[str], list[bool]]:
    """Texts of two kinds, each with a word of its own so that none is a copy."""
    chance = random.Random(seed)
    rows = [(chance.choice(BAD if k % 2 else FINE).format(chance.choice(SHOPS)), bool(k % 2)) for k in range(n)]
    return [f"{text}，{chr(0x4E00 + 31 * k + seed)}{chr(0x5000 + 17 * k)}" for k, (text, _) in enumerate(rows)], [
        r for _, r in rows
    ]


@pytest.fixture(scope="module")
def model() -> classifier.Model:
    return classifier.train(*said(80), at=AT)


def test_it_learns_and_says_how_well(model: classifier.Model) -> None:
    assert (model.held.n, model.held.relevant) == (80, 40)
    assert model.held.precision is not None and model.held.precision >= 0.9
    low, high = model.held.precision_range
    assert low < model.held.precision <= high
    assert model.held.brier < model.held.brier_blind / 2
    new = classifier.predict(model, pl.Series(["这家面馆的东西过期了还不退款", "傍晚的晚霞真好看", "", None, "！！"]))
    assert new[0] > 0.7 and new[1] < 0.3
    assert new[2] is None and new[3] is None and new[4] is None, "what says nothing has no probability"


def test_the_same_labels_in_any_order_give_the_same_model(model: classifier.Model) -> None:
    texts, relevant = said(80)
    order = random.Random(1).sample(range(80), 80)
    again = classifier.train(
        [texts[n] for n in order], [relevant[n] for n in order], at=datetime(2026, 10, 1, tzinfo=UTC)
    )
    assert again.version == model.version and again.labels == model.labels
    assert classifier.train([*texts[:-1], texts[0]], relevant, at=AT).version != model.version


def test_a_model_is_kept_as_numbers_and_a_changed_one_is_refused(model: classifier.Model) -> None:
    body = model.to_json()
    back = classifier.from_json(body)
    assert back.to_json() == body and back.held == model.held and back.trained_at == AT
    texts = pl.Series(said(20, seed=5)[0])
    assert classifier.predict(back, texts).equals(classifier.predict(model, texts))
    changed = json.loads(body)
    changed["weights"][0] += 1
    with pytest.raises(LabError, match="可能被改动过"):
        classifier.from_json(json.dumps(changed).encode())
    for wrong in (b"{}", b"[]", b"\x80\x04pickle", body[: len(body) // 2]):
        with pytest.raises(LabError, match="读不了"):
            classifier.from_json(wrong)


@pytest.mark.parametrize("n", [0, 20, 39])
def test_too_few_labels_are_refused_with_their_number(n: int) -> None:
    with pytest.raises(LabError, match=f"现有 {n} 条"):
        classifier.train(*said(n), at=AT)


def test_one_kind_of_label_alone_teaches_nothing() -> None:
    texts, _ = said(60)
    with pytest.raises(LabError, match="相关 60、无关 0"):
        classifier.train(texts, [True] * 60, at=AT)


def test_copies_do_not_flatter_it() -> None:
    """Noise with copies: a split through a story would look like knowledge."""
    chance = random.Random(3)
    texts, groups, relevant = [], [], []
    for k in range(40):
        story = "".join(chr(0x4E00 + chance.randrange(3000)) for _ in range(30))
        label = chance.random() < 0.5
        for n in range(4):
            texts.append(f"{story}{chr(0x4E00 + n)}")
            groups.append(str(k))
            relevant.append(label)
    honest = classifier.train(texts, relevant, at=AT, groups=groups).held
    fooled = classifier.train(texts, relevant, at=AT).held
    assert fooled.brier < 0.1, "copies on both sides are recognised"
    assert honest.brier > 0.2, "guessing is all that can be done"


def test_held_out_figures_by_hand() -> None:
    held = classifier._held_out(np.array([True, True, False, False]), np.array([0.9, 0.4, 0.6, 0.1]))
    assert (held.precision, held.recall, held.brier_blind) == (0.5, 0.5, 0.25)
    assert held.brier == pytest.approx((0.01 + 0.36 + 0.36 + 0.01) / 4)
    assert held.off == pytest.approx((0.1 + 0.6 + 0.6 + 0.1) / 4)
    none = classifier._held_out(np.array([True, False]), np.array([0.1, 0.1]))
    assert none.precision is None and none.precision_range == (0.0, 1.0) and none.recall == 0.0


def test_on_real_texts_it_holds_what_it_promises(shared_data: Path) -> None:
    """Business risks among news: 400 labels, tested on companies and news that it never saw."""
    names = ["id", "text", "event", "company"]
    risk = pl.read_csv(shared_data / "company_risk" / "events.csv", has_header=False, new_columns=names).drop_nulls()
    risk = risk.filter(risk["company"].hash(7) % 8 == 0).sort("id").sample(400, seed=1)
    with (shared_data / "tnews" / "unlabeled.json").open(encoding="utf-8") as f:
        news = [json.loads(line)["sentence"] for line in f][:1200]
    apart = risk["company"].hash(11) % 2 == 0
    seen, unseen = risk.filter(apart)["text"].to_list()[:150], risk.filter(~apart)["text"].to_list()
    made = classifier.train([*seen, *news[:300]], [True] * len(seen) + [False] * 300, at=AT)
    probability = classifier.predict(made, pl.Series([*unseen, *news[300:]])).fill_null(0).to_numpy()
    truth = classifier._held_out(np.array([True] * len(unseen) + [False] * 900), probability)
    assert truth.precision is not None and truth.recall is not None and made.held.recall is not None
    assert truth.precision >= 0.85 and truth.recall >= 0.85 and truth.off <= 0.05
    assert truth.recall >= made.held.recall_range[0] - 0.05, "the promise was not vain"


# --- labels --------------------------------------------------------------------------------------------------


@pytest.fixture
def taught(lab: store.Store) -> Lab:
    """A lab with 80 labelled posts and 20 that nobody looked at."""
    texts, relevant = said(80)
    more, _ = said(20, seed=9)
    given = [{"post_id": f"l{k:03}", "text": t, "relevant": False} for k, t in enumerate(texts)]
    given += [{"post_id": f"n{k:03}", "text": t, "relevant": False} for k, t in enumerate(more)]
    lab.put_days("posts", make.posts(given))
    made = Lab(lab)
    for k, r in enumerate(relevant):
        made.label(f"l{k:03}", r, who="值班员")
    return made


def test_training_keeps_a_version_and_changes_no_post(taught: Lab) -> None:
    assert taught.relevance_model() is None
    posts = (taught.store.local / "posts" / "2026-09-01.parquet").read_bytes()
    first = taught.learn_relevance()
    assert taught.learn_relevance().to_json() == first.to_json(), "twice changes nothing, not even the date"
    taught.label("n000", False, who="值班员")
    second = taught.learn_relevance()
    versions = sorted(p.stem for p in (taught.store.local / "models" / "relevance").glob("*.json"))
    assert versions == sorted([first.version, second.version]) and first.version != second.version
    newest = taught.relevance_model()
    assert newest is not None and newest.version == second.version
    assert (taught.store.local / "posts" / "2026-09-01.parquet").read_bytes() == posts


# --- what people look at -------------------------------------------------------------------------------------


def test_disagreement_comes_first_then_half_words_then_a_draw(model: classifier.Model) -> None:
    aside = {"relevant": False, "relevance_reason": relevance.NO_WORD}
    frame = make.posts(
        [
            {"post_id": "missed", "text": "在超市买到假货，没人管，不退款", **aside},
            {
                "post_id": "wrong",
                "text": "面馆门口的晚霞真好看",
                "relevant": True,
                "relevance_reason": "含关注词：面馆",
            },
            {"post_id": "half", "text": "奶茶店那条街今晚停电", **aside, "relevance_reason": "只有一个弱词：停电"},
            {
                "post_id": "agreed",
                "text": "药房乱收费，投诉也没用",
                "relevant": True,
                "relevance_reason": "含关注词：投诉",
            },
            {"post_id": "in story", "text": "超市里的东西过期了，不退款", **aside},
            {"post_id": "below", "text": "晚霞真好看", "relevant": True, "relevance_reason": relevance.INHERITED},
            {"post_id": "copy", "text": "在超市买到假货，没人管，不退款", "copy_of": "missed", **aside},
            *({"post_id": f"draw{n}", "text": f"路过水果摊听见有人唱歌{n}", **aside} for n in range(9)),
        ]
    )
    kept = frame.filter(pl.col("post_id").is_in(["wrong", "agreed", "in story", "below"]))
    found = overlooked.doubtful(frame, kept, DAY, model)
    ids = found["post_id"].to_list()
    assert ids[:2] == ["missed", "wrong"] and ids[2] == "half" and len(ids) == overlooked.SAMPLE
    assert all(i.startswith("draw") for i in ids[3:])
    why = dict(found.select("post_id", "doubt").iter_rows())
    assert why["missed"].startswith("关注词判为无关，模型估计有")
    assert why["wrong"].startswith("关注词判为相关，模型估计只有")
    assert why["half"] == "只有一个弱词：停电" and why[ids[3]] == "抽样：未含关注词"
    assert overlooked.doubtful(frame.reverse(), kept, DAY, model)["post_id"].to_list() == ids
    # without a model: half a word, then the draw; what was labelled is not asked again
    assert overlooked.doubtful(frame, kept, DAY)["post_id"][0] == "half"
    labelled = pl.DataFrame({"post_id": ["half", "missed"]})
    assert not {"half", "missed"} & set(overlooked.doubtful(frame, kept, DAY, model, labelled)["post_id"])
    assert overlooked.doubtful(frame, kept, date(2030, 1, 1), model).is_empty()


def test_a_click_is_a_label(taught: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPINION_LAB_REPORT", raising=False)
    posts = taught.posts(where=pl.col("post_id").str.starts_with("n")).head(2)
    hostile = posts.with_columns(text=pl.lit("<script>alert(1)</script>退款"))
    cell = labelling.cell(taught, hostile, role="值班员")
    first = cell.box.children[0]
    assert "<script>" not in first.children[0].value and "&lt;script&gt;" in first.children[0].value
    yes, no = first.children[1].children
    yes.click()
    no.click()  # a change of mind
    assert (yes.button_style, no.button_style) == ("", "success")
    mine = taught.labels.filter(pl.col("post_id") == hostile["post_id"][0])
    assert mine.select("relevant", "who").row(0) == (False, "值班员")
    teach, told = cell.box.children[-1].children
    teach.click()
    assert "准确率" in told.value and taught.relevance_model() is not None
    assert labelling.WIDGET in cell._repr_mimebundle_()


def test_in_a_report_nobody_presses_buttons(taught: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPINION_LAB_REPORT", "1")
    cell = labelling.cell(taught, taught.posts().head(2))
    assert cell.box is None and set(cell._repr_mimebundle_()) == {"text/html", "text/plain"}


def test_what_the_second_opinion_rests_on_is_said(taught: Lab) -> None:
    given = taught.labels
    assert "已有标注80条（相关40、无关40）" in labelling._described(None, given)
    model = taught.learn_relevance()
    text = labelling._described(model, given)
    assert model.version in text and "95%区间" in text and "不改变判定" in text and "可重新训练" not in text
    assert "可重新训练" in labelling._described(model, given.head(70))


def test_too_few_labels_are_said_in_the_cell(lab: store.Store) -> None:
    assert "标注还不够" in labelling._learned(Lab(lab))
