"""A notebook that ran -> a page that a section chief reads, opens without a network, and prints on A4."""

from opinion_lab.report.page.render import (
    ASSETS as ASSETS,
)
from opinion_lab.report.page.render import (
    Facts as Facts,
)
from opinion_lab.report.page.render import (
    chart as chart,
)
from opinion_lab.report.page.render import (
    csv as csv,
)
from opinion_lab.report.page.render import (
    finding as finding,
)
from opinion_lab.report.page.render import (
    index as index,
)
from opinion_lab.report.page.render import (
    note as note,
)
from opinion_lab.report.page.render import (
    plotly_asset as plotly_asset,
)
from opinion_lab.report.page.render import (
    provenance as provenance,
)
from opinion_lab.report.page.render import (
    render as render,
)
from opinion_lab.report.page.render import (
    table as table,
)
from opinion_lab.report.page.render import (
    title as title,
)
