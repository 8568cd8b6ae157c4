"""A notebook that ran -> a page that a section chief reads, opens without a network, and prints on A4."""

from opinion_lab.report.page.components import Shown as Shown
from opinion_lab.report.page.components import csv as csv
from opinion_lab.report.page.components import finding as finding
from opinion_lab.report.page.components import note as note
from opinion_lab.report.page.components import posts as posts
from opinion_lab.report.page.components import provenance as provenance
from opinion_lab.report.page.components import table as table
from opinion_lab.report.page.components import title as title
from opinion_lab.report.page.components import together as together
from opinion_lab.report.page.render import ASSETS as ASSETS
from opinion_lab.report.page.render import Facts as Facts
from opinion_lab.report.page.render import index as index
from opinion_lab.report.page.render import plotly_asset as plotly_asset
from opinion_lab.report.page.render import render as render
