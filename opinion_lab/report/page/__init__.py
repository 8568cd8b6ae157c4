"""A notebook that ran -> a page that a section chief reads, opens without a network, and prints on A4."""

from opinion_lab.report.page.render import (
    ASSETS as ASSETS,
    Facts as Facts,
    chart as chart,
    csv as csv,
    finding as finding,
    index as index,
    note as note,
    plotly_asset as plotly_asset,
    provenance as provenance,
    render as render,
    table as table,
    title as title,
)
