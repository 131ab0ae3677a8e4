#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""tgtd_between.py SOCKET N FILE LOOK COMMAND...: runs COMMAND, and stands between it and tgtd.

COMMAND and what it starts reach tgtd, which listens at SOCKET, through this process. Instead of its
Nth request, COMMAND is killed; N 0: never. After each answer of tgtd, all command lines and
environments are added to FILE, and the command LOOK is run.

The last line of output is 'requests=N status=S'; S is that of COMMAND, or 'killed'.
"""
import glob
import os
import signal
import socket
import struct
import subprocess
import sys
import threading

HEADER = 120
LENGTH_AT = 72


def exactly(peer, count):
    data = b""
    while len(data) < count:
        more = peer.recv(count - len(data))
        if not more:
            break
        data += more
    return data


def request_of(peer):
    header = exactly(peer, HEADER)
    if len(header) < HEADER:
        return header
    (length,) = struct.unpack_from("=I", header, LENGTH_AT)
    return header + exactly(peer, length - HEADER)


def ask(path, request):
    tgtd = socket.socket(socket.AF_UNIX)
    tgtd.connect(path)
    tgtd.sendall(request)
    reply = exactly(tgtd, 1 << 24)
    tgtd.close()
    return reply


def processes_put(path):
    with open(path, "ab") as seen:
        for name in glob.glob("/proc/[0-9]*/cmdline") + glob.glob("/proc/[0-9]*/environ"):
            try:
                with open(name, "rb") as file:
                    seen.write(file.read() + b"\n")
            except OSError:  # it has ended
                pass


class Between:
    def __init__(self, path, number, seen, look):
        self.path, self.number, self.seen, self.look = path, number, seen, look
        self.requests = 0
        self.child = None

    def kill(self):
        os.killpg(self.child.pid, signal.SIGKILL)

    def serve(self, listener):
        while True:
            peer, _ = listener.accept()
            request = request_of(peer)
            if len(request) < HEADER:
                return
            self.requests += 1
            if self.requests == self.number:
                self.kill()
                return
            reply = ask(self.path, request)
            processes_put(self.seen)
            subprocess.run(self.look, shell=True, check=True)
            peer.sendall(reply)
            peer.close()


def main():
    path, number, seen, look, command = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4], sys.argv[5:]
    between = Between(path, number, seen, look)
    base = "/run/between.%d" % os.getpid()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(base + os.path.splitext(path)[1])
    listener.listen()
    environment = dict(os.environ, TGT_IPC_SOCKET=base)
    between.child = subprocess.Popen(command, env=environment, start_new_session=True)
    threading.Thread(target=between.serve, args=[listener], daemon=True).start()
    status = between.child.wait()
    print("requests=%d status=%s" % (between.requests, "killed" if status == -signal.SIGKILL else status))


main()
