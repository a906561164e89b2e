"""What happens inside one network namespace: listeners and calls, each by a process of the wanted user and group.

Reads one JSON command per line, answers each with one JSON line of the same id, and ends with all its children when
its input does. Python, because Node can neither make a transparent socket nor set a packet's mark.
"""

import json
import os
import selectors
import signal
import socket
import sys

IP_TRANSPARENT = 19
IPV6_TRANSPARENT = 75
CALL_SECONDS = 3


def become(uid, gid):
    """Before any socket is made: the kernel remembers a socket's maker."""
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)


def family_of(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def new_socket(protocol, address, transparent=False, mark=0):
    kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
    made = socket.socket(family_of(address), kind)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if made.family == socket.AF_INET6:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    if transparent and made.family == socket.AF_INET6:
        made.setsockopt(socket.IPPROTO_IPV6, IPV6_TRANSPARENT, 1)
    elif transparent:
        made.setsockopt(socket.IPPROTO_IP, IP_TRANSPARENT, 1)
    if mark:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, mark)
    return made


def answer(identifier, result):
    os.write(1, (json.dumps({"id": identifier, "result": result}) + "\n").encode())


def report(listener, source, destination):
    return {
        "listener": listener,
        "source": source[0],
        "destination": destination[0],
        "destinationPort": destination[1],
    }


def listen(command):
    """Tells every caller where it arrived, or hands it on to where it wanted to go."""
    selector = selectors.DefaultSelector()
    for want in command["sockets"]:
        made = new_socket(want["protocol"], want["address"], want.get("transparent", False))
        made.bind((want["address"], want["port"]))
        if want["protocol"] == "tcp":
            made.listen(64)
        selector.register(made, selectors.EVENT_READ, want)
    answer(command["id"], {})
    while True:
        for key, _ in selector.select():
            try:
                serve(key.fileobj, key.data)
            except (OSError, ValueError):
                pass  # a caller that has heard enough, or a relay that heard nothing


def serve(listener, want):
    if want["protocol"] == "udp":
        _, source = listener.recvfrom(2048)
        told = report(want["port"], source, listener.getsockname())
        listener.sendto(json.dumps(told).encode(), source)
        return
    caller, source = listener.accept()
    with caller:
        caller.settimeout(CALL_SECONDS)
        destination = caller.getsockname()
        if mark := want.get("relayMark"):
            told = relayed(source, destination, mark) | {"through": want["port"]}
        else:
            told = report(want["port"], source, destination)
        caller.sendall(json.dumps(told).encode())


def relayed(source, destination, mark):
    """What the destination says when it is called in the name of the source."""
    with new_socket("tcp", destination[0], True, mark) as onward:
        onward.settimeout(CALL_SECONDS)
        onward.bind((source[0], 0))
        onward.connect((destination[0], destination[1]))
        return json.loads(read_all(onward))


def read_all(connection):
    chunks = []
    while chunk := connection.recv(4096):
        chunks.append(chunk)
    return b"".join(chunks)


def call(command):
    answer(command["id"], heard(command))


def heard(command):
    try:
        with new_socket(command["protocol"], command["address"]) as made:
            made.settimeout(CALL_SECONDS)
            if command.get("source") or command.get("sourcePort"):
                anywhere = "::" if made.family == socket.AF_INET6 else "0.0.0.0"
                made.bind((command.get("source") or anywhere, command.get("sourcePort") or 0))
            made.connect((command["address"], command["port"]))
            if command["protocol"] == "tcp":
                return json.loads(read_all(made))
            made.send(b"hello")
            return json.loads(made.recv(4096))
    except ConnectionRefusedError:
        return {"error": "refused"}
    except TimeoutError:
        return {"error": "silence"}
    except (OSError, ValueError) as error:
        return {"error": str(error)}


def carry_out(command):
    try:
        become(command["uid"], command["gid"])
        {"listen": listen, "call": call}[command["do"]](command)
    except OSError as error:
        answer(command["id"], {"error": str(error)})


def main():
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    children = []
    for line in sys.stdin:
        command = json.loads(line)
        child = os.fork()
        if child == 0:
            carry_out(command)
            os._exit(0)
        if command["do"] == "listen":
            children.append(child)
    for child in children:
        os.kill(child, signal.SIGKILL)


main()
