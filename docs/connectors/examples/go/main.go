// Hands over a referral and the message that follows it: `go run . http` or `go run . kafka`.
package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/hamba/avro/v2"
	"github.com/twmb/franz-go/pkg/kgo"
)

func setting(name string) string {
	value := os.Getenv(name)
	if value == "" {
		log.Fatalf("set %s", name)
	}
	return value
}

var account = setting("ACCOUNT_ID")

// In Go every field is written out: the Avro writer fills no defaults.
func event(fields map[string]any) map[string]any {
	conversation := account + ":" + setting("CONVERSATION")
	all := map[string]any{
		"source": "whatsapp", "accountId": account, "channel": "whatsapp", "conversationId": conversation,
		"messageId": conversation + ":" + fields["id"].(string),
		"direction": "inbound", "sender": "user", "timeSource": "event",
		"text": nil, "textOrigin": nil, "links": []string{}, "attachments": []string{}, "referral": nil,
		"channelMessageId": nil, "revision": nil, "aliases": []string{}, "backfill": false,
	}
	for name, value := range fields {
		if name != "id" {
			all[name] = value
		}
	}
	return all
}

func events() []map[string]any {
	now := time.Now().UnixMilli()
	referral := map[string]any{
		"source": "tiktok_ad", "ref": nil, "adId": nil, "advertiserId": nil, "clickId": "E.C.P.example-1", "url": nil,
	}
	return []map[string]any{
		event(map[string]any{"id": "referral", "kind": "referral", "occurredAt": now - 1000, "referral": referral}),
		event(map[string]any{"id": "1", "kind": "message", "occurredAt": now, "text": "ya hice el pago", "textOrigin": "typed"}),
	}
}

func byHTTP() {
	body, err := json.Marshal(events())
	if err != nil {
		log.Fatal(err)
	}
	request, err := http.NewRequest("POST", setting("GATEWAY")+"/v1/message-events", bytes.NewReader(body))
	if err != nil {
		log.Fatal(err)
	}
	request.Header.Set("authorization", "Bearer "+setting("INGEST_TOKEN"))
	request.Header.Set("content-type", "application/json")
	// 503 and a lost answer are tried again in a real connector: an event counts once.
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		log.Fatal(err)
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	fmt.Println(string(text))
	if answer.StatusCode != 200 {
		os.Exit(1)
	}
}

func byKafka() {
	const topic = "channel-events.v1"
	answer, err := http.Get(setting("SCHEMA_REGISTRY_URL") + "/subjects/" + topic + "-value/versions/latest")
	if err != nil || answer.StatusCode != 200 {
		log.Fatalf("the registry does not answer with the schema: %v", err)
	}
	defer answer.Body.Close()
	var latest struct {
		ID     uint32 `json:"id"`
		Schema string `json:"schema"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&latest); err != nil {
		log.Fatal(err)
	}
	schema := avro.MustParse(latest.Schema)
	// franz-go is idempotent, waits for all replicas and partitions keys by murmur2 unless it is set otherwise.
	client, err := kgo.NewClient(kgo.SeedBrokers(strings.Split(setting("KAFKA_BROKERS"), ",")...))
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	for _, one := range events() {
		value, err := avro.Marshal(schema, generic(schema, one))
		if err != nil {
			log.Fatal(err)
		}
		header := make([]byte, 5)
		binary.BigEndian.PutUint32(header[1:], latest.ID)
		record := &kgo.Record{Topic: topic, Key: []byte(account), Value: append(header, value...)}
		if err := client.ProduceSync(context.Background(), record).FirstErr(); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Println("stored 2 events")
}

// A union in hamba/avro is a map from the name of its type to the value.
func generic(schema avro.Schema, event map[string]any) map[string]any {
	typed := map[string]any{}
	for _, field := range schema.(*avro.RecordSchema).Fields() {
		value := event[field.Name()]
		if union, ok := field.Type().(*avro.UnionSchema); ok && value != nil {
			for _, branch := range union.Types() {
				if branch.Type() == avro.Null {
					continue
				}
				if record, ok := branch.(*avro.RecordSchema); ok {
					value = generic(record, value.(map[string]any))
				}
				if named, ok := branch.(avro.NamedSchema); ok {
					value = map[string]any{named.FullName(): value}
				} else {
					value = map[string]any{string(branch.Type()): value}
				}
				break
			}
		}
		typed[field.Name()] = value
	}
	return typed
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "kafka" {
		byKafka()
	} else {
		byHTTP()
	}
}
