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


def one_line(message: str) -> str:
    """`message` on one line, with control characters of file names made visible."""
    joined = " ".join(message.split())
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in joined)


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
    """A model or bundle is damaged, or is not a 28x28 ten-class classifier."""


class BadPicture(BadInput):
    """A picture or video cannot be decoded."""


class CameraUnavailable(EdgeFmnistError):
    """No camera, a busy camera, or a stream that does not answer."""

    exit_code = 6


class ProcessLost(EdgeFmnistError):
    """Another process of a distributed training could not be found or has ended."""

    exit_code = 7
