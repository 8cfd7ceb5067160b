package funchost_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rekey/shared/fault"
	"rekey/shared/host/funchost"
)

func serve(t testing.TB, c funchost.Config) *httptest.Server {
	t.Helper()
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	s, err := funchost.New(c)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return server
}

func post(t testing.TB, url string, body io.Reader) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Azure-Functions-InvocationId", "inv-1")
	r, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Body.Close() })
	return r
}

// wrap encodes a value as a JSON string n times.
func wrap(t testing.TB, v any, n int) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	for range n {
		b, _ = json.Marshal(string(b))
	}
	return string(b)
}

func quote(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

func received(t testing.TB, body string) funchost.Batch {
	t.Helper()
	var got funchost.Batch
	s := serve(t, funchost.Config{Routes: map[string]funchost.Handler{
		"signins": funchost.Events(func(_ context.Context, b funchost.Batch) error { got = b; return nil }),
	}})
	if r := post(t, s.URL+"/signins", strings.NewReader(body)); r.StatusCode != http.StatusOK {
		t.Fatalf("status %d for %.200s", r.StatusCode, body)
	}
	return got
}

func TestEveryEncodingOfABatchGivesTheSendersBytes(t *testing.T) {
	one, two := []byte(`{"records":[{"a":"é\n"}]}`), []byte("not json \xff\xfe at all")
	object := json.RawMessage(one)
	tests := map[string]struct {
		data string
		want [][]byte
	}{
		"many binary, as the host writes it":    {wrap(t, []string{quote(one), quote(two)}, 1), [][]byte{one, two}},
		"many binary, not wrapped":              {wrap(t, []string{quote(one), quote(two)}, 0), [][]byte{one, two}},
		"many binary, wrapped twice":            {wrap(t, []string{quote(one), quote(two)}, 2), [][]byte{one, two}},
		"many binary, wrapped three times":      {wrap(t, []string{quote(one), quote(two)}, 3), [][]byte{one, two}},
		"many string":                           {wrap(t, []string{string(one), string(one)}, 1), [][]byte{one, one}},
		"many without a data type":              {wrap(t, []any{object}, 1), [][]byte{mustCompact(one)}},
		"one string":                            {wrap(t, string(one), 1), [][]byte{one}},
		"one binary":                            {wrap(t, quote(one), 0), [][]byte{one}},
		"one object":                            {string(one), [][]byte{one}},
		"an empty batch":                        {wrap(t, []string{}, 1), nil},
		"an empty message":                      {wrap(t, []string{""}, 1), [][]byte{{}}},
		"text that only looks a little encoded": {wrap(t, []string{"not base64!"}, 1), [][]byte{[]byte("not base64!")}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := received(t, `{"Data":{"events":`+tt.data+`},"Metadata":{}}`)
			var got [][]byte
			for _, e := range b.Events {
				got = append(got, e.Body)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func mustCompact(b []byte) []byte {
	var out bytes.Buffer
	if err := json.Compact(&out, b); err != nil {
		panic(err)
	}
	return out.Bytes()
}

const metadata = `{
  "TriggerPartitionContext":{"IsCheckpointingAfterInvocation":true,"FullyQualifiedNamespace":"ns.servicebus.windows.net","EventHubName":"signins","ConsumerGroup":"$Default","PartitionId":"7"},
  "PartitionContext":{"IsCheckpointingAfterInvocation":true,"FullyQualifiedNamespace":"ns.servicebus.windows.net","EventHubName":"signins","ConsumerGroup":"$Default","PartitionId":"7"},
  "PartitionKeyArray":"[null,null]",
  "OffsetArray":"[\"4294967296\",\"4294967800\"]","OffsetStringArray":"[\"4294967296\",\"4294967800\"]",
  "SequenceNumberArray":"[101,102]",
  "EnqueuedTimeUtcArray":"[\"2026-06-01T12:00:01.234\",\"2026-06-01T12:00:01.301\"]",
  "PropertiesArray":"[{},{}]","sys":{"MethodName":"signins"},
  "RetryContext":{"RetryCount":2,"MaxRetryCount":5,"Exception":{"StackTrace":"at \"x\" {[ \\ "},"Instance":null,"State":{}}}`

func TestABatchKnowsWhereItsEventsCameFrom(t *testing.T) {
	for name, body := range map[string]string{
		"metadata after data":  `{"Data":{"events":"[\"e30=\",\"e30=\"]"},"Metadata":` + metadata + `}`,
		"metadata before data": `{"Metadata":` + metadata + `,"Data":{"events":"[\"e30=\",\"e30=\"]"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			b := received(t, body)
			want := funchost.Batch{
				InvocationID: "inv-1", Namespace: "ns.servicebus.windows.net", Hub: "signins", ConsumerGroup: "$Default", Partition: "7", Retry: 2,
				Events: []funchost.Event{
					{Body: []byte("{}"), Sequence: 101, Offset: "4294967296", Enqueued: time.Date(2026, 6, 1, 12, 0, 1, 234e6, time.UTC)},
					{Body: []byte("{}"), Sequence: 102, Offset: "4294967800", Enqueued: time.Date(2026, 6, 1, 12, 0, 1, 301e6, time.UTC)},
				},
			}
			if diff := cmp.Diff(want, b); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRecordedInvocations(t *testing.T) {
	var text string
	var ticks []funchost.Tick
	s := serve(t, funchost.Config{Routes: map[string]funchost.Handler{
		"queue": funchost.Queue(func(_ context.Context, m funchost.Message) error { text = m.Text; return nil }),
		"timer": funchost.Timer(func(_ context.Context, t funchost.Tick) error { ticks = append(ticks, t); return nil }),
	}})
	record := func(name string) io.Reader {
		b, err := os.ReadFile("testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return bytes.NewReader(b)
	}
	post(t, s.URL+"/queue", record("manual-plain-string.json"))
	if text != "hello world" {
		t.Errorf("plain string: %q", text)
	}
	post(t, s.URL+"/queue", record("manual-json-string.json"))
	if !strings.HasPrefix(text, `{"records":[{"a":1}],"Id":"abc"`) {
		t.Errorf("JSON string: %q", text)
	}
	for _, name := range []string{"timer-attempt0.json", "timer-attempt1.json", "timer-attempt2.json"} {
		post(t, s.URL+"/timer", record(name))
	}
	next := time.Date(2026, 11, 22, 22, 47, 0, 0, time.UTC)
	want := []funchost.Tick{{InvocationID: "inv-1", Next: next}, {InvocationID: "inv-1", Next: next, Retry: 1}, {InvocationID: "inv-1", Next: next, Retry: 2}}
	if diff := cmp.Diff(want, ticks); diff != "" {
		t.Error(diff)
	}
}

func TestWhatTheHostIsTold(t *testing.T) {
	tests := map[string]struct {
		err  error
		want int
	}{
		"success":                           {nil, 200},
		"poison was dealt with":             {fault.Errorf(fault.Poison, "x"), 200},
		"a permission is missing":           {fault.Errorf(fault.Denied, "x"), 200},
		"a brake was reached":               {fault.Errorf(fault.Limit, "x"), 200},
		"a dependency is down":              {fault.Errorf(fault.Transient, "x"), 500},
		"a race was lost":                   {fault.Errorf(fault.Conflict, "x"), 500},
		"an error nobody knows":             {errors.New("x"), 500},
		"one of two dependencies is down":   {errors.Join(fault.Errorf(fault.Denied, "x"), fault.Errorf(fault.Transient, "y")), 500},
		"the deadline passed within Denied": {fault.As(fault.Denied, context.DeadlineExceeded), 500},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := serve(t, funchost.Config{Routes: map[string]funchost.Handler{
				"f": funchost.Queue(func(context.Context, funchost.Message) error { return tt.err }),
			}})
			r := post(t, s.URL+"/f", strings.NewReader(`{"Data":{"m":"\"x\""},"Metadata":{}}`))
			body, _ := io.ReadAll(r.Body)
			if r.StatusCode != tt.want || !json.Valid(body) || r.Header.Get("Content-Type") != "application/json" {
				t.Errorf("status %d, %s %q, want %d and an object", r.StatusCode, r.Header.Get("Content-Type"), body, tt.want)
			}
		})
	}
}

func TestABatchOfAHubIsNeverAcknowledgedUnhandled(t *testing.T) {
	for kind, want := range map[error]int{fault.Denied: 500, fault.Limit: 500, fault.Transient: 500, fault.Poison: 200} {
		s := serve(t, funchost.Config{Routes: map[string]funchost.Handler{
			"f": funchost.Events(func(context.Context, funchost.Batch) error { return fault.Errorf(kind, "x") }),
		}})
		if r := post(t, s.URL+"/f", strings.NewReader(`{"Data":{"events":"[]"}}`)); r.StatusCode != want {
			t.Errorf("%v: status %d, want %d", kind, r.StatusCode, want)
		}
	}
}

func TestAPanicFailsItsInvocationOnlyAndIsLoggedWithoutThePayload(t *testing.T) {
	var log bytes.Buffer
	s := serve(t, funchost.Config{Logger: slog.New(slog.NewJSONHandler(&log, nil)), Routes: map[string]funchost.Handler{
		"f": funchost.Queue(func(_ context.Context, m funchost.Message) error {
			if m.Text == "s3cret" {
				panic("with " + m.Text)
			}
			return nil
		}),
	}})
	if r := post(t, s.URL+"/f", strings.NewReader(`{"Data":{"m":"\"s3cret\""}}`)); r.StatusCode != 500 {
		t.Errorf("status %d", r.StatusCode)
	}
	if r := post(t, s.URL+"/f", strings.NewReader(`{"Data":{"m":"\"fine\""}}`)); r.StatusCode != 200 {
		t.Errorf("after a panic: status %d", r.StatusCode)
	}
	if got := log.String(); strings.Contains(got, "s3cret") || !strings.Contains(got, "panic") {
		t.Errorf("log: %s", got)
	}
}

func TestARequestThatIsAnsweredWithAServersFaultIsAFailureOfTheFunction(t *testing.T) {
	tests := map[string]struct {
		handler http.HandlerFunc
		outcome string
		err     string
	}{
		"answered": {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") }, "success", ""},
		"refused":  {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(403) }, "success", ""},
		"the state cannot be read, and the handler said why": {func(w http.ResponseWriter, r *http.Request) {
			funchost.Note(r.Context(), "failed", "reading cases: status 503")
			w.WriteHeader(503)
		}, "retry", "answering with status 503: reading cases: status 503"},
		"nobody said why":     {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, "retry", "answering with status 500"},
		"the handler panics":  {func(http.ResponseWriter, *http.Request) { panic("x") }, "retry", "panic"},
		"it panics too late":  {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(200); panic("x") }, "retry", "panic"},
		"it asked to be left": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(429) }, "success", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			s, err := funchost.New(funchost.Config{Logger: slog.New(slog.NewJSONHandler(&log, nil)), Routes: map[string]funchost.Handler{"risk": funchost.HTTP(tt.handler)}})
			if err != nil {
				t.Fatal(err)
			}
			s.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/api/x", nil))
			var line struct{ Function, Outcome, Error string }
			if err := json.Unmarshal(log.Bytes(), &line); err != nil {
				t.Fatal(err, log.String())
			}
			if line.Function != funchost.FunctionHTTP || line.Outcome != tt.outcome || !strings.Contains(line.Error, tt.err) || (tt.err == "") != (line.Error == "") {
				t.Errorf("the log says %+v", line)
			}
		})
	}
}

func TestATruncatedInvocationIsNotTakenForASuccess(t *testing.T) {
	s := serve(t, funchost.Config{Routes: map[string]funchost.Handler{
		"f": funchost.Events(func(context.Context, funchost.Batch) error { return nil }),
	}})
	whole := `{"Data":{"events":"[\"e30=\",\"e30=\"]"},"Metadata":` + metadata + `}`
	for n := range len(whole) {
		if r := post(t, s.URL+"/f", strings.NewReader(whole[:n])); r.StatusCode != 500 {
			t.Fatalf("%q: status %d", whole[:n], r.StatusCode)
		}
	}
}

func TestOnlyTheMessageThatPanicsAloneIsGuilty(t *testing.T) {
	var handled, guilty []string
	batch := funchost.Batch{Events: []funchost.Event{{Body: []byte("a")}, {Body: []byte("bad")}, {Body: []byte("c")}}}
	err := funchost.Isolate(t.Context(), batch, func(_ context.Context, b funchost.Batch) error {
		for _, e := range b.Events {
			if string(e.Body) == "bad" {
				panic(string(e.Body))
			}
		}
		for _, e := range b.Events {
			handled = append(handled, string(e.Body))
		}
		return nil
	}, func(e funchost.Event, reason error) error {
		if !errors.Is(reason, fault.Poison) {
			t.Errorf("reason %v", reason)
		}
		guilty = append(guilty, string(e.Body))
		return nil
	})
	if err != nil || fmt.Sprint(handled, guilty) != "[a c] [bad]" {
		t.Errorf("handled and guilty: %v %v (%v)", handled, guilty, err)
	}
}

func TestAPanicInAGroupIsAnError(t *testing.T) {
	g := funchost.NewGroup(t.Context(), 2)
	g.Go(func(context.Context) error { panic("x") })
	if err := g.Wait(); err == nil {
		t.Error("the panic was lost")
	}
}

func TestReadinessAndUnknownFunctions(t *testing.T) {
	s := serve(t, funchost.Config{Routes: map[string]funchost.Handler{"f": funchost.Timer(func(context.Context, funchost.Tick) error { return nil })}})
	for path, want := range map[string]int{"/": 200, "/g": 404} {
		r, err := http.Get(s.URL + path) //nolint:noctx // a plain probe, like the host's
		if err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
		if r.StatusCode != want {
			t.Errorf("GET %s: %d, want %d", path, r.StatusCode, want)
		}
	}
}

func TestProxiedRequestsReachTheHTTPHandlerAsTheyWereSent(t *testing.T) {
	var got string
	s := serve(t, funchost.Config{Routes: map[string]funchost.Handler{
		"risk": funchost.HTTP(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { got = r.URL.String(); w.WriteHeader(204) })),
	}})
	r, err := http.Get(s.URL + "/api/identityProtection/x?a=1&a=2") //nolint:noctx // see above
	if err != nil {
		t.Fatal(err)
	}
	r.Body.Close()
	if got != "/api/identityProtection/x?a=1&a=2" || r.StatusCode != 204 {
		t.Errorf("%d %s", r.StatusCode, got)
	}
}

func TestConcurrencyIsBoundedAndThreeHundredInvocationsAllAnswer(t *testing.T) {
	var mu sync.Mutex
	now, most := 0, 0
	s := serve(t, funchost.Config{MaxConcurrent: 4, Routes: map[string]funchost.Handler{
		"f": funchost.Queue(func(context.Context, funchost.Message) error {
			mu.Lock()
			now++
			most = max(most, now)
			mu.Unlock()
			mu.Lock()
			now--
			mu.Unlock()
			return nil
		}),
	}})
	var wg sync.WaitGroup
	for range 300 {
		wg.Go(func() {
			if r := post(t, s.URL+"/f", strings.NewReader(`{"Data":{"m":"\"x\""}}`)); r.StatusCode != 200 {
				t.Errorf("status %d", r.StatusCode)
			}
		})
	}
	wg.Wait()
	if most > 4 {
		t.Errorf("%d at a time, at most 4 were allowed", most)
	}
}

func TestEventsOfAMebibyteArriveByteForByte(t *testing.T) {
	want := make([]byte, 1<<20)
	for i := range want {
		want[i] = byte(i * 7)
	}
	b := received(t, `{"Data":{"events":`+wrap(t, []string{quote(want), quote(want)}, 1)+`}}`)
	if len(b.Events) != 2 || !bytes.Equal(b.Events[1].Body, want) {
		t.Errorf("%d events, %d bytes", len(b.Events), len(b.Events[1].Body))
	}
}

func FuzzInvocation(f *testing.F) {
	s, err := funchost.New(funchost.Config{Logger: slog.New(slog.DiscardHandler), Routes: map[string]funchost.Handler{
		"f": funchost.Events(func(context.Context, funchost.Batch) error { return nil }),
	}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(`{"Data":{"events":"[\"e30=\"]"},"Metadata":` + metadata + `}`)
	f.Add(`{"Data":{"events":"\"\\\"[]\\\"\""}}`)
	f.Fuzz(func(t *testing.T, body string) {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/f", strings.NewReader(body)))
		if !json.Valid(w.Body.Bytes()) {
			t.Errorf("answer %q", w.Body)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	for name, shape := range map[string]struct{ events, size int }{"16 events of 1 MiB": {16, 1 << 20}, "100 events of 3 KiB": {100, 3 << 10}} {
		b.Run(name, func(b *testing.B) {
			events := make([]string, shape.events)
			for i := range events {
				events[i] = quote(bytes.Repeat([]byte("x"), shape.size))
			}
			body := `{"Data":{"events":` + wrap(b, events, 1) + `},"Metadata":` + metadata + `}`
			s, err := funchost.New(funchost.Config{Logger: slog.New(slog.DiscardHandler), Routes: map[string]funchost.Handler{
				"f": funchost.Events(func(context.Context, funchost.Batch) error { return nil }),
			}})
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				s.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/f", strings.NewReader(body)))
			}
		})
	}
}
