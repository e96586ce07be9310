"""Stand-in for rpicam-vid and rpicam-hello, which take the same words as the real tools.

Like the real rpicam-vid with --codec yuv420 it writes libcamera's buffers as they are: rows padded
to a multiple of 64 bytes (chroma to half of that) or, as on a Pi 5, of 128, here with bytes that
show if they are read. A pipe takes them in pieces. Unknown options end it with exit code 255, as
Boost's parser does there, and so does a reader that is gone.
"""

import argparse
import os
import pathlib
import signal
import sys
import time

MODE = os.environ["STAND_IN_MODE"]
PIECE = 65_537  # bytes: no part of a row or frame


class Parser(argparse.ArgumentParser):
    def error(self, message):
        print(f"ERROR: *** {message} ***", file=sys.stderr)
        sys.exit(255)


def hello():
    parser = Parser(allow_abbrev=False)
    parser.add_argument("--list-cameras", action="store_true", required=True)
    parser.parse_args()
    if MODE == "none":
        print("No cameras available!")
        return
    print("Available cameras\n-----------------")
    print("0 : imx708 [4608x2592 10-bit RGGB] (/base/soc/i2c0mux/i2c@1/imx708@1a)")
    print("    Modes: 'SRGGB10_CSI2P' : 1536x864 [120.13 fps - (768, 432)/3072x1728 crop]")
    print("                             2304x1296 [56.03 fps - (0, 0)/4608x2592 crop]\n")
    if MODE == "two":
        print("1 : ov5647 [2592x1944 10-bit GBRG] (/base/soc/i2c0mux/i2c@0/ov5647@36)")
        print("    Modes: 'SGBRG10_CSI2P' : 640x480 [58.92 fps - (16, 0)/2560x1920 crop]")


def vid():
    parser = Parser(allow_abbrev=False)
    parser.add_argument("--nopreview", action="store_true")
    parser.add_argument("--flush", action="store_true")
    parser.add_argument("--verbose", type=int, choices=(0, 1, 2), default=1)
    parser.add_argument("--timeout", type=int, default=5000)
    parser.add_argument("--camera", type=int, default=0)
    parser.add_argument("--width", type=int, required=True)
    parser.add_argument("--height", type=int, required=True)
    parser.add_argument("--framerate", type=float, default=30)
    parser.add_argument("--codec", choices=("h264", "mjpeg", "yuv420", "libav"), default="h264")
    parser.add_argument("--output", default="")
    words = parser.parse_args()
    if not (words.nopreview and words.timeout == 0 and words.codec == "yuv420"):
        parser.error("a preview window, an end after 5 s or coded video is not what is wanted")
    if words.output != "-":
        parser.error("want frames on stdout")
    if MODE == "busy":
        parser.error("failed to acquire camera /base/soc/i2c0mux/i2c@1/imx708@1a")
    if MODE == "none":
        parser.error("no cameras available")
    if MODE == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if MODE == "silent":
        time.sleep(60)
    if words.camera > (MODE == "two"):
        parser.error("selected camera is not available")
    for number in range(3 if MODE in ("ends", "cut", "noisy") else 100_000):
        data = frame(words.width, words.height, number + 100 * words.camera)
        for at in range(0, len(data), PIECE):
            write(data[at : at + PIECE])
        time.sleep(1 / words.framerate)
    if MODE == "cut":
        write(data[:100_000])
    if MODE == "noisy":
        print("a warning\n" * 100_000, file=sys.stderr)
    if MODE in ("ends", "cut", "noisy"):
        parser.error("camera frontend has timed out!")


def write(data):
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        os._exit(255)


def frame(width, height, number):
    """Luma rises by 1 a pixel from `number` on; chroma is 100 and 180."""
    align = int(os.environ.get("STAND_IN_ALIGN", "64"))
    stride = -(-width // align) * align
    luma = bytes(16 + (number + x) % 220 for x in range(width)) + b"\xaa" * (stride - width)
    pad = b"\xaa" * ((stride - width) // 2)
    chroma = [(bytes([value]) * (width // 2) + pad) * (height // 2) for value in (100, 180)]
    return luma * height + chroma[0] + chroma[1]


if os.environ["STAND_IN_PID"]:  # whoever waits for the file finds it complete
    pid_file = pathlib.Path(os.environ["STAND_IN_PID"])
    pid_file.with_suffix(".part").write_text(str(os.getpid()))
    pid_file.with_suffix(".part").replace(pid_file)
hello() if pathlib.Path(sys.argv[0]).name == "rpicam-hello" else vid()
