"""The secrets of second factors are encrypted, and keys can be replaced."""

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured
from pytest_django.fixtures import Settings

from accounts.secrets import seal, unseal


def test_what_is_sealed_can_be_read_with_the_key_only(settings: Settings) -> None:
    sealed = seal("JBSWY3DPEHPK3PXP")
    assert "JBSWY3DPEHPK3PXP" not in sealed
    assert sealed != seal("JBSWY3DPEHPK3PXP")
    assert unseal(sealed) == "JBSWY3DPEHPK3PXP"
    settings.MFA_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(ImproperlyConfigured, match="MFA_KEYS"):
        unseal(sealed)


def test_new_key_first_encrypts_and_the_old_one_still_decrypts(settings: Settings) -> None:
    old, new = settings.MFA_KEYS[0], Fernet.generate_key().decode()
    before = seal("secret")
    settings.MFA_KEYS = [new, old]
    after = seal("secret")
    assert (unseal(before), unseal(after)) == ("secret", "secret")
    settings.MFA_KEYS = [new]
    assert unseal(after) == "secret"
