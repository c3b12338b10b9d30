"""What the tests of v3 share: an owner who granted all signals, and how signals and records are asked for."""

EMAIL = "20-vehicles@smartcar.com"
RECORDS = "charge-chargerecords"
ALL_SCOPES = "read_vehicle_info read_vin read_charge_records read_battery read_odometer read_charge"


async def connected(start):
    """A client of an emulator with that owner connected through v3."""
    client = await start()
    await client.connect_v3(EMAIL, scope=ALL_SCOPES)
    return client


async def signal(client, vehicle, code=RECORDS):
    answer = await client.v3(f"/vehicles/{vehicle}/signals/{code}")
    assert answer.status == 200, answer.body
    return answer.json["data"]


async def records(client, vehicle):
    return (await signal(client, vehicle))["attributes"]["body"]["values"]


def a_session(client, vehicle, start, **options):
    """Turn on one more session of a vehicle, from `start` on."""
    client.emulator.faults.add("session_at", vehicle=vehicle, start=start, **options)
