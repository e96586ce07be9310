"""One training in several processes, on one host or several, on Keras's JAX backend.

Every process holds the whole network and takes an equal part of every batch; gradients and batch
statistics are those of the whole batch, so the result is that of one process with the same batch
size. All processes make the same batches from (seed, epoch), so no pictures are sent.

`MultiWorkerMirroredStrategy` is no way: with TensorFlow 2.21 and Keras 3.15 it fails in `fit`.
"""

from __future__ import annotations

import contextlib
import dataclasses
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import keras

from edgefmnist.errors import MissingDependency, ProcessLost, UsageError
from edgefmnist.quiet import silenced_stdout
from edgefmnist.training.records import Cluster, TrainConfig

_JOIN_S = 60
"""How long a process waits for the others before it gives up."""

_GOODBYE_S = 2.0
"""How long process 0 leaves the others to take their leave."""


@contextlib.contextmanager
def joined(config: TrainConfig) -> Iterator[TrainConfig]:
    """Be one of the processes of `config.cluster` for the length of the block, if it has one.

    Yields the configuration to go by: all processes write their files, because reading a weight
    takes all of them, but only process 0 to `config.out`; the others' folder is thrown away.

    Raises: UsageError (another backend than JAX), MissingDependency (no JAX), ProcessLost (the
    others could not be found, or one ended before the training did).
    """
    if config.cluster is None:
        yield config
        return
    if keras.backend.backend() != "jax":
        raise UsageError(
            "--distribute needs Keras's JAX backend: set KERAS_BACKEND=jax "
            f"(it is {keras.backend.backend()})"
        )
    try:
        import jax
    except ImportError as error:
        raise MissingDependency(
            "--distribute needs jax, not installed: pip install 'edgefmnist[distributed]'"
        ) from error
    _connect(config.cluster)
    keras.distribution.set_distribution(keras.distribution.DataParallel(auto_shard_dataset=False))
    try:
        if config.cluster.process == 0:
            yield config
        else:
            with tempfile.TemporaryDirectory() as folder:
                yield dataclasses.replace(config, out=Path(folder))
        _part_ways(config.cluster)
    except (jax.errors.JaxRuntimeError, ValueError) as error:
        reason = str(error).partition("\n")[0][:120]
        if not any(library in reason for library in ("Gloo", "NCCL", "coordination")):
            raise
        raise ProcessLost(
            f"process {config.cluster.process} lost another one ({reason}): start them all again "
            f"with --resume; the last checkpoint is in --out of process 0"
        ) from error
    finally:
        keras.distribution.set_distribution(None)


def _connect(cluster: Cluster) -> None:
    import jax
    from jax.experimental import multihost_utils

    set_option: Callable[[str, object], None] = jax.config.update
    set_option("jax_cpu_collectives_implementation", "gloo")
    # Else JAX aborts the process from C++ when another is gone; so its next step fails instead.
    set_option("jax_enable_recoverability", True)
    try:
        jax.distributed.initialize(
            cluster.coordinator,
            cluster.processes,
            cluster.process,
            initialization_timeout=_JOIN_S,
        )
        with silenced_stdout():  # Gloo says there that it has connected
            multihost_utils.sync_global_devices("joined")
    except (RuntimeError, ValueError) as error:
        reason = str(error).partition("\n")[0][:160]
        raise ProcessLost(
            f"process {cluster.process} of {cluster.processes} could not join the others at "
            f"{cluster.coordinator} within {_JOIN_S} s ({reason}): start all of them, with the "
            "same address, and see that its port is free and reachable"
        ) from error


def _part_ways(cluster: Cluster) -> None:
    import jax
    from jax.experimental import multihost_utils

    multihost_utils.sync_global_devices("done")
    if cluster.process == 0:  # it serves the others: who says goodbye to nobody is aborted by JAX
        time.sleep(_GOODBYE_S)
    leave: Callable[[], None] = jax.distributed.shutdown
    leave()
