"""Trials on Ray Tune: on this machine, or on a Ray cluster."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import keras

from edgefmnist import children
from edgefmnist.dataset import Samples
from edgefmnist.errors import MissingDependency, UsageError, one_line
from edgefmnist.quiet import silenced_stderr
from edgefmnist.sweep.records import SweepConfig, Trial
from edgefmnist.sweep.variants import Variant
from edgefmnist.training.records import EpochRecord, TrainConfig, TrainPlan

_REACH_S = 10

OnEpoch = Callable[[str, int, float], None]
OnFinished = Callable[[Trial], None]


def run(
    config: SweepConfig,
    wanted: Sequence[tuple[Variant, int]],
    samples: Samples,
    on_epoch: OnEpoch,
    on_finished: OnFinished,
) -> None:
    """Train each (variant, seed), telling of epochs (name, epoch, validation accuracy) and ends.

    Raises: MissingDependency (no Ray), UsageError (no cluster at the address, no room).
    """
    tune = _imported_tune(config)
    with tempfile.TemporaryDirectory() as storage, _cluster(config, Path(storage)):
        work = [
            {"name": _named(config, variant, seed), "variant": variant, "seed": seed}
            for variant, seed in wanted
        ]
        trainable = tune.with_resources(
            tune.with_parameters(_trial, samples=samples), {"cpu": config.cpus, "gpu": config.gpus}
        )
        tune.Tuner(
            trainable,
            param_space={"work": tune.grid_search(work)},
            tune_config=tune.TuneConfig(
                metric="val_accuracy",
                mode="max",
                trial_dirname_creator=lambda trial: trial.trial_id,
            ),
            run_config=tune.RunConfig(
                name="sweep",
                storage_path=f"{storage}/results",
                verbose=0,
                callbacks=[_told(on_epoch, on_finished)],
            ),
        ).fit()


def _imported_tune(config: SweepConfig) -> Any:
    """Ray Tune, set up to keep quiet. Raises: MissingDependency."""
    # Read when Ray loads: nothing is sent to its makers, and Ctrl-C stops at once, as elsewhere.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("TUNE_DISABLE_SIGINT_HANDLER", "1")
    os.environ.setdefault("RAY_AIR_NEW_OUTPUT", "0")  # prints in spite of verbose=0
    os.environ.setdefault("TUNE_DISABLE_AUTO_CALLBACK_LOGGERS", "1")
    if config.address and (
        "RAY_AUTH_TOKEN" in os.environ or (Path.home() / ".ray" / "auth_token").is_file()
    ):  # a head that has a token asks for it, and a client does not show it unasked
        os.environ.setdefault("RAY_AUTH_MODE", "token")
    try:
        with silenced_stderr():
            from ray import tune
    except ImportError as error:
        raise MissingDependency(
            "sweep needs ray, not installed: pip install 'edgefmnist[distributed]'"
        ) from error
    logging.getLogger("ray").setLevel(logging.CRITICAL)  # we say ourselves which trial failed
    return tune


def _named(config: SweepConfig, variant: Variant, seed: int) -> str:
    return f"{variant.name} seed={seed}" if config.seeds > 1 else variant.name


def _reach(address: str) -> None:
    """See that somebody listens there: Ray itself would try for minutes, without a word."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=_REACH_S).close()
    except (OSError, ValueError, OverflowError) as error:
        raise UsageError(
            f"no Ray cluster at --address {address} ({one_line(str(error))}): start one with "
            "'ray start --head --port PORT' and give its HOST:PORT"
        ) from error


@contextlib.contextmanager
def _cluster(config: SweepConfig, scratch: Path) -> Iterator[None]:
    """Be connected to Ray, which has room for a trial, for the length of the block.

    scratch: a folder of our own for what Ray writes on this machine.
    """
    import ray

    # Without a folder of their own, Ray's processes import from our current one before all others.
    (scratch / "empty").mkdir()

    # In every trial: its backend is this process's, and its threads are those it was given.
    environment = {
        "KERAS_BACKEND": keras.backend.backend(),
        "TF_NUM_INTRAOP_THREADS": str(config.cpus),
        "TF_NUM_INTEROP_THREADS": "1",
    }
    if config.address:
        _reach(config.address)
    try:
        with silenced_stderr(), children.private_set_aside("RAY_"):
            ray.init(
                # Else a RAY_ADDRESS in the environment would be taken unasked.
                address=config.address or "local",
                log_to_driver=False,
                logging_level=logging.ERROR,
                runtime_env={"env_vars": environment, "working_dir": str(scratch / "empty")},
                # Not /tmp/ray, into which every user of this machine may write.
                _temp_dir=None if config.address else str(scratch / "ray"),
                include_dashboard=None if config.address else False,
            )
    except (ConnectionError, RuntimeError, ValueError, TimeoutError) as error:
        where = f"at --address {config.address}" if config.address else "on this machine"
        raise UsageError(f"Ray does not start {where}: {one_line(str(error))[:160]}") from error
    try:
        there: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
        for name, wanted in (("CPU", config.cpus), ("GPU", config.gpus)):
            if wanted > there.get(name, 0):
                raise UsageError(
                    f"a trial wants {wanted:g} {name}s and the cluster has "
                    f"{there.get(name, 0):g}: lower --{name.lower()}s"
                )
        yield
    finally:
        with silenced_stderr():
            ray.shutdown()


def _trial(work: dict[str, Any], samples: Samples) -> None:
    """What runs in Ray's process: one training, reporting each epoch to Tune."""
    from ray import tune

    from edgefmnist.frameworks import require_keras

    require_keras()
    from edgefmnist.training.fitting import fit

    class Reporting:
        def __init__(self) -> None:
            self.seconds = 0.0
            self.last: dict[str, Any] = {"epoch": 0, "val_accuracy": 0.0, "seconds": 0.0}

        def started(self, plan: TrainPlan) -> None: ...

        def step(self, epoch: int, step: int, loss: float, accuracy: float) -> None: ...

        def epoch(self, record: EpochRecord) -> None:
            self.seconds += record.seconds
            self.last = {
                "epoch": record.epoch,
                "val_accuracy": record.val_accuracy,
                "seconds": self.seconds,
            }
            tune.report(self.last)

    variant, seed = work["work"]["variant"], work["work"]["seed"]
    keras.utils.set_random_seed(seed)
    with tempfile.TemporaryDirectory() as out:
        config = TrainConfig(recipe=variant.recipe, epochs=variant.epochs, seed=seed, out=Path(out))
        observer = Reporting()
        try:
            fit(config, samples, observer)
        except Exception as error:  # whatever a setting does: the other trials go on
            tune.report(observer.last | {"error": f"{type(error).__name__}: {error}"})


def _told(on_epoch: OnEpoch, on_finished: OnFinished) -> Any:
    """Ray's callback that passes on what it hears."""
    from ray import tune

    class Told(tune.Callback):
        def __reduce__(self) -> tuple[type, tuple[()]]:  # Tune saves its callbacks, which ours
            return tune.Callback, ()  # cannot be: they hold a terminal

        def on_trial_result(
            self, iteration: int, trials: list[Any], trial: Any, result: dict[str, Any], **_: Any
        ) -> None:
            if "error" not in result:
                on_epoch(trial.config["work"]["name"], result["epoch"], result["val_accuracy"])

        def on_trial_complete(
            self, iteration: int, trials: list[Any], trial: Any, **_: Any
        ) -> None:
            on_finished(_ended(trial, trial.last_result.get("error")))

        def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **_: Any) -> None:
            on_finished(_ended(trial, "its process ended; see whether memory was short"))

    return Told()


def _ended(trial: Any, error: str | None) -> Trial:
    work, last = trial.config["work"], trial.last_result or {}
    return Trial(
        variant=work["variant"].name,
        seed=work["seed"],
        settings=work["variant"].whole,
        val_accuracy=last.get("val_accuracy", 0.0),
        seconds=last.get("seconds", 0.0),
        error=one_line(error) if error else None,
    )
