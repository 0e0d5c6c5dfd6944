"""A line to the Internet and to nowhere else: names are resolved once, and the address that was looked at is called.

A server that resolves to an address of ours the second time (DNS rebinding) therefore gains nothing.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import time
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

import httpcore

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
#: name and port → addresses, in the order in which they are to be tried. Raises OSError
Resolve: TypeAlias = Callable[[str, int], list[str]]

#: addresses of IPv4 in the clothes of IPv6, by way of a gateway (RFC 6052)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class PrivateAddress(Exception):
    """The name stands for an address of this machine or its own network."""

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self.address = address


class NoAddress(Exception):
    """The name stands for no address, or nobody could be asked."""


def resolved(host: str, port: int) -> list[str]:
    """What the system says of a name. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_kind, address in found))


def is_public(text: str) -> bool:
    """Whether an address belongs to the open Internet: neither loopback, private, link-local, shared nor multicast."""
    try:
        address: Address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    inner: Address | None = None
    if isinstance(address, ipaddress.IPv6Address):
        if address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        else:
            inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
    if inner is not None:
        return is_public(str(inner))
    return address.is_global and not address.is_multicast


class Line(httpcore.NetworkBackend):
    """Connects to checked addresses only, and everything together takes no longer than it may."""

    def __init__(self, *, private: bool, seconds: float, resolve: Resolve = resolved) -> None:
        """`private`: addresses of this machine and its own network may be called too."""
        self._private = private
        self._until = time.monotonic() + seconds
        self._resolve = resolve
        self._plain = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Raises PrivateAddress, NoAddress, and httpcore's errors."""
        try:
            addresses = self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise NoAddress(str(error)) from error
        if not addresses:
            raise NoAddress(host)
        for address in addresses:
            # one that is not public is enough: whoever mixes them means us
            if not self._private and not is_public(address):
                raise PrivateAddress(address)
        failure: Exception | None = None
        for address in addresses:
            try:
                stream = self._plain.connect_tcp(address, port, self._left(timeout), local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return _Stream(stream, self._left)
        assert failure is not None
        raise failure

    def _left(self, timeout: float | None) -> float:
        """Seconds that the next step may take."""
        left = max(0.001, self._until - time.monotonic())
        return left if timeout is None else min(left, timeout)


class _Stream(httpcore.NetworkStream):
    """A connection whose every step ends when the time of the whole call is over."""

    def __init__(self, stream: httpcore.NetworkStream, left: Callable[[float | None], float]) -> None:
        self._stream = stream
        self._left = left

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        stream = self._stream.start_tls(ssl_context, server_hostname, self._left(timeout))
        return _Stream(stream, self._left)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
