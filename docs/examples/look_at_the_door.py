"""Turn Heliotrope to a bearing over MQTT, and wait for its answer.

usage: look_at_the_door.py BROKER PORT DEVICE_ID HEADING [USER PASSWORD]

Needs aiomqtt. Prints what the device answered; exit 1 where it refused, or is not there.
"""

import asyncio
import json
import sys
import uuid

import aiomqtt


async def turn(host, port, device, heading, user=None, password=None):
    root = f"heliotrope/{device}"
    request = {
        "id": uuid.uuid4().hex,
        "name": "turn",
        "arguments": {"heading": heading, "pace": "gentle"},
    }
    async with aiomqtt.Client(host, port, username=user, password=password) as client:
        # Listen first: the answer may come within a millisecond.
        for topic in ("reply", "error", "availability"):
            await client.subscribe(f"{root}/{topic}")
        async for message in client.messages:
            if str(message.topic) == f"{root}/availability":
                # It hears commands from here on; one that came before would be lost.
                if message.payload == b"online":
                    await client.unsubscribe(f"{root}/availability")
                    await client.publish(f"{root}/command", json.dumps(request))
            else:
                answer = json.loads(message.payload)
                if answer["id"] == request["id"]:
                    return answer
    raise ConnectionError("the broker has gone")


async def within(seconds, answer):
    try:
        async with asyncio.timeout(seconds):
            return await answer
    except TimeoutError:
        return {"ok": False, "message": "the device is not there"}


if __name__ == "__main__":
    host, port, device, heading, *login = sys.argv[1:]
    answer = asyncio.run(within(10, turn(host, int(port), device, float(heading), *login)))
    print(answer["message"])
    sys.exit(0 if answer["ok"] else 1)
