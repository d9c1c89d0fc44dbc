"""Several sites' records as one's: only a simulation may, for its reference."""

from collections.abc import Mapping, Sequence

import numpy as np

from worker.learning.data.records import Events, Media, SiteData, TaskData
from worker.protocol.canonical import digest


def joined(parts: Sequence[TaskData]) -> TaskData:
    """All records of one sheet, in the order of the parts; at least one part."""
    texts = {
        column: [text for part in parts for text in part.text[column]] for column in parts[0].text
    }
    return TaskData(
        sheet=parts[0].sheet,
        numeric=np.concatenate([part.numeric for part in parts]),
        categorical=np.concatenate([part.categorical for part in parts]),
        text=texts,
        label=np.concatenate([part.label for part in parts]),
        events={
            name: Events.joined([part.events[name] for part in parts]) for name in parts[0].events
        },
        media={
            name: Media(
                tuple(path for part in parts for path in part.media[name].paths),
                tuple(digest for part in parts for digest in part.media[name].digests),
            )
            for name in parts[0].media
        },
        student=np.concatenate([part.student for part in parts]),
        class_code=np.concatenate([part.class_code for part in parts]),
        term=np.concatenate([part.term for part in parts]),
        split=np.concatenate([part.split for part in parts]),
    )


def merged(sites: Mapping[str, SiteData]) -> SiteData:
    """All sites' records as one site's, in order of site id."""
    ordered = [data for _, data in sorted(sites.items())]
    names = sorted({name for data in ordered for name in data.tasks})
    tasks = {
        name: joined([data.tasks[name] for data in ordered if name in data.tasks]) for name in names
    }
    return SiteData(tasks, digest("|".join(data.digest for data in ordered).encode()))
