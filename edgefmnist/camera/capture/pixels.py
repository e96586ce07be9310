"""The memory that both processes see: a file without a name, gone when both have ended."""

from __future__ import annotations

import mmap
import os

import numpy as np
import numpy.typing as npt

from edgefmnist.errors import CameraUnavailable

Pixels = npt.NDArray[np.uint8]


class SharedPixels:
    """Room for one picture, which grows with the largest.

    Anonymous memory of the kernel (memfd_create(2)) rather than named shared memory: whoever is
    killed, nothing stays behind in /dev/shm.
    """

    def __init__(self, descriptor: int | None = None) -> None:
        """Make new memory, or use that of `descriptor`. Raises: OSError."""
        fresh = descriptor is None
        self.descriptor = os.memfd_create("edgefmnist") if descriptor is None else descriptor
        self._map: mmap.mmap | None = None
        if fresh:
            os.set_inheritable(self.descriptor, False)

    def write(self, pixels: Pixels) -> None:
        """Put `pixels` at the start. Raises: CameraUnavailable (no memory)."""
        flat = np.ascontiguousarray(pixels).reshape(-1)
        if os.fstat(self.descriptor).st_size < flat.size:
            # Reserves what it adds: a full memory is an error here, not a SIGBUS at the write.
            try:
                os.posix_fallocate(self.descriptor, 0, flat.size)
            except OSError as error:
                raise CameraUnavailable(
                    f"no room in memory for a picture of {flat.size:,} bytes ({error.strerror}): "
                    "close other programs, and see that 'ulimit -f' says unlimited"
                ) from error
        np.frombuffer(self._mapped(flat.size), np.uint8, flat.size)[:] = flat

    def read(self, height: int, width: int) -> Pixels:
        """A copy of the picture at the start, uint8 [height, width, 3]."""
        size = height * width * 3
        shown = np.frombuffer(self._mapped(size), np.uint8, size)
        return shown.reshape(height, width, 3).copy()

    def close(self) -> None:
        """Give the memory back."""
        if self._map is not None:
            self._map.close()
            self._map = None
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def _mapped(self, size: int) -> mmap.mmap:
        if self._map is None or len(self._map) < size:
            if self._map is not None:
                self._map.close()
            self._map = mmap.mmap(self.descriptor, os.fstat(self.descriptor).st_size)
        return self._map
