"""A notebook that ran -> a page that a section chief reads, opens without a network, and prints on A4."""

from opinion_lab.report.page.behind import (
    BEHIND as BEHIND,
    behind as behind,
    groups as groups,
)
from opinion_lab.report.page.components import (
    IN_JUPYTER as IN_JUPYTER,
    Shown as Shown,
    finding as finding,
    folded as folded,
    hint as hint,
    note as note,
    opened as opened,
    posts as posts,
    provenance as provenance,
    table as table,
    title as title,
    together as together,
)
from opinion_lab.report.page.index import (
    index as index,
)
from opinion_lab.report.page.layout import (
    Facts as Facts,
)
from opinion_lab.report.page.render import (
    ASSETS as ASSETS,
    plotly_asset as plotly_asset,
    render as render,
)
