"""From rows to days: counts balance, twice changes nothing, a day more is added, changed rules prepare anew."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import polars as pl
import pytest

from opinion_lab.collect import importer
from opinion_lab.prepare import pipeline
from opinion_lab.prepare.pipeline import tasks
from opinion_lab.rules import SHIPPED, Rules
from opinion_lab.storage import store
from opinion_lab.storage.maintenance import integrity
from tests.test_floors import PACKAGE, module_imports

NOW = datetime(2026, 9, 30, tzinfo=UTC)
TEXT = "云溪县农贸市场的电子秤不准，买三斤只有两斤半，投诉电话13800138000没人接"


def export(path: Path, rows: list[dict]) -> Path:
    path.write_bytes(b"\n".join(orjson.dumps(r) for r in rows))
    return path


def row(n: int, day: int, **more: object) -> dict:
    base = {"native_id": f"n{n}", "platform": "贴吧论坛", "kind": "post", "author": f"张三{n}", "author_kind": "person"}
    other = "".join(chr(0x4E00 + (n * 997 + i * 101) % 20000) for i in range(12))  # like no other row's
    return base | {"text": other, "published_at": f"2026-09-{day:02d} 10:00:00"} | more


def bring(lab: store.Store, name: str, rows: list[dict]) -> pipeline.Prepared:
    importer.import_files(lab, [export(lab.root / name, rows)], "posts", now=NOW)
    return pipeline.run(lab, progress=False)


def state(lab: store.Store) -> dict[str, bytes]:
    return {str(p.relative_to(lab.processed)): p.read_bytes() for p in sorted(lab.processed.rglob("*.parquet"))}


def test_rows_become_redacted_posts(lab: store.Store) -> None:
    done = bring(lab, "a.jsonl", [row(1, 8, text=TEXT), row(2, 9)])
    assert (done.rows, done.new_posts, done.seen_again, done.dropped) == (2, 2, 0, 0)
    posts = lab.posts()
    assert posts["day"].to_list() == [datetime(2026, 9, 8).date(), datetime(2026, 9, 9).date()]
    assert "13800138000" not in posts["text"][0] and "[手机号]" in posts["text"][0]
    assert not posts["author_id"].str.contains("张三").any() and posts["author_name"].null_count() == 2
    assert "电子秤" in lab.tokens(since="2026-09-08", until="2026-09-08")["tokens"][0].to_list()


def test_twice_changes_nothing(lab: store.Store) -> None:
    rows = [row(n, 8 + n % 3) for n in range(20)]
    bring(lab, "a.jsonl", rows)
    before = state(lab)
    again = bring(lab, "a.jsonl", rows)
    assert again.captures == 0 and state(lab) == before


def test_a_day_more_is_the_same_as_all_at_once(tmp_path: Path, lab: store.Store) -> None:
    first = [row(1, 8, text=TEXT), *(row(n, 8) for n in range(10, 20))]
    later = [row(2, 9, text=TEXT + "！！"), row(3, 9, parent="n1", kind="comment", text="同问")]
    bring(lab, "a.jsonl", first)
    old = (lab.processed / "posts" / "2026-09-08.parquet").stat().st_mtime_ns
    bring(lab, "b.jsonl", later)
    assert (lab.processed / "posts" / "2026-09-08.parquet").stat().st_mtime_ns == old, "a day without news was written"

    other = tmp_path / "other"
    other.mkdir()
    for name in ("lab.toml", "lab.key"):
        (other / name).write_bytes((lab.root / name).read_bytes())
    whole = store.open(other)
    bring(whole, "all.jsonl", first + later)
    columns = ["post_id", "copy_of", "parent_id", "text", "author_id"]
    assert lab.posts().select(columns).equals(whole.posts().select(columns))
    assert lab.posts()["copy_of"].drop_nulls().to_list() == [
        lab.posts().filter(pl.col("text").str.contains("秤"))["post_id"][0]
    ]


def test_an_earlier_original_that_comes_late_is_found(lab: store.Store) -> None:
    bring(lab, "a.jsonl", [row(2, 9, text=TEXT)])
    bring(lab, "b.jsonl", [row(1, 8, text=TEXT)])
    posts = lab.posts()
    assert posts["copy_of"].to_list() == [None, posts["post_id"][0]]


def test_a_changed_watch_list_prepares_anew(lab: store.Store) -> None:
    bring(lab, "a.jsonl", [row(1, 8, text=TEXT), row(2, 9)])
    settings = lab.root / "lab.toml"
    settings.write_text(settings.read_text("utf-8").replace("any = []", 'any = ["电子秤"]'), encoding="utf-8")
    changed = store.open(lab.root)
    assert pipeline.waiting(changed) == 1
    assert pipeline.run(changed, progress=False).rebuilt
    assert changed.posts()["relevant"].to_list() == [True, False]
    assert pipeline.waiting(changed) == 0


def test_posts_whose_raw_is_gone_stay(lab: store.Store) -> None:
    bring(lab, "a.jsonl", [row(1, 8, text=TEXT), row(2, 9)])
    assert len(integrity.sweep(lab, NOW + timedelta(days=200))) == 1
    settings = lab.root / "lab.toml"
    settings.write_text(settings.read_text("utf-8").replace("any = []", 'any = ["电子秤"]'), encoding="utf-8")
    changed = store.open(lab.root)
    pipeline.run(changed, progress=False)
    assert changed.posts()["relevant"].to_list() == [True, False]


def test_another_mapping_leaves_nothing_of_the_first(lab: store.Store) -> None:
    bring(lab, "a.jsonl", [row(1, 8), row(2, 9)])
    (lab.root / "mappings").mkdir()
    shipped = SHIPPED.mapping("posts")[1]
    own = shipped.replace('source_id = "posts"', 'source_id = "mine"')
    assert own != shipped
    (lab.root / "mappings" / "mine.toml").write_text(own, encoding="utf-8")
    importer.import_files(lab, [lab.root / "a.jsonl"], "mine", now=NOW)
    pipeline.run(lab, progress=False)
    assert lab.posts()["source_id"].to_list() == ["mine", "mine"]


def test_stopped_half_way_is_finished_by_the_next_run(lab: store.Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def stops(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    rows = [row(n, 8 + n % 3) for n in range(20)]
    with monkeypatch.context() as context:
        context.setattr(tasks.tokens, "tokenize", stops)
        with pytest.raises(KeyboardInterrupt):
            bring(lab, "a.jsonl", rows)
    assert pipeline.waiting(lab) == 1
    assert pipeline.run(lab, progress=False).captures == 1
    assert lab.posts().height == lab.tokens().height == 20


def test_of_a_step_whose_rules_changed_only_what_depends_on_it_is_worked_out_again(lab: store.Store) -> None:
    bring(lab, "a.jsonl", [row(n, 8 + n % 3, text=TEXT if n < 3 else "") | {"title": f"标题{n}号"} for n in range(20)])
    before = {name: Path(lab.processed / name).stat().st_mtime_ns for name in state(lab)}
    settings = lab.root / "lab.toml"
    settings.write_text(settings.read_text("utf-8").replace("any = []", 'any = ["电子秤"]'), encoding="utf-8")
    changed = store.open(lab.root)
    assert pipeline.run(changed, progress=False).recomputed == ("relevance",)
    after = {name: Path(lab.processed / name).stat().st_mtime_ns for name in state(lab)}
    assert {name.split("/")[0] for name in after if after[name] != before[name]} == {"posts"}


@pytest.mark.parametrize(
    ("name", "old", "new", "step", "words", "text"),
    [
        ("stop_words", "我们\n", "我们\n电子秤\n", "tokens", (True, False), ("[手机号]", "[手机号]")),
        ("redaction", 'replace = "[手机号]"', 'replace = "[电话]"', "posts", (True, True), ("[手机号]", "[电话]")),
    ],
)
def test_an_edited_copy_of_a_table_prepares_anew(
    lab: store.Store, name: str, old: str, new: str, step: str, words: tuple[bool, bool], text: tuple[str, str]
) -> None:
    """The lab's copy decides, and as long as it says what ships nothing is worked out again."""
    bring(lab, "a.jsonl", [row(1, 8, text=TEXT), row(2, 9)])

    def now() -> tuple[bool, bool]:
        return "电子秤" in lab.tokens()["tokens"].explode().to_list(), lab.posts()["text"].str.contains("手机号").any()

    before = now()
    copy = Rules(lab.root).copy(name)
    assert pipeline.waiting(lab) == 0 and not pipeline.run(lab, progress=False).rebuilt
    copy.write_text(copy.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    assert pipeline.waiting(lab) == 1
    assert pipeline.run(lab, progress=False).recomputed == (step,)
    assert (before, now()) == ((words[0], text[0] == "[手机号]"), (words[1], text[1] == "[手机号]"))
    assert pipeline.waiting(lab) == 0
    copy.unlink()
    assert pipeline.run(lab, progress=False).recomputed == (step,) and now() == before


@pytest.mark.parametrize("step", pipeline.MODULES)
def test_the_hash_of_a_step_is_over_every_module_that_it_uses(step: str) -> None:
    first = pipeline.MODULES[step][0]
    wanted, reached = {first}, set()
    while module := next(iter(wanted - reached), None):
        reached.add(module)
        used = module_imports(PACKAGE / "prepare" / f"{module.replace('.', '/')}.py")
        wanted |= {m.removeprefix("prepare.") for m in used if m.startswith("prepare.")}
    assert reached == set(pipeline.MODULES[step])


def test_parts_of_any_size_give_the_same(tmp_path: Path, lab: store.Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Copies and inherited relevance reach from part to part, and from batch to batch, as within one."""
    rows = [row(n, 1 + n % 12, text=f"{n % 9}号摊位的电子秤不准，差了半斤多") for n in range(60)]
    rows += [row(200 + n, 1 + n % 12, kind="comment", parent=f"n{n}", text="同问") for n in range(30)]
    settings = lab.root / "lab.toml"
    settings.write_text(settings.read_text("utf-8").replace("any = []", 'any = ["电子秤"]'), encoding="utf-8")
    other = tmp_path / "other"
    other.mkdir()
    lab = store.open(lab.root)
    pipeline.config.pseudonym_key(lab.root, lab.settings)
    for name in ("lab.toml", "lab.key"):
        (other / name).write_bytes((lab.root / name).read_bytes())
    small = store.open(other)
    for name, part in (("a", rows[::3]), ("b", rows[1::3]), ("c", rows[2::3])):
        for each in (lab, small):
            importer.import_files(each, [export(each.root / f"{name}.jsonl", part)], "posts", now=NOW)
    pipeline.run(lab, progress=False)
    monkeypatch.setattr(pipeline.runs, "PART_ROWS", 1)
    monkeypatch.setattr(pipeline.runs, "BATCH_ROWS", 1)
    pipeline.run(small, progress=False)
    assert state(small) == state(lab)
    assert lab.posts()["copy_of"].null_count() < 45
    assert (lab.posts()["relevance_reason"] == "所转发或评论的帖子相关").sum() > 20


def test_a_stopped_run_changes_nothing_and_its_work_is_found_again(
    lab: store.Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring(lab, "a.jsonl", [row(n, 8) for n in range(5)])
    before = state(lab)
    importer.import_files(lab, [export(lab.root / "b.jsonl", [row(n, 9) for n in range(9, 15)])], "posts", now=NOW)

    def stops(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as context:
        context.setattr(tasks, "finish", stops)
        with pytest.raises(KeyboardInterrupt):
            pipeline.run(lab, progress=False)
    assert {k: v for k, v in state(lab).items() if ".staging" not in k} == before
    with monkeypatch.context() as context:
        context.setattr(tasks.posts, "build", stops)  # it is not asked again
        assert pipeline.run(lab, progress=False).new_posts == 6
    assert not list((lab.processed / ".staging").glob("*"))


def test_a_post_met_again_with_another_day_stays_one_post(lab: store.Store) -> None:
    """Undated lines of hot lists take the day of the visit, and sites change the time of what they edit."""
    seen = {"collected_at": "2026-09-08 12:00:00", "likes": 5}
    bring(lab, "a.jsonl", [row(1, 8, **seen), row(2, 10)])
    again = {"collected_at": "2026-09-11 12:00:00", "likes": 9}
    done = bring(lab, "b.jsonl", [row(1, 10, **again)])
    posts = lab.posts()
    assert (done.new_posts, posts.height) == (0, 2)
    assert posts["day"].cast(str).to_list() == ["2026-09-08", "2026-09-10"] and posts["likes"].to_list() == [9, None]
    assert lab.tokens().height == 2 and lab.days("signatures") == lab.days()


def test_what_is_added_to_a_day_leaves_the_words_of_the_others_alone(
    lab: store.Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring(lab, "a.jsonl", [row(n, 8) for n in range(10)])
    asked = []
    real = tasks.tokens.tokenize

    def counted(posts: pl.DataFrame, lexicon: object) -> pl.DataFrame:
        asked.append(posts.height)
        return real(posts, lexicon)  # type: ignore[arg-type]

    monkeypatch.setattr(tasks.tokens, "tokenize", counted)
    bring(lab, "b.jsonl", [row(n, 8) for n in range(8, 13)])
    assert asked == [3] and lab.tokens().height == 13
