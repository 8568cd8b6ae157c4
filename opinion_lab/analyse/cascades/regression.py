"""What an ended story teaches about a new one: broken lines from what is known early to how much is still to come.

One regression an age: the logarithm of final over present size is a sum of broken lines over what is known by then,
fitted by ridge regression. Intervals are conformal: quantiles of the errors on stories that the lines did not see, in
units of the size that errors have in such a case (Lei et al., "Distribution-Free Predictive Inference for Regression",
2018). A Model is a table of numbers that reads back as it was written: `rules.size_forecast`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opinion_lab.rules.expectations import SizeForecast

Floats = NDArray[np.float64]

#: Seconds after the first post at which a regression of its own is learned; in between the two nearest are blended.
AGES = (900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 345_600)
#: What a regression sees, all of it true by then. Logarithms are natural.
LOOK = (
    "n",  # log of the posts so far: it stops to count beyond the largest of the archive, so growth is then a factor
    *("recent2", "recent4", "recent8"),  # log share of posts in the last half, quarter, eighth of the time
    *("early2", "early4"),  # log share of posts in the first half, quarter
    "last",  # log minutes since the latest post
    "deep",  # share of posts that hang below another than the first
    "hub",  # share of posts directly below the most passed-on post after the first
    *("now", "ahead"),  # log rhythm of this hour, and of the time to come
)
KNOTS = (0.02, 0.35, 0.65, 0.98)  # where the broken lines bend: quantiles of the archive
LEVELS = (0.005, 0.01, 0.025, *(round(0.05 * i, 2) for i in range(1, 20)), 0.975, 0.99, 0.995)
FOLDS = 5
RIDGE = 1.0  # held-out errors are the same from 0.3 to 10


@dataclass(frozen=True)
class Regression:
    """One age's broken lines: knots and values per column of LOOK, and how residuals are spread."""

    intercept: float
    knots: Floats  # LOOK x KNOTS
    values: Floats
    bends: Floats  # knots of the predicted growth, for `scale`
    scale: Floats  # expected size of a residual: broken lines over LOOK's n, then over the predicted growth
    residuals: Floats  # at LEVELS, in units of that size

    def growth(self, looks: Floats) -> Floats:
        """Quantiles (rows of looks x LEVELS) of log final over present size."""
        middle = self.middle(looks)
        spread = _sizes(looks[:, 0], middle, self.knots[0], self.bends) @ self.scale
        return np.maximum(middle[:, None] + spread[:, None] * self.residuals, 0.0)

    def corrected(self, looks: Floats, growth: Floats) -> Regression:
        """The same lines, with the errors that they make on these stories."""
        middle = self.middle(looks)
        sizes = _sizes(looks[:, 0], middle, self.knots[0], self.bends) @ self.scale
        return replace(self, residuals=np.quantile((growth - middle) / sizes, LEVELS, method="weibull"))

    def middle(self, looks: Floats) -> Floats:
        """The regression line itself."""
        lines = (np.interp(looks[:, i], k, v) for i, (k, v) in enumerate(zip(self.knots, self.values, strict=True)))
        return self.intercept + sum(lines)


@dataclass(frozen=True)
class Model:
    """Regressions by age in seconds, what the table says they were learnt on, and what the lab learnt of them."""

    ages: tuple[int, ...]
    regressions: tuple[Regression, ...]
    basis: str
    learnt: tuple[dict[str, Any], ...] = ()

    def growth(self, look: Floats, age: float) -> Floats:
        """Quantiles at LEVELS for one story: the two nearest ages, blended by the logarithm of the age."""
        at = np.interp(np.log(max(age, 1.0)), np.log(self.ages), np.arange(len(self.ages)))
        lower = int(at)
        upper = min(lower + 1, len(self.ages) - 1)
        one, other = (self.regressions[i].growth(look[None])[0] for i in (lower, upper))
        return np.maximum.accumulate(one + (at - lower) * (other - one))


def fit(looks: Floats, growth: Floats, *, least: int) -> Regression:
    """Broken lines by ridge regression; residuals from stories that the lines did not see.

    `least`: a story of fewer posts is looked at as if it had so many. What one learns from was mostly picked because
    it had become large, and a small story would be said to become so too.
    """
    from scipy.optimize import nnls  # half a second that every notebook would wait for, and only learning needs it

    looks = np.column_stack([np.maximum(looks[:, 0], np.log(least)), looks[:, 1:]])
    knots = np.array([_knots(values) for values in looks.T])
    basis = np.hstack([_hats(looks[:, i], k) for i, k in enumerate(knots)])
    fold = np.arange(len(growth)) % FOLDS
    held_out = np.empty(len(growth))
    for f in range(FOLDS):
        slopes, intercept = _ridge(basis[fold != f], growth[fold != f])
        held_out[fold == f] = basis[fold == f] @ slopes + intercept
    left = growth - held_out
    bends = _knots(held_out)
    sizes = _sizes(looks[:, 0], held_out, knots[0], bends)
    scale, _ = nnls(sizes, np.abs(left))
    scale += 0.01
    residuals = np.quantile(left / (sizes @ scale), LEVELS, method="weibull")
    slopes, intercept = _ridge(basis, growth)
    return Regression(intercept, knots, slopes.reshape(knots.shape), bends, scale, residuals)


def _knots(values: Floats) -> Floats:
    """Where the lines over these values bend; where there is one value only, they are flat."""
    return np.quantile(values, KNOTS) + np.arange(len(KNOTS)) * 1e-6


def _hats(values: Floats, knots: Floats) -> Floats:
    """Each value as a blend of the two knots around it; beyond the ends the end counts."""
    return np.stack([np.interp(values, knots, hat) for hat in np.eye(len(knots))], axis=1)


def _ridge(basis: Floats, growth: Floats) -> tuple[Floats, float]:
    """Slopes and intercept; the intercept is not drawn towards nothing."""
    mean, level = basis.mean(axis=0), growth.mean()
    apart = basis - mean
    slopes = np.linalg.solve(apart.T @ apart + RIDGE * np.eye(len(mean)), apart.T @ (growth - level))
    return slopes, float(level - mean @ slopes)


def _sizes(log_n: Floats, middle: Floats, knots: Floats, bends: Floats) -> Floats:
    return np.hstack([_hats(log_n, knots), _hats(middle, bends)])


# --- as a table -------------------------------------------------------------------------------------------------


def of_table(table: SizeForecast) -> Model:
    """The model that a table holds (`rules.size_forecast`)."""
    regressions = []
    for age in table.age:
        bends = np.array([getattr(age, name) for name in LOOK])
        fitted = (np.array(values) for values in (age.bends, age.scale, age.residuals))
        regressions.append(Regression(age.intercept, bends[:, 0], bends[:, 1], *fitted))
    return Model(tuple(age.seconds for age in table.age), tuple(regressions), table.basis)
