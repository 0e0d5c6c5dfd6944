"""Whether a window can be opened here at all, asked before Qt is: a missing library would end the process without a word.

Imports no Qt.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from journeys.base.errors import UsageError
from journeys.base.i18n import N_

#: library → the package of Debian and Ubuntu that brings it
PACKAGES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libOpenGL.so.0": "libopengl0",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libX11.so.6": "libx11-6",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libxcb.so.1": "libxcb1",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-render.so.0": "libxcb-render0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-util.so.1": "libxcb-util1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
}


class NoDesktop(UsageError):
    """Something that a window needs is not there; the sentence names what to install."""


class NoQt(NoDesktop):
    text = N_("The window needs PySide6, which is not installed. Install it with: pip install 'kanwa[desktop]'")


class NoLibrary(NoDesktop):
    text = N_(
        "The window needs the library {library}, which is not installed. Install it with: apt-get install {package}"
    )


class NoUnknownLibrary(NoDesktop):
    text = N_("The window cannot be opened: {why}. Install the package of your system that brings this library.")


class NoDisplay(NoDesktop):
    text = N_(
        "There is no display to open a window on: neither DISPLAY nor WAYLAND_DISPLAY is set. Start it from a desktop, "
        "or use the commands (kanwa --help)."
    )


class DisplayRefused(NoDesktop):
    text = N_("The display {display} cannot be reached. Start it from a desktop, or set DISPLAY to one that runs.")


def require_display(environ: Mapping[str, str] = os.environ) -> None:
    """Raises NoDisplay and DisplayRefused, on Linux; elsewhere there always is one."""
    if not sys.platform.startswith("linux") or environ.get("QT_QPA_PLATFORM", "").startswith(("offscreen", "vnc")):
        return
    if environ.get("WAYLAND_DISPLAY"):
        return
    display = environ.get("DISPLAY")
    if not display:
        raise NoDisplay
    if not _answers(display):
        raise DisplayRefused(display=display)


def _answers(display: str) -> bool:
    """Whether an X server takes connections there; True where nothing here can tell."""
    try:
        xcb = ctypes.CDLL("libxcb.so.1")
    except OSError:
        return True
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connect.argtypes = [ctypes.c_char_p, ctypes.c_void_p]
    xcb.xcb_connection_has_error.argtypes = [ctypes.c_void_p]
    xcb.xcb_disconnect.argtypes = [ctypes.c_void_p]
    connection = xcb.xcb_connect(display.encode(), None)
    try:
        return not xcb.xcb_connection_has_error(connection)
    finally:
        xcb.xcb_disconnect(connection)


def require_qt(*, window: bool = True) -> None:
    """Raises NoQt, NoLibrary and NoUnknownLibrary; without `window` only what drawing into a file needs is asked."""
    if importlib.util.find_spec("PySide6") is None or importlib.util.find_spec("qtawesome") is None:
        raise NoQt
    try:
        import PySide6.QtGui
        import PySide6.QtWidgets
    except ImportError as error:
        raise _lacks(str(error)) from error
    if window and sys.platform.startswith("linux") and _speaks_x11():
        plugin = Path(PySide6.__file__).parent / "Qt" / "plugins" / "platforms" / "libqxcb.so"
        if plugin.exists():
            try:
                # Qt would end the process where this fails
                ctypes.CDLL(str(plugin))
            except OSError as error:
                raise _lacks(str(error)) from error


def _speaks_x11(environ: Mapping[str, str] = os.environ) -> bool:
    platform = environ.get("QT_QPA_PLATFORM", "")
    return platform.startswith("xcb") or (not platform and not environ.get("WAYLAND_DISPLAY"))


def _lacks(why: str) -> NoDesktop:
    """The error for what the loader said: “libEGL.so.1: cannot open shared object file: No such file or directory”."""
    library = why.partition(":")[0].strip()
    package = PACKAGES.get(library)
    return NoLibrary(library=library, package=package) if package else NoUnknownLibrary(why=why)
