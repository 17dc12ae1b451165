"""Rows of which one broken value makes no other unreadable."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, ColumnElement, Table, type_coerce
from sqlalchemy.types import TypeDecorator

DAMAGED = object()
"""What a column of JSON gives that holds none."""


class _Readable(TypeDecorator[Any]):
    impl = JSON
    cache_ok = True

    def result_processor(self, dialect: Any, coltype: Any) -> Any:
        read = super().result_processor(dialect, coltype)

        def tolerant(value: Any) -> Any:
            try:
                return read(value) if read is not None else value
            except (ValueError, RecursionError):
                return DAMAGED

        return tolerant


def readable(table: Table) -> list[ColumnElement[Any]]:
    """The columns of a table for a query; where JSON cannot be read, :data:`DAMAGED` stands for it."""
    return [
        type_coerce(column, _Readable()).label(column.name) if isinstance(column.type, JSON) else column
        for column in table.c
    ]
