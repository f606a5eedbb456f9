"""Reads an event stream with a library, as its own documentation does, and comes back where it was.

Usage: stream-reader.py LIBRARY URL. Prints a JSON line for each event, at once.
"""

import asyncio
import json
import sys
import time

last_event_id = ""


def headers():
    return {"Last-Event-ID": last_event_id} if last_event_id else {}


def show(event, data):
    print(json.dumps({"event": event, "data": json.loads(data)}), flush=True)


class Lines:
    """What is left to do with a library that gives lines."""

    def __init__(self):
        self.event = "message"

    def take(self, line):
        global last_event_id
        if line.startswith("event: "):
            self.event = line[7:]
        elif line.startswith("data: "):
            show(self.event, line[6:])
            self.event = "message"
        elif line.startswith("id: "):
            last_event_id = line[4:]


def read_requests(url):
    import requests

    with requests.get(url, headers=headers(), stream=True, timeout=60) as response:
        response.encoding = "utf-8"
        lines = Lines()
        for line in response.iter_lines(decode_unicode=True):
            lines.take(line)


def read_httpx_sse(url):
    global last_event_id
    import httpx
    from httpx_sse import connect_sse

    with httpx.Client(timeout=60) as client:
        with connect_sse(client, "GET", url, headers=headers()) as source:
            for event in source.iter_sse():
                last_event_id = event.id
                if event.data:
                    show(event.event, event.data)


def read_sseclient(url):
    global last_event_id
    import requests
    import sseclient

    response = requests.get(url, headers={**headers(), "Accept": "text/event-stream"}, stream=True, timeout=60)
    for event in sseclient.SSEClient(response).events():
        if event.id:
            last_event_id = event.id
        show(event.event, event.data)


def read_aiohttp(url):
    import aiohttp

    async def read():
        async with aiohttp.ClientSession() as session:
            async with session.get(url, headers=headers()) as response:
                lines = Lines()
                async for line in response.content:
                    lines.take(line.decode().rstrip("\n"))

    asyncio.run(read())


readers = {"requests": read_requests, "httpx-sse": read_httpx_sse, "sseclient-py": read_sseclient, "aiohttp": read_aiohttp}

while True:
    try:
        readers[sys.argv[1]](sys.argv[2])
    except ImportError:
        raise
    except Exception:
        pass  # It was cut, or the server is away.
    time.sleep(0.05)
