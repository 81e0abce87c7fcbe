"""The peer: a bare ZeroMQ echo, without authentication, headers or anything else. Usage: echo.py ADDRESS"""

import sys

import zmq

socket = zmq.Context().socket(zmq.ROUTER)
socket.sndhwm = socket.rcvhwm = 0
socket.bind(sys.argv[1])
while True:
    socket.send_multipart(socket.recv_multipart())
