package functions

import (
	"bytes"
	"errors"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azeventhubs/v2"
	"github.com/google/go-cmp/cmp"
)

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(b))
}

// at is a time of a recording.
func at(t *testing.T, s string) time.Time {
	t.Helper()
	v, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

var guid = regexp.MustCompile(`"RandGuid":"[^"]*"`)

// anonymous replaces the random part of a body.
func anonymous(body string) string { return guid.ReplaceAllString(body, `"RandGuid":"…"`) }

func retries(n int) *retryPolicy {
	return &retryPolicy{Strategy: "fixedDelay", MaxRetryCount: &n, DelayInterval: span(time.Second)}
}

func TestATimersBodyIsTheRecordedOneByteForByte(t *testing.T) {
	s, err := parseSchedule("0 * * * * *")
	if err != nil {
		t.Fatal(err)
	}
	f := &function{name: "tick", trigger: binding{Name: "myTimer"}, retry: retries(2)}
	payload := (&timer{function: f, schedule: s}).payload(timerStatus{
		next: at(t, "2026-11-22T22:47:00Z"), updated: at(t, "2026-11-22T22:46:22.5941354Z"),
	})
	got := string(body(f, delivery{payload: payload}, 0, nil, at(t, "2026-11-22T22:47:00.0054084Z")))
	if diff := cmp.Diff(anonymous(read(t, "timer-attempt0.json")), anonymous(got)); diff != "" {
		t.Error(diff)
	}
}

func TestARetryTellsItsNumberAndWhatFailedAsRecorded(t *testing.T) {
	s, _ := parseSchedule("0 * * * * *")
	f := &function{name: "tick", trigger: binding{Name: "myTimer"}, retry: retries(2)}
	payload := (&timer{function: f, schedule: s}).payload(timerStatus{
		next: at(t, "2026-11-22T22:47:00Z"), updated: at(t, "2026-11-22T22:46:22.5941354Z"),
	})
	got := string(body(f, delivery{payload: payload}, 1, errors.New("status 500"), at(t, "2026-11-22T22:47:01.0277944Z")))
	exception := func(text string) map[string]any {
		m := parsed(t, anonymous(text)).(map[string]any)
		retry := m["Metadata"].(map[string]any)["RetryContext"].(map[string]any)
		e := retry["Exception"].(map[string]any)
		retry["Exception"] = map[string]any{"MethodName": e["MethodName"], "ClassName": e["ClassName"], "Message": e["Message"]}
		return m
	}
	if diff := cmp.Diff(exception(read(t, "timer-attempt1.json")), exception(got)); diff != "" {
		t.Error(diff)
	}
}

// A manual trigger shares the queue trigger's path, but names the payload in the metadata.
func manual(t *testing.T, payload, now string) string {
	t.Helper()
	f := &function{name: "man", trigger: binding{Name: "msg"}}
	meta := append(leak(nil, payload), member{"msg", payload})
	return anonymous(string(body(f, delivery{value(payload), meta}, 0, nil, at(t, now))))
}

func TestStringsAreEncodedAndLeakAsRecorded(t *testing.T) {
	for name, got := range map[string]string{
		"manual-plain-string.json": manual(t, "hello world", "2026-11-22T22:46:25.1743435Z"),
		"manual-json-string.json": manual(t, `{"records":[{"a":1}],"Id":"abc","n":5,"b":true,"o":{"x":"y"},"sys":"evil"}`,
			"2026-11-22T22:46:25.6865943Z"),
	} {
		if diff := cmp.Diff(anonymous(read(t, name)), got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func queueExample(t *testing.T) *message {
	t.Helper()
	return &message{
		id: "9e22a625-…", receipt: "AgAAAAMA…", dequeues: 1, inserted: at(t, "2026-06-01T12:00:00.7Z"),
		expires: at(t, "2026-06-08T12:00:00Z"), visible: at(t, "2026-06-01T12:10:00Z"),
	}
}

func TestAQueueMessagesBodyIsTheDocumentedOne(t *testing.T) {
	f := &function{name: "OnRemediate", trigger: binding{Name: "msg"}}
	d := messageDelivery(f, queueExample(t), []byte(`{"userId":"u1","score":0.9}`))
	got := strings.Replace(anonymous(string(body(f, d, 0, nil, at(t, "2026-06-01T12:00:01Z")))), "2026-06-01T12:00:01Z", "…", 1)
	want := anonymous(strings.ReplaceAll(read(t, "queue-string.json"), "\n  ", ""))
	want = strings.Replace(want, `"Metadata"`, `"Metadata"`, 1)
	if diff := cmp.Diff(strings.ReplaceAll(want, "\n ", ""), got); diff != "" {
		t.Error(diff)
	}
}

func TestAPayloadCanReplaceTheTriggersMetadataButNotWhatEndsInTrigger(t *testing.T) {
	f := &function{name: "f", trigger: binding{Name: "m"}}
	d := messageDelivery(f, queueExample(t), []byte(`{"id":"mine","myTrigger":1,"when":"2026-06-01T14:00:00+02:00","list":[1],"none":null}`))
	got := string(body(f, d, 0, nil, time.Now()))
	for _, want := range []string{`"Id":"\"mine\""`, `"when":"\"06/01/2026 12:00:00\""`, `"none":"\"\""`} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is missing in %s", want, got)
		}
	}
	for _, no := range []string{"9e22a625", "rigger\":", `"list"`} {
		if strings.Contains(strings.SplitN(got, `"Metadata"`, 2)[1], no) {
			t.Errorf("%s is in the metadata: %s", no, got)
		}
	}
}

func TestABinaryMessageIsBase64AndLeaksNothing(t *testing.T) {
	f := &function{name: "f", trigger: binding{Name: "m", DataType: "binary"}}
	got := string(body(f, messageDelivery(f, queueExample(t), []byte(`{"id":"mine"}`)), 0, nil, time.Now()))
	if !strings.HasPrefix(got, `{"Data":{"m":"eyJpZCI6Im1pbmUifQ=="}`) || strings.Contains(got, "mine\\") {
		t.Error(got)
	}
}

func event(t *testing.T, n int64, offset, when, text string) *azeventhubs.ReceivedEventData {
	t.Helper()
	enqueued := at(t, when)
	return &azeventhubs.ReceivedEventData{
		EventData: azeventhubs.EventData{Body: []byte(text)}, SequenceNumber: n, Offset: offset, EnqueuedTime: &enqueued,
	}
}

var exampleHub = hubLocation{namespace: "ns.servicebus.windows.net", name: "insights-logs-signinlogs", group: "$Default"}

func TestABatchOfStringsIsTheDocumentedOne(t *testing.T) {
	f := &function{name: "OnSignIn", retry: retries(5), trigger: binding{Name: "events", Cardinality: "many", DataType: "string"}}
	d, err := eventDelivery(f, exampleHub, "0", []*azeventhubs.ReceivedEventData{
		event(t, 101, "4294967296", "2026-06-01T12:00:01.234Z", `{"records":[{"time":"2026-06-01T12:00:00.1234567Z","category":"SignInLogs"}]}`),
		event(t, 102, "4294967800", "2026-06-01T12:00:01.301Z", `{"records":[]}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Replace(anonymous(string(body(f, d, 0, nil, at(t, "2026-06-01T12:00:02Z")))), "2026-06-01T12:00:02Z", "…", 1)
	// The example shortens the second event's system properties, and is set over several lines.
	got = regexp.MustCompile(`,\{\\"SequenceNumber\\":102[^}]*\}`).ReplaceAllString(got, ",{…}")
	want := strings.NewReplacer("\n  ", "", "\n ", "").Replace(anonymous(read(t, "eventhub-many-string.json")))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestDataTypeAndCardinalityDecideHowEventsAreWritten(t *testing.T) {
	tests := map[string]struct{ cardinality, dataType, body, want string }{
		"one":           {"one", "", `{"a":1}`, `"\"{\\\"a\\\":1}\""`},
		"one, string":   {"", "string", `{"a":1}`, `"\"{\\\"a\\\":1}\""`},
		"one, binary":   {"one", "binary", `{"a":1}`, `"eyJhIjoxfQ=="`},
		"many":          {"many", "", `{ "a": 1 }`, `"[{\"a\":1}]"`},
		"many, string":  {"many", "string", `{ "a": "<é>" }`, `"[\"{ \\\"a\\\": \\\"<é>\\\" }\"]"`},
		"many, binary":  {"many", "binary", "\xff", `"[\"/w==\"]"`},
		"invalid UTF-8": {"many", "string", "a\xff", `"[\"a\\ufffd\"]"`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f := &function{name: "f", trigger: binding{Name: "e", Cardinality: tt.cardinality, DataType: tt.dataType}}
			d, err := eventDelivery(f, exampleHub, "0", []*azeventhubs.ReceivedEventData{event(t, 1, "2", "2026-06-01T12:00:01.9Z", tt.body)})
			if err != nil {
				t.Fatal(err)
			}
			if got := text(d.payload); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestAnEventThatIsNotJSONFailsTheWholeUntypedBatch(t *testing.T) {
	f := &function{name: "f", trigger: binding{Name: "e", Cardinality: "many"}}
	_, err := eventDelivery(f, exampleHub, "0", []*azeventhubs.ReceivedEventData{
		event(t, 1, "2", "2026-06-01T12:00:01Z", `{}`), event(t, 7, "3", "2026-06-01T12:00:01Z", "secret"),
	})
	if err == nil || !strings.Contains(err.Error(), "event 7") || strings.Contains(err.Error(), "secret") {
		t.Error(err)
	}
}

func TestASingleEventsMetadata(t *testing.T) {
	f := &function{name: "f", trigger: binding{Name: "e"}}
	e := event(t, 101, "x7", "2026-06-01T12:00:01.9Z", `{"own":1}`)
	key := "k"
	e.PartitionKey, e.Properties = &key, map[string]any{"b": "2", "a": int64(1)}
	e.SystemProperties = map[string]any{"x-opt-partition-id": "0"}
	d, err := eventDelivery(f, exampleHub, "3", []*azeventhubs.ReceivedEventData{e})
	if err != nil {
		t.Fatal(err)
	}
	got := text(values(d.metadata[2:]))
	want := `{"PartitionKey":"\"k\"","Offset":"\"x7\"","OffsetString":"\"x7\"","SequenceNumber":"101","EnqueuedTimeUtc":"2026-06-01T12:00:01",` +
		`"Properties":{"a":1,"b":"2"},"SystemProperties":{"SequenceNumber":101,"Offset":-1,"OffsetString":"x7","PartitionKey":"k",` +
		`"EnqueuedTimeUtc":"2026-06-01T12:00:01.9","x-opt-partition-id":"0"},"own":"\"1\""}`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestQuotingIsThatOfEncodingJSON(t *testing.T) {
	for _, s := range []string{"", "plain", `"`, `\`, `a"b\c""`, "tab\t", "\x00\x7f", "é<&>", "\xff\xfe", "\u2028", `\"`} {
		var fast, slow bytes.Buffer
		quote(&fast, s)
		plain(&slow, s)
		if fast.String() != slow.String() {
			t.Errorf("%q: %s, want %s", s, fast.String(), slow.String())
		}
	}
}
