"""Papers on the way: one source each, read as a page, edited in Word, printed as PDF; the same numbers in all three."""

from opinion_lab.report.papers.html import to_html as to_html
from opinion_lab.report.papers.paper import (
    Heading as Heading,
    Paper as Paper,
    Paragraph as Paragraph,
    Picture as Picture,
    Table as Table,
)
from opinion_lab.report.papers.pdf import to_pdf as to_pdf
from opinion_lab.report.papers.word import to_docx as to_docx
