"""Read a few values of a JSON file of any size in one pass, in a window of a few MiB.

The reader never builds the document: a caller walks into the objects and arrays that it wants and
skips the rest. Every byte passes through the hash exactly once, so that what was read is what was hashed.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from typing import BinaryIO, Final, NoReturn

CHUNK_BYTES: Final = 1 << 22
#: No single token may be longer; the longest of a transcript is a G2 point with 196 characters.
TOKEN_BYTES: Final = 4096
MAX_DEPTH: Final = 64

_SPACE: Final = re.compile(rb"[ \t\r\n]*+")
_PLAIN_STRING: Final = re.compile(rb'"([^"\\\x00-\x1f]*+)"')
_STRING: Final = re.compile(rb'"(?:[^"\\\x00-\x1f]|\\.)*+"')
_INTEGER: Final = re.compile(rb"(0|[1-9][0-9]{0,18})(?![0-9.eE])")
_LITERAL: Final = re.compile(rb"(?:true|false|null|-?[0-9][0-9.eE+-]*)")
#: Whole strings with the commas between them: what most of a transcript consists of.
_MANY_STRINGS: Final = re.compile(rb'(?:"[^"\\\x00-\x1f]*+"[ \t\r\n]*+,[ \t\r\n]*+)++')


class JsonStreamError(Exception):
    """Report bytes that are not the JSON that was asked for, with their place as `offset`."""

    def __init__(self, detail: str, offset: int, *, ended: bool = False) -> None:
        super().__init__(f"{detail} at byte {offset}")
        self.offset = offset
        self.ended = ended


class JsonStream:
    """A cursor over a JSON document."""

    def __init__(self, stream: BinaryIO, progress: Callable[[int], None] | None = None) -> None:
        self._stream = stream
        self._progress = progress
        self._hash = hashlib.sha256()
        self._window = b""
        self._position = 0
        self._before = 0  # bytes that have left the window
        self._at_end = False

    @property
    def offset(self) -> int:
        """Return how many bytes have been consumed."""
        return self._before + self._position

    def finish(self) -> tuple[str, int]:
        """Require the end of the document; return SHA-256 of all bytes, hexadecimal, and their number.

        Raises: JsonStreamError.
        """
        self._peek()
        if self._position < len(self._window):
            raise JsonStreamError("something follows the document", self.offset)
        return self._hash.hexdigest(), self.offset

    def drain(self) -> tuple[str, int]:
        """Read on to the end, whatever is there; return SHA-256 of all bytes and their number."""
        while not self._at_end:
            self._position = len(self._window)
            self._refill()
        return self._hash.hexdigest(), self._before + len(self._window)

    def members(self) -> Iterator[str]:
        """Yield the keys of an object, the cursor standing on each one's value, which must be consumed.

        Raises: JsonStreamError; also for a key that comes twice.
        """
        seen: set[str] = set()
        self._expect(b"{")
        while not self._closes(b"}", first=not seen):
            key = self.string()
            if key in seen:
                raise JsonStreamError(f"the key {key!r} comes twice", self.offset)
            seen.add(key)
            self._expect(b":")
            yield key

    def elements(self) -> Iterator[int]:
        """Yield 0, 1, ... for the elements of an array, each of which must be consumed.

        Raises: JsonStreamError.
        """
        count = 0
        self._expect(b"[")
        while not self._closes(b"]", first=count == 0):
            yield count
            count += 1

    def string(self) -> str:
        """Return a string without escapes.

        Raises: JsonStreamError.
        """
        return self._match(_PLAIN_STRING, "no plain string")[1:-1].decode("latin-1")

    def strings(self, limit: int) -> list[str]:
        """Return an array of at most `limit` strings without escapes.

        Raises: JsonStreamError.
        """
        found = []
        for index in self.elements():
            if index == limit:
                raise JsonStreamError(f"an array of more than {limit} strings", self.offset)
            found.append(self.string())
        return found

    def integer(self) -> int:
        """Return an integer that is not negative.

        Raises: JsonStreamError.
        """
        return int(self._match(_INTEGER, "no integer"))

    def skip(self) -> None:
        """Pass over a value of any kind and depth.

        Raises: JsonStreamError.
        """
        closers: list[bytes] = []
        while True:
            head = self._peek()
            if head in (b"{", b"["):
                self._position += 1
                closers.append(b"}" if head == b"{" else b"]")
                if len(closers) > MAX_DEPTH:
                    self._fail("too deep a nesting")
                if self._peek() != closers[-1]:
                    self._skip_key(closers[-1])
                    continue
            elif head == b'"':
                self._match(_STRING, "no string")
            else:
                self._match(_LITERAL, "no JSON value")
            while closers and self._peek() == closers[-1]:
                self._position += 1
                closers.pop()
            if not closers:
                return
            self._expect(b",")
            self._skip_key(closers[-1])

    def _skip_key(self, closer: bytes) -> None:
        """Stand on the next value; in an array pass over whole strings, many at a time."""
        if closer == b"}":
            self._peek()
            self._match(_STRING, "no key")
            self._expect(b":")
            return
        while self._peek() == b'"':
            many = _MANY_STRINGS.match(self._window, self._position)
            if many is None:
                return
            self._position = many.end()

    def _closes(self, closer: bytes, *, first: bool) -> bool:
        """Consume the closing bracket, or the comma that must stand before a further entry."""
        if self._peek() == closer:
            self._position += 1
            return True
        if not first:
            self._expect(b",")
        return False

    def _expect(self, token: bytes) -> None:
        if self._peek() != token:
            self._fail(f"no {token.decode()!r}")
        self._position += 1

    def _match(self, pattern: re.Pattern[bytes], complaint: str) -> bytes:
        self._peek()
        found = pattern.match(self._window, self._position)
        if found is None:
            self._fail(complaint)
        self._position = found.end()
        return found.group()

    def _fail(self, complaint: str) -> NoReturn:
        rest = self._window[self._position :] if self._at_end else b"."
        ended = not rest or (rest[:1] == b'"' and b'"' not in rest[1:])
        raise JsonStreamError("the file ends" if ended else complaint, self.offset, ended=ended)

    def _peek(self) -> bytes:
        """Return the next byte that is no white space, with a whole token after it in the window."""
        while True:
            if len(self._window) - self._position < TOKEN_BYTES and not self._at_end:
                self._refill()
            space = _SPACE.match(self._window, self._position)
            self._position = self._position if space is None else space.end()
            if self._at_end or len(self._window) - self._position >= TOKEN_BYTES:
                return self._window[self._position : self._position + 1]

    def _refill(self) -> None:
        chunk = self._stream.read(CHUNK_BYTES)
        self._hash.update(chunk)
        self._at_end = not chunk
        self._before += self._position
        self._window = self._window[self._position :] + chunk
        self._position = 0
        if self._progress is not None and chunk:
            self._progress(self._before + len(self._window))
