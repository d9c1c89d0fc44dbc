"""Signatures hold, and break with the smallest change."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.protocol.manifest import Signed
from worker.protocol.messages import ClaimRef
from worker.protocol.signatures import BadSignature, PrivateKey, PublicKey, request_bytes, six_words

KEY, OTHER = PrivateKey(b"\1" * 32), PrivateKey(b"\2" * 32)


def test_a_sealed_value_opens_with_its_key_only():
    sealed = KEY.seal(ClaimRef(claim=7))
    assert ClaimRef.model_validate_json(KEY.public.open(sealed)) == ClaimRef(claim=7)
    with pytest.raises(BadSignature):
        OTHER.public.open(sealed)


@given(st.integers(0, 10), st.characters(codec="ascii"))
def test_a_changed_payload_does_not_open(position, letter):
    sealed = KEY.seal(ClaimRef(claim=7))
    text = sealed.payload[:position] + letter + sealed.payload[position + 1 :]
    if text == sealed.payload:
        return
    with pytest.raises(BadSignature):
        KEY.public.open(Signed(payload=text, signature=sealed.signature, key=sealed.key))


@pytest.mark.parametrize("text", ["", "a", "a" * 44, "!" * 43, "é" * 43])
def test_what_is_no_key_is_refused(text):
    with pytest.raises(BadSignature):
        PublicKey(text)


def test_words_depend_on_both_keys_and_the_site():
    words = six_words(KEY.public, OTHER.public, "site_1")
    assert len(words) == 6 and all(w.isalpha() for w in words)
    assert words == six_words(KEY.public, OTHER.public, "site_1")
    assert words != six_words(OTHER.public, KEY.public, "site_1")
    assert words != six_words(KEY.public, OTHER.public, "site_2")


def test_no_two_requests_share_their_bytes():
    one = request_bytes("s", "POST", "/a", "1", "n", "d")
    two = request_bytes("s", "POST", "/a", "1n", "", "d")
    assert one != two
