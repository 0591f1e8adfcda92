"""Runs a program with a key in its session keyring: with-key.py PROGRAM ARGS..."""
import ctypes, os, sys

add_key, keyctl = {"x86_64": (248, 250), "aarch64": (217, 219)}[os.uname().machine]
libc = ctypes.CDLL(None, use_errno=True)
join_session, session = 1, -3
libc.syscall(keyctl, join_session, None)
libc.syscall(add_key, b"user", b"smithers-attack", b"secret", 6, session)
os.execvp(sys.argv[1], sys.argv[1:])
