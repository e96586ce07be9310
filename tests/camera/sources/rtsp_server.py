"""A camera that speaks RTSP, of Debian's GStreamer; runs under the system's Python.

Usage: rtsp_server.py PORT [udp] [password]. PORT may be 0; the port it took is its first line on
stdout. udp: it refuses TCP (461). password: it asks for user ``me`` and password ``p@ss``.
"""

import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

Gst.init(None)
if not all(Gst.ElementFactory.find(n) for n in ("videotestsrc", "jpegenc", "rtpjpegpay")):
    sys.exit("GStreamer's base and good plugins are not installed")
if sys.argv[1] == "--probe":
    sys.exit()
factory = GstRtspServer.RTSPMediaFactory()
factory.set_shared(True)
factory.set_launch(
    "( videotestsrc is-live=true pattern=smpte "
    "! video/x-raw,format=I420,width=320,height=240,framerate=15/1 "
    "! jpegenc ! rtpjpegpay name=pay0 )"
)
if "udp" in sys.argv:
    factory.set_protocols(GstRtsp.RTSPLowerTrans.UDP)
server = GstRtspServer.RTSPServer()
if "password" in sys.argv:
    role = "viewer"
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", role)
    auth = GstRtspServer.RTSPAuth()
    auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
    auth.add_digest("me", "p@ss", token)
    server.set_auth(auth)
    permissions = GstRtspServer.RTSPPermissions()
    permissions.add_role(role)
    for what in ("access", "construct"):
        permissions.add_permission_for_role(role, f"media.factory.{what}", True)
    factory.set_permissions(permissions)
server.set_address("127.0.0.1")
server.set_service(sys.argv[1])
server.get_mount_points().add_factory("/live", factory)
server.attach(None)
print(server.get_bound_port(), flush=True)
GLib.MainLoop().run()
