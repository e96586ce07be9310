"""The camera as a systemd service.

`unit` writes the unit file, `program` finds what it starts and whether the service's own user can
read that, `options` turns the camera's options into those of a service, `install` puts the file in
its place. `camera.sinks.systemd` is what the running service tells systemd.
"""
