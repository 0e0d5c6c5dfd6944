from __future__ import annotations

import copy
import os
import pickle
import stat
import threading

import keyring.backend
import keyring.errors
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keyrings.cryptfile.cryptfile import CryptFileKeyring

from journeys.channels import secrets
from journeys.channels.secrets import (
    BadSecret,
    BadSecretName,
    EncryptedFile,
    KeyringFileDamaged,
    KeyringFileTrouble,
    KeyringShut,
    NoKeyring,
    Secret,
    WrongPassphrase,
    delete_secret,
    get_secret,
    set_secret,
)

NAME = "account/shop/password"


class InMemory(keyring.backend.KeyringBackend):
    """A keyring for one test."""

    priority = -1

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service, username):
        return self.kept.get((service, username))

    def set_password(self, service, username, password):
        self.kept[service, username] = password

    def delete_password(self, service, username):
        if (service, username) not in self.kept:
            raise keyring.errors.PasswordDeleteError
        del self.kept[service, username]


class Locked(InMemory):
    def get_password(self, service, username):
        raise keyring.errors.KeyringLocked("hunter2")

    def set_password(self, service, username, password):
        raise RuntimeError(f"cannot keep {password}")


@pytest.fixture(autouse=True)
def own_environment(monkeypatch, tmp_path):
    """Nothing of this machine: no passphrase, no keyring, the file in the test's folder, a cheap Argon2."""
    monkeypatch.setattr(CryptFileKeyring, "time_cost", 1)
    monkeypatch.setattr(CryptFileKeyring, "memory_cost", 64)
    for name in ("KANWA_KEYRING_KEY", "CREDENTIALS_DIRECTORY", "PYTHON_KEYRING_BACKEND"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KANWA_KEYRING_FILE", str(tmp_path / "kept" / "keyring.cfg"))
    monkeypatch.setattr(secrets, "get_all_keyring", list)
    monkeypatch.setattr(secrets.keyring.core, "load_config", lambda: None)
    secrets._chosen.cache_clear()
    yield
    secrets._chosen.cache_clear()


@pytest.fixture
def encrypted(tmp_path):
    """Opens the file."""
    return lambda passphrase="open sesame": EncryptedFile(tmp_path / "kept" / "keyring.cfg", Secret(passphrase))


# the type


@given(st.text(min_size=3))
def test_a_secret_does_not_show_itself(text):
    secret = Secret(text)
    shown = [
        repr(secret),
        str(secret),
        f"{secret}",
        f"{secret:>40}",
        repr([secret]),
        repr({"a": secret}),
    ]
    assert all(text not in each.replace("Secret(…)", "") for each in shown)
    assert secret.reveal() == text


def test_a_secret_is_not_pickled_or_copied_away():
    for act in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError, match="a secret does not leave the process"):
            act(Secret("x"))


def test_secrets_compare_by_text():
    assert Secret("a") == Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2


# keeping


def test_a_secret_is_kept_under_its_name_for_kanwa():
    backend = InMemory()
    set_secret(NAME, Secret("x"), backend=backend)
    assert backend.kept == {("kanwa", NAME): "x"}
    assert get_secret(NAME, backend=backend) == Secret("x")


def test_what_was_never_set_is_nothing():
    assert get_secret(NAME, backend=InMemory()) is None
    assert delete_secret(NAME, backend=InMemory()) is False


def test_a_secret_can_be_forgotten():
    backend = InMemory()
    set_secret(NAME, Secret("x"), backend=backend)
    assert delete_secret(NAME, backend=backend) is True
    assert get_secret(NAME, backend=backend) is None


@pytest.mark.parametrize("text", ["", "a\x00b", "\ud800"])
def test_what_no_password_field_takes_is_refused(text):
    with pytest.raises(
        BadSecret, match="The secret “account/shop/password” is empty or holds a character that no password"
    ):
        set_secret(NAME, Secret(text), backend=InMemory())


@pytest.mark.parametrize("name", ["", "Account", "a b", "/a", "a/", "a\n"])
def test_a_name_has_a_form(name):
    with pytest.raises(BadSecretName, match=r"cannot name a secret\. Use small letters, digits, hyphens and slashes"):
        get_secret(name, backend=InMemory())


def test_a_locked_keyring_says_so_without_its_own_words():
    with pytest.raises(KeyringShut) as caught:
        get_secret(NAME, backend=Locked())
    assert str(caught.value) == "The keyring of this machine does not open (KeyringLocked). Unlock it and try again."
    assert caught.value.__context__ is None


def test_a_backend_that_repeats_the_password_is_not_quoted():
    with pytest.raises(KeyringShut) as caught:
        set_secret(NAME, Secret("hunter2"), backend=Locked())
    assert "hunter2" not in f"{caught.value} {caught.value!r} {caught.value.__context__!r} {caught.value.values}"


# which keyring


def test_without_any_keyring_it_is_said_what_to_set():
    with pytest.raises(NoKeyring) as caught:
        get_secret(NAME)
    assert str(caught.value) == (
        "This machine has no keyring to keep passwords in. Set KANWA_KEYRING_KEY to a passphrase of your own (or give it as "
        "the systemd credential kanwa-keyring): Kanwa then keeps them in an encrypted file."
    )


def test_the_passphrase_in_the_environment_opens_the_file(monkeypatch, tmp_path):
    monkeypatch.setenv("KANWA_KEYRING_KEY", "open sesame")
    set_secret(NAME, Secret("x"))
    assert get_secret(NAME) == Secret("x")
    assert (tmp_path / "kept" / "keyring.cfg").exists()


def test_the_passphrase_may_be_a_systemd_credential(monkeypatch, tmp_path):
    (tmp_path / "kanwa-keyring").write_text("open sesame\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert secrets.passphrase() == Secret("open sesame")


def test_the_environment_goes_before_the_credential(monkeypatch, tmp_path):
    (tmp_path / "kanwa-keyring").write_text("from systemd")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    monkeypatch.setenv("KANWA_KEYRING_KEY", "from the environment")
    assert secrets.passphrase() == Secret("from the environment")


def test_the_file_lies_in_the_users_data_folder(monkeypatch):
    monkeypatch.delenv("KANWA_KEYRING_FILE")
    assert secrets.keyring_file().parts[-2:] == ("kanwa", "keyring.cfg")


def test_the_machines_own_keyring_is_used_where_there_is_one(monkeypatch):
    class Desktop(InMemory):
        priority = 5

    desktop = Desktop()
    monkeypatch.setattr(secrets, "get_all_keyring", lambda: [desktop, InMemory()])
    assert secrets.choose_backend(None) is desktop


def test_a_keyring_that_would_ask_on_a_terminal_is_never_chosen(monkeypatch):
    from keyring.backends.chainer import ChainerBackend
    from keyring.backends.fail import Keyring as Fail

    monkeypatch.setattr(secrets, "get_all_keyring", lambda: [CryptFileKeyring(), ChainerBackend(), Fail()])
    with pytest.raises(NoKeyring):
        secrets.choose_backend(None)


# the encrypted file


def test_the_file_keeps_secrets_and_holds_none_of_them(encrypted, tmp_path):
    text = "zażółć [gęślą] %(jaźń)s\\n = ; #"
    set_secret(NAME, Secret(text), backend=encrypted())
    set_secret("link-keys", Secret("-----BEGIN\nkey\n-----END"), backend=encrypted())
    assert get_secret(NAME, backend=encrypted()) == Secret(text)
    assert get_secret("link-keys", backend=encrypted()) == Secret("-----BEGIN\nkey\n-----END")
    kept = (tmp_path / "kept" / "keyring.cfg").read_text()
    assert "za" + "żółć" not in kept
    assert "open sesame" not in kept


@pytest.mark.skipif(os.name == "nt", reason="no such modes")
def test_only_the_owner_reads_the_file(encrypted, tmp_path):
    old = os.umask(0)
    try:
        set_secret(NAME, Secret("x"), backend=encrypted())
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "kept" / "keyring.cfg").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "kept").stat().st_mode) == 0o700
    assert [path.name for path in (tmp_path / "kept").iterdir()] == ["keyring.cfg"]


def test_a_change_by_another_process_is_seen(encrypted):
    mine, theirs = encrypted(), encrypted()
    set_secret(NAME, Secret("old"), backend=mine)
    assert get_secret(NAME, backend=mine) == Secret("old")
    set_secret(NAME, Secret("new"), backend=theirs)
    assert get_secret(NAME, backend=mine) == Secret("new")
    delete_secret(NAME, backend=theirs)
    assert get_secret(NAME, backend=mine) is None


def test_another_passphrase_does_not_open_it(encrypted, tmp_path):
    set_secret(NAME, Secret("x"), backend=encrypted())
    before = (tmp_path / "kept" / "keyring.cfg").read_bytes()
    for act in (
        lambda: get_secret(NAME, backend=encrypted("no")),
        lambda: set_secret(NAME, Secret("y"), backend=encrypted("no")),
    ):
        with pytest.raises(WrongPassphrase) as caught:
            act()
        assert str(caught.value) == (
            f"The keyring file {tmp_path}/kept/keyring.cfg does not open with this passphrase. "
            "Set KANWA_KEYRING_KEY to the one it was made with."
        )
    assert (tmp_path / "kept" / "keyring.cfg").read_bytes() == before


@pytest.mark.parametrize("content", [b"garbage", b"[x]\ny = 1\n", b"\xff\xfe\x00"])
def test_a_damaged_file_is_named_and_left_alone(encrypted, tmp_path, content):
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "keyring.cfg").write_bytes(content)
    for act in (
        lambda: get_secret(NAME, backend=encrypted()),
        lambda: set_secret(NAME, Secret("y"), backend=encrypted()),
    ):
        with pytest.raises(
            KeyringFileDamaged, match=r"keyring\.cfg is damaged\. Restore it from a backup, or remove it"
        ):
            act()
    assert (tmp_path / "kept" / "keyring.cfg").read_bytes() == content


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    backend = EncryptedFile(tmp_path / "file" / "keyring.cfg", Secret("x"))
    with pytest.raises(KeyringFileTrouble, match=r"cannot be used \(File exists\)\. Set KANWA_KEYRING_FILE to a place"):
        set_secret(NAME, Secret("x"), backend=backend)


def test_a_crash_while_writing_leaves_the_old_file_whole(encrypted, tmp_path, monkeypatch):
    set_secret(NAME, Secret("old"), backend=encrypted())

    def crash(_self, _target):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.replace", crash)
        with pytest.raises(KeyboardInterrupt):
            set_secret(NAME, Secret("new"), backend=encrypted())
    assert get_secret(NAME, backend=encrypted()) == Secret("old")
    assert [path.name for path in (tmp_path / "kept").iterdir()] == ["keyring.cfg"]


def test_threads_share_one_file(encrypted):
    backend = encrypted()

    def run(number):
        set_secret(f"k{number}", Secret(str(number)), backend=backend)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [get_secret(f"k{number}", backend=backend) for number in range(4)] == [Secret(str(n)) for n in range(4)]


@settings(max_examples=25, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1))
def test_any_text_comes_back_as_it_was(tmp_path_factory, text):
    backend = EncryptedFile(tmp_path_factory.mktemp("ring") / "keyring.cfg", Secret("x"))
    set_secret(NAME, Secret(text), backend=backend)
    assert get_secret(NAME, backend=backend) == Secret(text)
