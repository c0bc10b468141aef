import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.generic.GenericRecordBuilder;
import org.apache.avro.io.EncoderFactory;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** Hands over a referral and the message that follows it: the first argument is {@code http} or {@code kafka}. */
public final class Connector {
    private static final ObjectMapper json = new ObjectMapper();
    private static final HttpClient http = HttpClient.newHttpClient();
    private static final String account = setting("ACCOUNT_ID");
    private static final String conversation = account + ":" + setting("CONVERSATION");

    private static String setting(String name) {
        String value = System.getenv(name);
        if (value == null || value.isEmpty()) throw new IllegalArgumentException("set " + name);
        return value;
    }

    private static Map<String, Object> event(String id, String kind, long occurredAt, Map<String, Object> more) {
        Map<String, Object> event = new LinkedHashMap<>(Map.of(
            "source", "whatsapp", "accountId", account, "channel", "whatsapp", "conversationId", conversation,
            "messageId", conversation + ":" + id, "kind", kind, "direction", "inbound", "sender", "user",
            "occurredAt", occurredAt, "timeSource", "event"));
        event.putAll(more);
        return event;
    }

    private static List<Map<String, Object>> events() {
        long now = System.currentTimeMillis();
        Map<String, Object> referral = Map.of("source", "tiktok_ad", "clickId", "E.C.P.example-1");
        return List.of(
            event("referral", "referral", now - 1000, Map.of("referral", referral)),
            event("1", "message", now, Map.of("text", "ya hice el pago", "textOrigin", "typed")));
    }

    private static void byHttp() throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create(setting("GATEWAY") + "/v1/message-events"))
            .header("authorization", "Bearer " + setting("INGEST_TOKEN"))
            .header("content-type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(json.writeValueAsString(events())))
            .build();
        // 503 and a lost answer are tried again in a real connector: an event counts once.
        var answer = http.send(request, BodyHandlers.ofString());
        System.out.println(answer.body());
        if (answer.statusCode() != 200) System.exit(1);
    }

    /** Fields that the event lacks take the defaults of the schema. */
    private static GenericRecord record(Schema schema, Map<?, ?> fields) {
        GenericRecordBuilder builder = new GenericRecordBuilder(schema);
        for (Schema.Field field : schema.getFields())
            if (fields.containsKey(field.name())) builder.set(field, typed(field.schema(), fields.get(field.name())));
        return builder.build();
    }

    private static Object typed(Schema schema, Object value) {
        return switch (schema.getType()) {
            case UNION -> typed(schema.getTypes().stream()
                .filter(one -> one.getType() != Schema.Type.NULL).findFirst().orElseThrow(), value);
            case RECORD -> record(schema, (Map<?, ?>) value);
            case ENUM -> new org.apache.avro.generic.GenericData.EnumSymbol(schema, value);
            default -> value;
        };
    }

    private static void byKafka() throws Exception {
        String topic = "channel-events.v1";
        var latest = json.readTree(http.send(
            HttpRequest.newBuilder(URI.create(
                setting("SCHEMA_REGISTRY_URL") + "/subjects/" + topic + "-value/versions/latest")).build(),
            BodyHandlers.ofString()).body());
        int id = latest.get("id").asInt();
        Schema schema = new Schema.Parser().parse(latest.get("schema").asText());
        Properties properties = new Properties();
        properties.put("bootstrap.servers", setting("KAFKA_BROKERS"));
        properties.put("enable.idempotence", "true");
        try (var producer = new KafkaProducer<>(properties, new StringSerializer(), new ByteArraySerializer())) {
            for (Map<String, Object> event : events()) {
                var bytes = new ByteArrayOutputStream();
                // The registry's wire format: a zero byte, the schema's id, the Avro bytes.
                bytes.write(0);
                bytes.write(ByteBuffer.allocate(4).putInt(id).array());
                var encoder = EncoderFactory.get().binaryEncoder(bytes, null);
                new GenericDatumWriter<GenericRecord>(schema).write(record(schema, event), encoder);
                encoder.flush();
                producer.send(new ProducerRecord<>(topic, account, bytes.toByteArray())).get();
            }
        }
        System.out.println("stored 2 events");
    }

    public static void main(String[] arguments) throws Exception {
        if (arguments.length > 0 && arguments[0].equals("kafka")) byKafka();
        else byHttp();
    }
}
