#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""capture.py PACKETS PROCESSES COMMAND...: runs COMMAND; what crosses lo meanwhile goes to the file PACKETS,
and the command lines and environments of all processes to PROCESSES, again and again. All packets are in
it: the last one is one of this program's own. Exit status: that of COMMAND."""
import os
import socket
import subprocess
import sys
import threading

ETH_P_ALL = 3
RECEIVE_BYTES = 64 << 20
DISCARD_PORT = 9


def packets_put(sock, path, end):
    with open(path, "ab") as packets:
        while True:
            packet = sock.recv(1 << 17)
            packets.write(packet)
            if end in packet:
                return


def processes_put(path, ended):
    seen = set()
    while not ended.is_set():
        for pid in filter(str.isdigit, os.listdir("/proc")):
            for name in ("cmdline", "environ"):
                try:
                    with open("/proc/%s/%s" % (pid, name), "rb") as file:
                        seen.add(file.read())
                except OSError:  # it has ended
                    pass
    with open(path, "ab") as processes:
        processes.write(b"\n".join(sorted(seen)))


def main():
    end = b"end of the capture of process %d" % os.getpid()
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    sock.setsockopt(socket.SOL_SOCKET, 33, RECEIVE_BYTES)  # SO_RCVBUFFORCE
    sock.bind(("lo", 0))
    ended = threading.Event()
    threads = [threading.Thread(target=packets_put, args=[sock, sys.argv[1], end]),
               threading.Thread(target=processes_put, args=[sys.argv[2], ended])]
    for thread in threads:
        thread.start()
    status = subprocess.run(sys.argv[3:]).returncode
    ended.set()
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(end, ("127.0.0.1", DISCARD_PORT))
    for thread in threads:
        thread.join()
    sys.exit(status)


main()
