"""Every form of a statement, by the end of its file's name. Equal statements give equal bytes in each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Final

from reports.exports.csv_form import to_csv
from reports.exports.pdf_form import to_pdf
from reports.exports.xlsx_form import to_xlsx
from reports.statements.model import Statement
from reports.statements.paper import statement_document
from reports.statements.printing import as_json, as_text

FORMS: Final[Mapping[str, Callable[[Statement], bytes]]] = MappingProxyType(
    {
        "json": as_json,
        "txt": lambda stated: as_text(stated).encode(),
        "csv": lambda stated: to_csv(statement_document(stated)),
        "xlsx": lambda stated: to_xlsx(statement_document(stated)),
        "pdf": lambda stated: to_pdf(statement_document(stated)),
    }
)


def documents(stated: Statement, forms: Iterable[str] = FORMS) -> dict[str, bytes]:
    """A statement in these forms; by default in all."""
    return {form: FORMS[form](stated) for form in forms}
