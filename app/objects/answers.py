"""The client that speaks to a bucket, and what its refusals mean here."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError
from urllib3.exceptions import HTTPError

from app.objects.address import Address
from app.objects.names import ObjectMissing, StoreAway, UnknownStore, full
from app.text import _

log = logging.getLogger(__name__)

_MISSING = frozenset({"404", "NoSuchKey"})
_TAKEN = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "412"})
_FULL = frozenset({"QuotaExceeded", "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded", "507"})
_NO_BUCKET = frozenset({"NoSuchBucket"})
_FORBIDDEN = frozenset(
    {"AccessDenied", "403", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "401"}
)
_CANNOT = frozenset({"NotImplemented", "501"})
_PASSING_STATUS = 500
_FULL_STATUS = 507


class Refused(Exception):
    """A conditional write found something there already."""


def client(address: Address) -> Any:
    """Safe to share between threads, not with a forked child. Keys come from the usual AWS places."""
    configuration = Config(
        connect_timeout=3,
        read_timeout=20,
        retries={"max_attempts": 3, "mode": "standard"},
        request_checksum_calculation="when_required",  # stores other than AWS refuse the newer default
        response_checksum_validation="when_required",
        s3={"addressing_style": "path"} if address.endpoint else {},
    )
    try:
        return boto3.session.Session().client(
            "s3",
            endpoint_url=address.endpoint or None,
            region_name=address.region or ("us-east-1" if address.endpoint else None),
            config=configuration,
        )
    except (BotoCoreError, ValueError) as error:
        raise UnknownStore(f"The store at {address} cannot be used: {error}.") from error


@contextmanager
def asking(address: Address) -> Iterator[None]:
    """Turns the client's errors into ours. Raises ObjectMissing, Refused, DiskFull, UnknownStore, StoreAway."""
    try:
        yield
    except ClientError as error:
        raise _meaning(address, error) from error
    except (NoCredentialsError, NoRegionError) as error:
        raise UnknownStore(
            f"There is no key for {address}: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give this machine "
            "a role."
        ) from error
    except (BotoCoreError, HTTPError, OSError) as error:
        raise _away(address, type(error).__name__) from error


def _meaning(address: Address, error: ClientError) -> Exception:
    code = str(error.response.get("Error", {}).get("Code", ""))
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if code in _NO_BUCKET:
        return UnknownStore(f"There is no bucket {address}: make it, or correct OBJECT_STORE_URL.")
    if code in _MISSING:
        return ObjectMissing("no such object")
    if code in _TAKEN:
        return Refused(code)
    if code in _FULL or status == _FULL_STATUS:
        return full(0)
    if code in _FORBIDDEN:
        return UnknownStore(
            f"The store at {address} refuses our key ({code}): it must be allowed to list, read, write and delete "
            "there."
        )
    if code in _CANNOT:
        return UnknownStore(
            f"The store at {address} lacks something this hub needs (conditional writes): use another store."
        )
    return _away(address, code or str(status))


def _away(address: Address, why: str) -> StoreAway:
    log.warning("the object store at %s does not answer: %s", address, why)
    return StoreAway(_("The hub's object store does not answer. Try again in a few seconds."), 5)
