"""Passwords and keys, kept in the keyring of the machine or, on a server without one, in an encrypted file.

A secret is in no settings, log, address, exception or `repr`. Names look like `account/shop/password` and `link-keys`.
"""

from __future__ import annotations

import configparser
import functools
import hmac
import os
import re
import shutil
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

import keyring.core
from keyring.backend import KeyringBackend, get_all_keyring
from keyring.backends.chainer import ChainerBackend
from keyring.errors import PasswordDeleteError
from keyrings.cryptfile.cryptfile import CryptFileKeyring
from platformdirs import user_data_path

from journeys.base.errors import KanwaError, UsageError
from journeys.base.i18n import N_

SERVICE = "kanwa"
#: environment variable with the passphrase of the encrypted file
PASSPHRASE = "KANWA_KEYRING_KEY"  # noqa: S105 - the name, not the value
#: environment variable with the place of the encrypted file
FILE = "KANWA_KEYRING_FILE"
#: name of the systemd credential with the passphrase
CREDENTIAL = "kanwa-keyring"

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9._/-]*[a-z0-9])?")


class NoKeyring(KanwaError):
    """This machine offers no keyring, and no encrypted file is set up."""

    text = N_(
        "This machine has no keyring to keep passwords in. Set KANWA_KEYRING_KEY to a passphrase of your own (or give it "
        "as the systemd credential kanwa-keyring): Kanwa then keeps them in an encrypted file."
    )


class KeyringShut(KanwaError):
    """The keyring is there and does not open."""

    text = N_("The keyring of this machine does not open ({cause}). Unlock it and try again.")


class WrongPassphrase(KanwaError):
    """The encrypted file was made with another passphrase."""

    text = N_(
        "The keyring file {path} does not open with this passphrase. Set KANWA_KEYRING_KEY to the one it was made with."
    )


class KeyringFileTrouble(KanwaError):
    """The encrypted file cannot be read or written."""

    text = N_(
        "The keyring file {path} cannot be used ({cause}). Set KANWA_KEYRING_FILE to a place that can be written."
    )


class KeyringFileDamaged(KanwaError):
    """The encrypted file is not what it was."""

    text = N_(
        "The keyring file {path} is damaged. Restore it from a backup, or remove it and give the passwords again."
    )


class BadSecret(UsageError):
    """The value cannot be kept or sent as a password."""

    text = N_("The secret “{name}” is empty or holds a character that no password field takes. Give it again.")


class BadSecretName(UsageError):
    """The name of a secret has the wrong form."""

    text = N_(
        "“{name}” cannot name a secret. Use small letters, digits, hyphens and slashes, such as account/shop/password."
    )


class Secret:
    """A text that does not show itself: not printed, not formatted, not pickled. `reveal` gives it out."""

    __slots__ = ("__text",)

    def __init__(self, text: str) -> None:
        self.__text = text

    def reveal(self) -> str:
        """The text itself. Call it where it is used, and keep the answer in no attribute."""
        return self.__text

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(_bytes(self.__text), _bytes(other.__text))

    def __hash__(self) -> int:
        return hash(Secret)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret does not leave the process")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


class EncryptedFile(KeyringBackend):
    """Secrets in one file, encrypted with AES-GCM under a key that Argon2 makes of the passphrase.

    Each reading costs Argon2's 0.3–1 s, so what was read is kept until the file changes. A change is written beside
    the file (0600) and moved over it, so that a crash leaves the old one whole; the library alone would truncate it.
    """

    priority = -1  # never chosen by keyring on its own: it needs a passphrase

    def __init__(self, path: Path, passphrase: Secret) -> None:
        self._path = path
        self._passphrase = passphrase
        self._lock = threading.Lock()
        self._opened: CryptFileKeyring | None = None
        self._known: dict[str, Secret | None] = {}
        self._stamp: tuple[int, int] | None = None

    def __repr__(self) -> str:
        return f"EncryptedFile({str(self._path)!r})"

    def get_password(self, service: str, username: str) -> str | None:
        with self._lock:
            stamp = self._stamp_now()
            if stamp is None:
                return None
            if stamp != self._stamp:
                self._known.clear()
                self._opened, self._stamp = self._open(self._path), stamp
            if username not in self._known:
                assert self._opened is not None
                found = self._guarded(self._opened.get_password, service, username)
                self._known[username] = None if found is None else Secret(found)
            known = self._known[username]
            return None if known is None else known.reveal()

    def set_password(self, service: str, username: str, password: str) -> None:
        with self._lock:
            self._change("set_password", service, username, password)

    def delete_password(self, service: str, username: str) -> None:
        with self._lock:
            if self._stamp_now() is None:
                raise PasswordDeleteError
            self._change("delete_password", service, username)

    def _change(self, act: str, *arguments: str) -> None:
        """Do it on a copy, then move the copy into place."""
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self._path.parent, prefix=f".{self._path.name}.")
        except OSError as error:
            raise KeyringFileTrouble(path=self._path, cause=error.strerror) from None
        draft = Path(name)
        os.close(handle)
        try:
            if self._stamp_now() is not None:
                shutil.copyfile(self._path, draft)
            self._guarded(getattr(self._open(draft), act), *arguments)
            with draft.open("rb") as written:
                os.fsync(written.fileno())
            draft.replace(self._path)
        except OSError as error:
            raise KeyringFileTrouble(path=self._path, cause=error.strerror) from None
        finally:
            draft.unlink(missing_ok=True)
        self._stamp = None

    def _open(self, path: Path) -> CryptFileKeyring:
        ring = CryptFileKeyring()
        ring.file_path = str(path)
        if path.exists() and path.stat().st_size and not self._has_reference(path):
            raise KeyringFileDamaged(path=self._path)
        self._guarded(setattr, ring, "keyring_key", self._passphrase.reveal())
        return ring

    def _has_reference(self, path: Path) -> bool:
        """Whether the file is one of ours; the library takes any other for a new one and writes into it."""
        config = configparser.RawConfigParser()
        with suppress(configparser.Error, UnicodeDecodeError):
            config.read(path, encoding="utf-8")
            return config.has_option("keyring_2Dsetting", "password_20reference")
        return False

    def _guarded(self, act: Any, *arguments: Any) -> Any:
        """Call the library; what it raises about passphrase and file becomes a sentence without the values."""
        try:
            return act(*arguments)
        except OSError as error:
            raise KeyringFileTrouble(path=self._path, cause=error.strerror) from None
        except PasswordDeleteError:
            raise
        except ValueError:
            failure: KanwaError = WrongPassphrase(path=self._path)
        except Exception:
            failure = KeyringFileDamaged(path=self._path)
        raise failure from None

    def _stamp_now(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise KeyringFileTrouble(path=self._path, cause=error.strerror) from None
        return found.st_mtime_ns, found.st_ino


def keyring_file() -> Path:
    """Where the encrypted file lies: KANWA_KEYRING_FILE, else the user's data folder."""
    given = os.environ.get(FILE)
    return Path(given).expanduser() if given else user_data_path("kanwa") / "keyring.cfg"


def passphrase() -> Secret | None:
    """The passphrase of the encrypted file from the environment or the systemd credential, if one is given.

    Raises `KeyringFileTrouble` when the credential cannot be read.
    """
    given = os.environ.get(PASSPHRASE, "")
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    if not given and folder and (path := Path(folder) / CREDENTIAL).exists():
        try:
            given = path.read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError):
            raise KeyringFileTrouble(path=path, cause="unreadable") from None
    return Secret(given) if given.strip() else None


def choose_backend(given: Secret | None) -> KeyringBackend:
    """The encrypted file where a passphrase is given, else the keyring of the machine. Raises `NoKeyring`.

    Not `keyring.get_keyring()`: with the encrypted-file library installed it picks that one (also in a chain behind
    the desktop's own), which then asks for a passphrase on a terminal that a service does not have.
    """
    if given is not None:
        return EncryptedFile(keyring_file(), given)
    configured: KeyringBackend | None = None
    with suppress(Exception):  # a backend named in keyring's own settings that cannot be loaded
        configured = keyring.core.load_env() or keyring.core.load_config()
    candidates = [configured] if configured is not None else get_all_keyring()
    usable = [
        backend
        for backend in candidates
        if not isinstance(backend, ChainerBackend)
        and not type(backend).__module__.startswith(
            ("keyrings.cryptfile", "keyring.backends.fail", "keyring.backends.null")
        )
        and (backend is configured or backend.priority >= 1)
    ]
    if not usable:
        raise NoKeyring
    return max(usable, key=lambda backend: backend.priority)


@functools.cache
def _chosen(given: Secret | None, _file: str | None) -> KeyringBackend:
    return choose_backend(given)


def _ask(injected: KeyringBackend | None, act: str, *arguments: str) -> Any:
    """Call the backend, opened once for as long as the environment says the same.

    Backends raise what their desktop raises, not only keyring's errors; its class name is all that is passed on.
    """
    backend = injected if injected is not None else _chosen(passphrase(), os.environ.get(FILE))
    try:
        return getattr(backend, act)(SERVICE, *arguments)
    except (KanwaError, PasswordDeleteError):
        raise
    except Exception as error:
        cause = type(error).__name__
    raise KeyringShut(cause=cause)


def get_secret(name: str, *, backend: KeyringBackend | None = None) -> Secret | None:
    """The secret of that name, or nothing. Raises `NoKeyring`, `KeyringShut`, `WrongPassphrase` and their like."""
    _check(name)
    found = _ask(backend, "get_password", name)
    return None if found is None else Secret(found)


def set_secret(name: str, secret: Secret, *, backend: KeyringBackend | None = None) -> None:
    """Keep a secret under a name, in place of the one before. Raises as `get_secret`, and `BadSecret`."""
    _check(name)
    text = secret.reveal()
    if not text or "\x00" in text or not _is_text(text):
        raise BadSecret(name=name)
    _ask(backend, "set_password", name, text)


def delete_secret(name: str, *, backend: KeyringBackend | None = None) -> bool:
    """Forget a secret; whether there was one. Raises as `get_secret`."""
    _check(name)
    if _ask(backend, "get_password", name) is None:
        return False
    with suppress(PasswordDeleteError):  # somebody else was quicker
        _ask(backend, "delete_password", name)
    return True


def _check(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise BadSecretName(name=name)


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
