#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Moves text over TCP there and back, and compares: what a program does that knows nothing
of HSTP ("hstp run" moves it there).

  carry.py serve PORT                           send back all that comes, for ever
  carry.py carry ADDRESS PORT COUNT KIB [FROM]  COUNT connections at once, each with KIB of
                                                its own; the first from the port FROM
"""
import os
import socket
import sys
import threading


def serve(port):
    with socket.create_server(("", port), backlog=500) as listener:
        while True:
            threading.Thread(target=send_back, args=(listener.accept()[0],)).start()


def send_back(conn):
    with conn:
        while text := conn.recv(65536):
            conn.sendall(text)


def send(conn, text):
    conn.sendall(text)
    conn.shutdown(socket.SHUT_WR)


def carry(there, size, source, good):
    text, back = os.urandom(size), bytearray()
    with socket.create_connection(there, source_address=("", source)) as conn:
        sender = threading.Thread(target=send, args=(conn, text))
        sender.start()
        while part := conn.recv(65536):
            back += part
        sender.join()
    if back == text:
        good.append(size)


def carry_all(there, count, size, source):
    good = []
    threads = [threading.Thread(target=carry, args=(there, size, 0 if i else source, good))
               for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(f"{len(good)} of {count} connections: {size} bytes there and back, unharmed")
    return len(good) != count


def main(args):
    if len(args) == 2 and args[0] == "serve":
        serve(int(args[1]))
    if len(args) in (5, 6) and args[0] == "carry":
        return carry_all((args[1], int(args[2])), int(args[3]), int(args[4]) * 1024,
                         int(args[5]) if len(args) == 6 else 0)
    print(__doc__, file=sys.stderr)
    return 2


sys.exit(main(sys.argv[1:]))
