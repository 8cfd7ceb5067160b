package functions

import (
	"context"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// memoryQueue is a queue with the service's rules for visibility, in memory.
type memoryQueue struct {
	mu       sync.Mutex
	messages []*message
	poison   []string
	polls    []time.Time
	hides    int
}

func (q *memoryQueue) put(texts ...string) {
	for _, s := range texts {
		q.messages = append(q.messages, &message{id: s, text: base64.StdEncoding.EncodeToString([]byte(s))})
	}
}

func (q *memoryQueue) receive(_ context.Context, n int32, hidden time.Duration) ([]*message, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.polls = append(q.polls, time.Now())
	var out []*message
	for _, m := range q.messages {
		if len(out) < int(n) && !m.visible.After(time.Now()) {
			m.dequeues++
			m.visible = time.Now().Add(hidden)
			taken := *m
			out = append(out, &taken)
		}
	}
	return out, nil
}

func (q *memoryQueue) hide(_ context.Context, m *message, d time.Duration) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.hides++
	for _, own := range q.messages {
		if own.id == m.id {
			own.visible = time.Now().Add(d)
			return nil
		}
	}
	return errors.New("message not found")
}

func (q *memoryQueue) remove(_ context.Context, m *message) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.messages = slices.DeleteFunc(q.messages, func(own *message) bool { return own.id == m.id })
	return nil
}

func (q *memoryQueue) bury(_ context.Context, m *message) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.poison = append(q.poison, m.text)
	return nil
}

// polled runs a queue trigger over a queue for some virtual time.
func polled(t *testing.T, q *memoryQueue, d time.Duration, change func(*queuePoll), answer func(context.Context, int) error) *told {
	t.Helper()
	options := defaults().Extensions.Queues
	options.NewBatchThreshold = 8
	r := &told{answer: answer}
	p := &queuePoll{
		function: &function{name: "triage", trigger: binding{Name: "m", QueueName: "triage"}},
		queue:    q, options: options, runner: r, log: discard(),
	}
	if change != nil {
		change(p)
	}
	during(t, d, p.run)
	return r
}

func TestAnEmptyQueueIsAskedLessAndLessOften(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &memoryQueue{}
		polled(t, q, 10*time.Second, func(p *queuePoll) { p.options.MaxPollingInterval = span(2 * time.Second) }, nil)
		var gaps []time.Duration
		for i := range q.polls[1:] {
			gaps = append(gaps, q.polls[i+1].Sub(q.polls[i]))
		}
		const ms = time.Millisecond
		if diff := cmp.Diff([]time.Duration{100 * ms, 200 * ms, 400 * ms, 800 * ms, 1600 * ms, 2000 * ms, 2000 * ms, 2000 * ms}, gaps); diff != "" {
			t.Error(diff)
		}
	})
}

func TestAMessageThatSucceedsIsRemoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &memoryQueue{}
		q.put("one", "two")
		r := polled(t, q, time.Second, nil, nil)
		if len(q.messages) != 0 || len(q.poison) != 0 || len(r.bodies) != 2 || !strings.Contains(r.bodies[0]+r.bodies[1], `{"m":"\"one\""}`) {
			t.Errorf("left %d, poison %d, ran %s", len(q.messages), len(q.poison), r.bodies)
		}
	})
}

func TestAMessageThatFailsFiveTimesIsPoison(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &memoryQueue{}
		q.put("bad")
		r := polled(t, q, time.Hour, func(p *queuePoll) { p.options.VisibilityTimeout = span(30 * time.Second) },
			func(context.Context, int) error { return errors.New("no") })
		if len(r.at) != 5 || len(q.messages) != 0 || !slices.Equal(q.poison, []string{"YmFk"}) {
			t.Fatalf("%d attempts, left %d, poison %v", len(r.at), len(q.messages), q.poison)
		}
		if r.at[1].Sub(r.at[0]) < 30*time.Second {
			t.Error("the message did not rest after its failure")
		}
	})
}

func TestAPoisonQueueHasNoPoisonQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &memoryQueue{}
		q.put("bad")
		polled(t, q, time.Hour, func(p *queuePoll) { p.function.trigger.QueueName = "triage-poison" },
			func(context.Context, int) error { return errors.New("no") })
		if len(q.messages) != 1 || len(q.poison) != 0 {
			t.Errorf("left %d, poison %v", len(q.messages), q.poison)
		}
	})
}

func TestAMessageThatIsNotBase64IsPoisonAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &memoryQueue{messages: []*message{{id: "1", text: "{not base64}"}}}
		r := polled(t, q, time.Second, nil, nil)
		if len(r.at) != 0 || !slices.Equal(q.poison, []string{"{not base64}"}) || len(q.messages) != 0 {
			t.Errorf("ran %d, poison %v", len(r.at), q.poison)
		}
	})
}

func TestEncodingNoneTakesTheTextAsItIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &memoryQueue{messages: []*message{{id: "1", text: "{not base64}"}}}
		r := polled(t, q, time.Second, func(p *queuePoll) { p.options.MessageEncoding = "none" }, nil)
		if len(r.bodies) != 1 || !strings.HasPrefix(r.bodies[0], `{"Data":{"m":"\"{not base64}\""}`) {
			t.Error(r.bodies)
		}
	})
}

func TestALongRunKeepsItsMessageToItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &memoryQueue{}
		q.put("slow")
		r := polled(t, q, time.Hour, nil, func(ctx context.Context, _ int) error {
			pause(ctx, 27*time.Minute)
			return nil
		})
		if len(r.at) != 1 || q.hides != 5 || len(q.messages) != 0 {
			t.Errorf("ran %d times, renewed %d times, left %d", len(r.at), q.hides, len(q.messages))
		}
	})
}

func TestNoMoreRunSideBySideThanABatchAndTheThreshold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &memoryQueue{}
		for i := range 20 {
			q.put(string(rune('a' + i)))
		}
		var mu sync.Mutex
		running, most := 0, 0
		polled(t, q, time.Hour, func(p *queuePoll) { p.options.BatchSize, p.options.NewBatchThreshold = 4, 2 }, func(ctx context.Context, n int) error {
			mu.Lock()
			running++
			most = max(most, running)
			mu.Unlock()
			pause(ctx, time.Duration(n)*time.Second)
			mu.Lock()
			running--
			mu.Unlock()
			return nil
		})
		if most != 6 || len(q.messages) != 0 {
			t.Errorf("at most %d side by side, want 6; left %d", most, len(q.messages))
		}
	})
}

func TestStoppingTheHostGivesTheMessageBackAtOnceEvenOnItsLastAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &memoryQueue{}
		q.put("unlucky")
		q.messages[0].dequeues = 4
		polled(t, q, time.Minute, nil, func(ctx context.Context, _ int) error { <-ctx.Done(); return ctx.Err() })
		if len(q.poison) != 0 || len(q.messages) != 1 || q.messages[0].visible.After(time.Now()) {
			t.Errorf("poison %v, left %+v", q.poison, q.messages)
		}
	})
}
