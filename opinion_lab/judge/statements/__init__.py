"""A statement checked before it goes out, and two versions of one held side by side."""

from opinion_lab.judge.statements.checking import check as check
from opinion_lab.judge.statements.comparison import compare as compare, reversals as reversals
