"""Stories, periods, words and places side by side and through time: what a lab shows when it is asked."""

from opinion_lab.report.comparing.views import Comparing as Comparing
