"""Every row of one database into an empty one of the same schema, table after table, parents first."""

from sqlalchemy import create_engine, insert, select, text

from app.db import Base, make_engine

BATCH = 5000


def copy(source: str, target: str) -> None:
    """The target's own statistics are made anew, as its daemon would in the course of a term."""
    here, there = make_engine(source), create_engine(target)
    with here.connect() as reading, there.begin() as writing:
        for table in Base.metadata.sorted_tables:
            rows = reading.execution_options(yield_per=BATCH).execute(select(table))
            for part in rows.mappings().partitions(BATCH):
                writing.execute(insert(table), [dict(row) for row in part])
    with there.connect().execution_options(isolation_level="AUTOCOMMIT") as tidy:
        tidy.execute(text("VACUUM ANALYZE"))
    here.dispose()
    there.dispose()
