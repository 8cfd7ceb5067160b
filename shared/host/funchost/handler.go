package funchost

import (
	"context"
	"net/http"
	"time"
)

// Handler is what one function does. Its signatures say nothing of HTTP, so that another transport can carry them.
type Handler struct {
	trigger string
	events  func(context.Context, Batch) error
	queue   func(context.Context, Message) error
	timer   func(context.Context, Tick) error
	http    http.Handler
}

const triggerEvents = "eventHub"

// Events handles an Event Hubs trigger with cardinality many.
func Events(fn func(context.Context, Batch) error) Handler {
	return Handler{trigger: triggerEvents, events: fn}
}

// Queue handles a queue trigger.
func Queue(fn func(context.Context, Message) error) Handler {
	return Handler{trigger: "queue", queue: fn}
}

// Timer handles a timer trigger.
func Timer(fn func(context.Context, Tick) error) Handler {
	return Handler{trigger: "timer", timer: fn}
}

// HTTP handles an HTTP trigger of an app with enableProxyingHttpRequest: the request arrives as the client sent it.
// The handler sees every request that is no invocation of another trigger, so an app has at most one.
func HTTP(h http.Handler) Handler {
	return Handler{trigger: "http", http: h}
}

// Batch is one invocation of an Event Hubs trigger: events of one partition, in order.
type Batch struct {
	InvocationID  string
	Namespace     string
	Hub           string
	ConsumerGroup string
	Partition     string
	Events        []Event
	Retry         int // how often this delivery was tried before
}

// Event is one message of a hub.
type Event struct {
	Body     []byte
	Sequence int64
	Offset   string
	Enqueued time.Time // UTC; the zero time when the host did not say
}

// Message is one queue message. Text is untrusted; so is everything else, because the host lets a payload that is a
// JSON object override metadata of the same name. Rekey's payloads are bare ids.
type Message struct {
	InvocationID string
	Text         string
	Dequeues     int
}

// Tick is one firing of a timer.
type Tick struct {
	InvocationID string
	PastDue      bool
	Next         time.Time
	Retry        int
}
