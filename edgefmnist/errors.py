"""Every error a user can meet, with the exit code it owns.

Exception
└── EdgeFmnistError          1  a defect of ours
    ├── UsageError           2  the words of the command are off
    │   └── CannotWrite      2  a folder or file named for output cannot take it
    ├── GateRefused          3  a quality gate said no
    ├── MissingDependency    4  something that must be installed is missing
    │   └── DatasetMissing   4  Fashion-MNIST is nowhere to be found
    ├── BadInput             5  what was given to read is not what it should be
    │   ├── BadData          5  the data set
    │   ├── BadModel         5  a model or bundle
    │   └── BadPicture       5  a picture or video
    ├── CameraUnavailable    6  the camera could not be had
    └── ProcessLost          7  another process of a distributed training is gone

A message is one line: what is wrong, where, and what to do next.
"""


def printable(text: str) -> str:
    r"""`text` in characters that a terminal, a journal or a plot only shows.

    Everything that is written for people and may hold words from outside (names of files and
    models, what servers answer) passes here: `render.console` does it for what it prints. Control
    characters, line ends, marks of direction and others that cannot be seen become escapes such as
    ``\x1b``; bytes of a file name that are not UTF-8 become ``\xff``.
    """
    return text if text.isprintable() else "".join(map(_escaped, text))


def _escaped(character: str) -> str:
    if character.isprintable():
        return character
    if "\udc80" <= character <= "\udcff":  # a byte, as os.fsdecode has it
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape").decode("ascii")


def one_line(message: str) -> str:
    """`message`, which may have been written in several lines, on one; made `printable`."""
    return printable(" ".join(message.split()))


class EdgeFmnistError(Exception):
    """Base of all errors raised on purpose; exit code 1 when none of its children fits."""

    exit_code = 1


class UsageError(EdgeFmnistError):
    """An option or argument has a value that cannot be used."""

    exit_code = 2


class CannotWrite(UsageError):
    """The place named for output refuses: no permission, not a folder, no space left."""


class GateRefused(EdgeFmnistError):
    """A measured quality is below the bar the user set; nothing was released."""

    exit_code = 3


class MissingDependency(EdgeFmnistError):
    """A package, runtime or device driver must be installed first; the message has the command."""

    exit_code = 4


class DatasetMissing(MissingDependency):
    """None of the known places holds Fashion-MNIST and it could not be fetched."""


class BadInput(EdgeFmnistError):
    """A file given as input is unreadable, damaged or of the wrong kind."""

    exit_code = 5


class BadData(BadInput):
    """A data-set file is truncated, has the wrong checksum or the wrong shape."""


class BadModel(BadInput):
    """A model or bundle is damaged, or is not a 28x28 classifier."""


class BadPicture(BadInput):
    """A picture or video cannot be decoded."""


class CameraUnavailable(EdgeFmnistError):
    """No camera, a busy camera, or a stream that does not answer."""

    exit_code = 6


class ProcessLost(EdgeFmnistError):
    """Another process of a distributed training could not be found or has ended."""

    exit_code = 7
