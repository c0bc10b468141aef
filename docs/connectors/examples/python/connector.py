"""Hands over a referral and the message that follows it: `python connector.py http` or `python connector.py kafka`."""
import json
import os
import sys
import time
import urllib.error
import urllib.request

account = os.environ["ACCOUNT_ID"]
conversation = f"{account}:{os.environ['CONVERSATION']}"
now = int(time.time() * 1000)


def event(**fields):
    return {
        "source": "whatsapp",
        "accountId": account,
        "channel": "whatsapp",
        "conversationId": conversation,
        "direction": "inbound",
        "sender": "user",
        "timeSource": "event",
        **fields,
    }


events = [
    event(
        messageId=f"{conversation}:referral",
        kind="referral",
        occurredAt=now - 1000,
        referral={"source": "tiktok_ad", "ref": None, "adId": None, "advertiserId": None, "clickId": "E.C.P.example-1", "url": None},
    ),
    event(messageId=f"{conversation}:1", kind="message", occurredAt=now, text="ya hice el pago", textOrigin="typed"),
]


def by_http():
    request = urllib.request.Request(
        os.environ["GATEWAY"] + "/v1/message-events",
        data=json.dumps(events).encode(),
        headers={"authorization": f"Bearer {os.environ['INGEST_TOKEN']}", "content-type": "application/json"},
    )
    # 503 and a lost answer are tried again in a real connector: an event counts once.
    try:
        with urllib.request.urlopen(request) as answer:
            print(answer.read().decode())
    except urllib.error.HTTPError as refusal:
        # The answer names the field and the problem.
        sys.exit(f"{refusal.code}: {refusal.read().decode()}")


def by_kafka():
    from confluent_kafka import Producer
    from confluent_kafka.schema_registry import SchemaRegistryClient
    from confluent_kafka.schema_registry.avro import AvroSerializer
    from confluent_kafka.serialization import MessageField, SerializationContext

    topic = "channel-events.v1"
    registry = SchemaRegistryClient({"url": os.environ["SCHEMA_REGISTRY_URL"]})
    serialise = AvroSerializer(registry, conf={"auto.register.schemas": False, "use.latest.version": True})
    producer = Producer(
        {
            "bootstrap.servers": os.environ["KAFKA_BROKERS"],
            "enable.idempotence": True,
            # librdkafka's own default puts a key elsewhere than other clients do.
            "partitioner": "murmur2_random",
        }
    )
    # The Avro serialiser fills no defaults of the contract, only those of the schema.
    failed = []

    def on_delivery(error, _message):
        if error is not None:
            failed.append(error)

    for one in events:
        value = serialise(one, SerializationContext(topic, MessageField.VALUE))
        producer.produce(topic, key=account, value=value, on_delivery=on_delivery)
    producer.flush(30)
    if failed:
        sys.exit(f"not stored: {failed[0]}")
    print(f"stored {len(events)} events")


{"http": by_http, "kafka": by_kafka}[sys.argv[1]]()
