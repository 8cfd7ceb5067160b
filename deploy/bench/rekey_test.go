package bench

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"

	"rekey/shared/entralog"
	"rekey/shared/event"
	"rekey/shared/host/funchost"
)

// sink keeps the events of a message, as the product's own sink keeps those of a batch: they are judged afterwards, and
// libraries that fill structs do the same. Whatever is no event is an error here.
type sink struct {
	events []event.Event
	other  error
}

func (s *sink) Event(e *event.Event) { s.events = append(s.events, *e) }
func (s *sink) Skip(category string) {
	s.other = errors.Join(s.other, fmt.Errorf("skipped %s", category))
}
func (s *sink) Reject(_ int, _ []byte, err error) { s.other = errors.Join(s.other, err) }

func newRekey() decoder {
	var d entralog.Decoder
	var s sink
	return func(message []byte, each func(*event.Event)) error {
		s.events = s.events[:0]
		err := d.Decode(message, &s)
		for i := range s.events {
			each(&s.events[i])
		}
		return errors.Join(err, s.other)
	}
}

// perInvocation is how many messages one invocation brings.
const perInvocation = 16

// invocations are the bodies that the Functions host sends for messages, with data type binary.
func invocations(messages [][]byte) []string {
	var bodies []string
	for len(messages) > 0 {
		batch := messages[:min(perInvocation, len(messages))]
		messages = messages[len(batch):]
		bodies = append(bodies, invocation(batch))
	}
	return bodies
}

func invocation(batch [][]byte) string {
	events, sequences, offsets, enqueued := []string{}, []int{}, []string{}, []string{}
	for i, m := range batch {
		events = append(events, base64.StdEncoding.EncodeToString(m))
		sequences = append(sequences, 101+i)
		offsets = append(offsets, strconv.Itoa(4294967296+512*i))
		enqueued = append(enqueued, fmt.Sprintf("2026-06-17T12:00:%02d.234", i))
	}
	partition := `{"IsCheckpointingAfterInvocation":true,"FullyQualifiedNamespace":"ns.servicebus.windows.net","EventHubName":"signins","ConsumerGroup":"$Default","PartitionId":"0"}`
	return fmt.Sprintf(`{"Data":{"events":%s},"Metadata":{"TriggerPartitionContext":%s,"PartitionContext":%s,"PartitionKeyArray":"[null]",`+
		`"OffsetArray":%s,"OffsetStringArray":%s,"SequenceNumberArray":%s,"EnqueuedTimeUtcArray":%s,"PropertiesArray":"[{}]",`+
		`"sys":{"MethodName":"signins","UtcNow":"2026-06-17T12:00:17Z"},"RetryContext":{"RetryCount":0,"MaxRetryCount":-1,"Exception":null,"Instance":null,"State":{}}}}`,
		wrap(events), partition, partition, wrap(offsets), wrap(offsets), wrap(sequences), wrap(enqueued))
}

// wrap is a value as JSON in a JSON string, as the host writes arrays.
func wrap(v any) string {
	inner, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	outer, err := json.Marshal(string(inner))
	if err != nil {
		panic(err)
	}
	return string(outer)
}

// newInvocations serves invocation bodies as the process does, without the network.
func newInvocations() func(body string, each func(*event.Event)) error {
	decode := newRekey()
	var each func(*event.Event)
	server, err := funchost.New(funchost.Config{Logger: slog.New(slog.DiscardHandler), Routes: map[string]funchost.Handler{
		"signins": funchost.Events(func(_ context.Context, b funchost.Batch) error {
			for _, e := range b.Events {
				if err := decode(e.Body, each); err != nil {
					return err
				}
			}
			return nil
		}),
	}})
	return func(body string, to func(*event.Event)) error {
		if err != nil {
			return err
		}
		each = to
		w := httptest.NewRecorder()
		server.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/signins", strings.NewReader(body)))
		if w.Code != http.StatusOK {
			text, _ := io.ReadAll(w.Body)
			return fmt.Errorf("invocation: status %d %s", w.Code, text)
		}
		return nil
	}
}
