"""A client of the channel dialect: prints each frame that it gets, sends each line that it is given."""

import asyncio
import sys

import websockets


async def hear(socket):
    async for frame in socket:
        print(frame, flush=True)


async def main(url):
    async with websockets.connect(url) as socket:
        hearing = asyncio.create_task(hear(socket))
        while line := await asyncio.to_thread(sys.stdin.readline):
            await socket.send(line.strip())
        hearing.cancel()


asyncio.run(main(sys.argv[1]))
