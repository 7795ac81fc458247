"""Signatures: who wrote a saved session."""

from __future__ import annotations

import json

import pytest
from store_samples import KEY, OTHER_KEY

from jupyter_agent_host.store.envelope.signatures import canonical, check, derive_key, hkdf_sha256, sign


@pytest.mark.parametrize(
    ("secret", "salt", "info", "expected"),
    [
        (
            "0b" * 22,
            "000102030405060708090a0b0c",
            "f0f1f2f3f4f5f6f7f8f9",
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf",
        ),
        ("0b" * 22, "", "", "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"),
    ],
)
def test_derivation_is_rfc_5869(secret: str, salt: str, info: str, expected: str) -> None:
    made = hkdf_sha256(bytes.fromhex(secret), bytes.fromhex(info), bytes.fromhex(salt))
    assert made.hex() == expected


def test_a_key_is_its_secrets_and_tells_nothing_of_it() -> None:
    again = derive_key(b"the secret of this server, 32 by")
    assert again == KEY
    assert OTHER_KEY.key_id != KEY.key_id
    assert repr(KEY) == f"SigningKey(key_id='{KEY.key_id}')"
    assert KEY.key_id not in KEY.secret.hex()


def test_the_same_content_signs_alike_wherever_it_was_written() -> None:
    value = {"b": [1, 2.0, {"é": "ü"}], "a": True}
    assert canonical(value) == '{"a":true,"b":[1,2,{"é":"ü"}]}'.encode()
    assert canonical(json.loads(json.dumps(value, indent=3, sort_keys=True))) == canonical(value)


def test_values_have_borders() -> None:
    assert canonical({"a": "1", "b": "2"}) != canonical({"a": "1b2"})


@pytest.mark.parametrize("value", [{"a": 0.5}, {1: "a"}, {"a": {1, 2}}, {"a": float("nan")}, {"a": "\ud83d"}])
def test_what_would_not_come_back_the_same_is_not_signed(value: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        canonical(value)


def test_the_first_key_signs_and_any_verifies() -> None:
    body = {"x": 1}
    signed = {**body, "signatures": sign(body, [KEY, OTHER_KEY])}
    assert [entry["key_id"] for entry in signed["signatures"]] == [KEY.key_id]
    assert check(signed, [OTHER_KEY, KEY]) == "own"
    assert check(signed, [OTHER_KEY]) == "foreign"
    assert check(signed, []) == "foreign"
    assert check({**signed, "x": 2}, [KEY]) == "corrupt"
    assert check({**signed, "extra": 1}, [KEY]) == "corrupt"
    assert check({"x": 1, "signatures": []}, [KEY]) == "unsigned"
    assert check({"x": 1, "signatures": [{**signed["signatures"][0], "value": "ß"}]}, [KEY]) == "corrupt"
    assert check({"x": 1, "signatures": [{**signed["signatures"][0], "alg": "none"}]}, [KEY]) == "unsigned"
    assert sign(body, []) == []
