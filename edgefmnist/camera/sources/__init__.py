"""One module for each kind of source, behind the Protocol in `edgefmnist.camera.source`."""
