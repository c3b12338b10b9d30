"""Files that leave the lake: a document of typed tables, and how it is written as CSV, as a workbook and on paper."""
