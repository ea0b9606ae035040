"""Whoever keeps files over HTTP, as the load sees them: how each is sent a file, and asked for it."""

import itertools
import json
from functools import partial
from typing import Protocol

import psutil

from benchmarks import contenders
from benchmarks.bodies import Body
from benchmarks.contenders import expect
from benchmarks.load import spread_connections
from benchmarks.nginx import NginxServer
from benchmarks.servers import PROCESSES, PlainHub
from benchmarks.transfers import Line
from tests.hub import Hub, wait_for

OURS, PLAIN, NGINX = "Holdfast", "plain hub", "nginx"


class Keeper(Protocol):
    """A server that keeps files."""

    name: str
    port: int
    authorization: str

    def processes(self) -> list[psutil.Process]:
        """Its first one."""

    def send(self, line: Line, body: Body) -> str:
        """The address of the bytes."""


class Holdfast:
    name = OURS

    def __init__(self, hub: Hub, user: str = "saver") -> None:
        self._hub = hub
        self.port: int = hub.port
        self.authorization = f"Bearer {hub.manage('create_token', user).strip()}"

    def processes(self) -> list[psutil.Process]:
        return self._hub.processes()[:1]

    def send(self, line: Line, body: Body) -> str:
        answer = expect(line.send("POST", "/api/v2/upload-asset", *body.form()), 201)
        return "/" + str(json.loads(answer.body)["url"]).split("/", 3)[3]


class Plain:
    name = PLAIN

    def __init__(self, hub: PlainHub) -> None:
        self._hub = contenders.Plain(hub)
        self.port: int = hub.port
        self.authorization = f"Token {hub.manage('drf_create_token', 'saver').split()[2]}"

    def processes(self) -> list[psutil.Process]:
        return self._hub.processes()

    def send(self, line: Line, body: Body) -> str:
        answer = expect(line.send("POST", "/files/", *body.form()), 201)
        return f"/files/{json.loads(answer.body)['id']}/"


class Nginx:
    name, authorization = NGINX, ""

    def __init__(self, server: NginxServer) -> None:
        self._server = server
        self.port: int = server.port
        self._numbers = itertools.count()

    def processes(self) -> list[psutil.Process]:
        return [psutil.Process(self._server.process.pid)]

    def send(self, line: Line, body: Body) -> str:
        path = f"/{next(self._numbers)}-{body.name}"
        expect(line.send("PUT", path, body.content_type, body.parts()), 201)
        return path


def connect(keeper: Keeper) -> Line:
    return Line(keeper.port, keeper.authorization)


def connect_all(keeper: Keeper, count: int) -> list[Line]:
    """Evenly over its processes."""
    return spread_connections(partial(connect, keeper), count, PROCESSES, keeper.processes()[0])


def wait_for_facts(line: Line, path: str) -> None:
    """Until the background worker of Holdfast is done with a video: it would take time from what is measured next."""
    about = path.removesuffix("/data")
    wait_for("a picture of the video", lambda: json.loads(line.ask("GET", about).body)["thumbnailUrl"], seconds=60)
