"""Listens on everything that the attacks try to reach, says where as JSON, and ends with its standard input."""
import json, os, socket, sys, threading

outside, root, tmp, abstract = sys.argv[1:5]
held = []


def answer(server):
    """Answers whoever connects."""

    def serve():
        while True:
            client, _ = server.accept()
            try:
                client.settimeout(0.2)
                try:
                    client.recv(1000)
                except OSError:
                    pass
                client.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n")
            except OSError:
                pass
            client.close()

    server.listen(50)
    held.append(server)
    threading.Thread(target=serve, daemon=True).start()
    return server


def bound(family, address, kind=socket.SOCK_STREAM):
    server = socket.socket(family, kind)
    server.bind(address)
    return server


def echo():
    server = bound(socket.AF_INET, ("127.0.0.1", 0), socket.SOCK_DGRAM)

    def serve():
        while True:
            data, address = server.recvfrom(100)
            server.sendto(data, address)

    threading.Thread(target=serve, daemon=True).start()
    return server


for address in ("\0" + abstract, tmp, outside + "/socket", root + "/socket"):
    answer(bound(socket.AF_UNIX, address))

os.chdir(outside)
answer(bound(socket.AF_UNIX, "relative"))
# As ssh makes its control socket: under a name of its own, and then in place.
for name, place in (("linked", os.link), ("renamed", os.rename)):
    server = bound(socket.AF_UNIX, outside + "/" + name + ".new")
    place(name + ".new", name)
    answer(server)

held.append(bound(socket.AF_UNIX, root + "/datagrams", socket.SOCK_DGRAM))
os.mkfifo("fifo")
held.append(os.open("fifo", os.O_RDWR | os.O_NONBLOCK))
if os.geteuid() == 0:
    os.mknod("zero", 0o20666, os.makedev(1, 5))

found = {
    "PYTHON": sys.executable,
    "TCP": str(answer(bound(socket.AF_INET, ("127.0.0.1", 0))).getsockname()[1]),
    "TCP6": str(answer(bound(socket.AF_INET6, ("::1", 0))).getsockname()[1]),
    "UDP": str(echo().getsockname()[1]),
}
print(json.dumps(found), flush=True)
sys.stdin.read()
